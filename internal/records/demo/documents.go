package demo

import (
	"embed"
	"io/fs"
)

//go:embed documents
var documentFiles embed.FS

// EveryDomain is the folder of Documents whose documents every agent finds; the other folders have the names of agents.
const EveryDomain = "every"

// Documents are the texts of the demo company that are searched: policies, rules and manuals, a folder for each domain. Their figures are those of the company's rows.
func Documents() fs.FS {
	documents, err := fs.Sub(documentFiles, "documents")
	if err != nil {
		panic(err) // only for a name that is no path
	}
	return documents
}
