package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/records"
	"bestbox/internal/transcript"
)

// importOrder is a file of a tenant, or of the transcripts, with the place that its data go to.
type importOrder struct {
	what, file string
	to         database.Location
	copy       func(ctx context.Context, from, to database.Location) (database.Copied, error)
	asked      bool // the file was named, so it must be there
}

func newImport(flags *settings) *cobra.Command {
	var recordsFile, transcriptFile string
	command := &cobra.Command{
		Use:   "import",
		Short: "Copy records and transcripts from SQLite files into PostgreSQL",
		Long: "Copies what the SQLite files hold into the PostgreSQL database that records.database names, for a company that moves from one machine to many: the\n" +
			"records, those of every tenant (records-NAME.db), and the transcripts. Each goes over whole or not at all, into a schema that holds nothing yet;\n" +
			"what has gone over is left alone the next time. The files stay as they are.\n\n" +
			"Stop all workers before: what is written meanwhile is not copied.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 bad configuration or no such file.",
		Example: "  worker import\n  worker import --records /backup/records.db --transcript /backup/transcript.db",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			loaded, err := flags.load()
			if err != nil {
				return err
			}
			orders, err := importOrders(loaded, recordsFile, transcriptFile)
			if err != nil {
				return &exitError{exitBadInput, err}
			}
			if err := importFiles(command.Context(), command.OutOrStdout(), orders); err != nil {
				return &exitError{exitFailed, err}
			}
			return nil
		},
	}
	command.Flags().StringVar(&recordsFile, "records", "", "file of the records (default: records.db in the state directory)")
	command.Flags().StringVar(&transcriptFile, "transcript", "", "file of the transcripts (default: transcript.db in the state directory)")
	return command
}

// importOrders are the files that there are, of all that has a place in PostgreSQL.
func importOrders(settings *config.Config, recordsFile, transcriptFile string) ([]importOrder, error) {
	state := settings.Directories.State
	all := []importOrder{
		{"records", recordsFile, place(settings, config.DefaultTenant), records.Copy, recordsFile != ""},
		{"transcripts", transcriptFile, transcriptPlace(settings.Records), transcript.Copy, transcriptFile != ""},
	}
	for i, name := range []string{"records.db", "transcript.db"} {
		if !all[i].asked {
			all[i].file = filepath.Join(state, name)
		}
	}
	for _, tenant := range slices.Sorted(maps.Keys(settings.Tenants)) {
		all = append(all, importOrder{"records of " + tenant, filepath.Join(state, "records-"+tenant+".db"), place(settings, tenant), records.Copy, false})
	}
	var there []importOrder
	for _, order := range all {
		_, err := os.Stat(order.file)
		switch {
		case order.to.URL == "" && order.asked:
			return nil, errors.New("records.database is empty; name the PostgreSQL database there that the files go to")
		case order.to.URL == "":
		case err == nil:
			there = append(there, order)
		case order.asked || !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	if len(there) == 0 {
		return nil, fmt.Errorf("nothing to import: no database is named in records.database or tenants, or %s holds no files of theirs", state)
	}
	return there, nil
}

// importFiles copies one file after the other, and goes on after one that has gone over before.
func importFiles(ctx context.Context, out io.Writer, orders []importOrder) error {
	for _, order := range orders {
		copied, err := order.copy(ctx, database.Location{Path: order.file, Setting: "records.path"}, order.to)
		switch {
		case errors.Is(err, database.ErrInUse):
			fmt.Fprintf(out, "%s: left alone, %s holds some already\n", order.what, order.to)
		case err != nil:
			return err
		default:
			fmt.Fprintf(out, "%s: %d rows of %d tables from %s are in %s\n", order.what, copied.Rows, copied.Tables, order.file, order.to)
		}
	}
	return nil
}
