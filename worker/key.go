package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"
)

func newKey() *cobra.Command {
	return &cobra.Command{
		Use:   "key",
		Short: "Make a key for a user",
		Long: "Prints a new random key, and the hash of it that goes into the file of users. The key is kept nowhere: give it to its user, who sends it as\n" +
			"BESTBOX_API_KEY (worker ask) or \"Authorization: Bearer KEY\" (HTTP).\n\nExit codes: 0 done.",
		Example: "  worker key",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			key := rand.Text() // 130 bits
			sum := sha256.Sum256([]byte(key))
			_, err := fmt.Fprintf(command.OutOrStdout(), "key         %s\nkey_sha256  %s\n", key, hex.EncodeToString(sum[:]))
			return err
		},
	}
}
