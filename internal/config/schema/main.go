// Command schema writes bestbox.schema.json; go generate ./internal/config runs it.
package main

import (
	"flag"
	"log"
	"os"

	"bestbox/internal/config"
)

func main() {
	output := flag.String("o", "bestbox.schema.json", "file to write")
	flag.Parse()
	content, err := config.Schema()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*output, content, 0o644); err != nil {
		log.Fatal(err)
	}
}
