package run

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// IngestWorkflow is the workflow type that puts documents into the library, ReindexWorkflow the one that makes its index anew.
const (
	IngestWorkflow  = "IngestDocuments"
	ReindexWorkflow = "ReindexDocuments"
)

// QueryProgress is the Query that a workflow of documents answers with its progress.
const QueryProgress = "progress"

// Ingest starts an ingest. What is put in is noted in the records, under its id, before the workflow begins; only a folder may go without an id, and is noted when it begins.
type Ingest struct {
	// ID is that of the notes; empty: the ingest makes one.
	ID string `json:"id,omitempty"`
	// Kind is folder, urls or upload.
	Kind string `json:"kind"`
	// Domain is the agent that finds the documents; empty: every one.
	Domain string `json:"domain,omitempty"`
	// Root is the folder, or the name of the list.
	Root string `json:"root,omitempty"`
	// User is who puts them in, by the id in the file of users; empty where there is no such file.
	User string `json:"user,omitempty"`
	// Tenant is whose documents they become, which must be the user's: one who has moved to another tenant takes no schedule along. Empty: the user's, whichever that is.
	Tenant string `json:"tenant,omitempty"`
	// Listed says that an earlier part of this ingest has listed the files.
	Listed bool `json:"listed,omitempty"`
}

// Ingested is what an ingest gives.
type Ingested struct {
	ID string `json:"id"`
	// Files are how many were listed.
	Files      int `json:"files"`
	Added      int `json:"added"`
	Replaced   int `json:"replaced"`
	Unchanged  int `json:"unchanged"`
	Unreadable int `json:"unreadable"`
	Failed     int `json:"failed"`
	Removed    int `json:"removed"`
}

// IngestProgress is how far an ingest is.
type IngestProgress struct {
	ID    string `json:"id"`
	Files int    `json:"files"`
	Done  int    `json:"done"`
}

// Reindex starts a ReindexDocuments workflow.
type Reindex struct {
	// User is who wants it, and Tenant whose index it is, as in Ingest.
	User   string `json:"user,omitempty"`
	Tenant string `json:"tenant,omitempty"`
}

// Reindexed is what it gives, and, while it runs, how far it is.
type Reindexed struct {
	Done int `json:"done"`
	All  int `json:"all"`
}

// IngestID is the id of the workflow that puts something into a domain of a tenant: two of the same do not run side by side.
func IngestID(tenant, domain, what string) string { return named("ingest-", tenant, domain, what) }

// ReindexID is the id of the workflow that makes the index of a tenant anew.
func ReindexID(tenant string) string { return "reindex-" + tenant }

func named(prefix string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return prefix + hex.EncodeToString(sum[:16])
}
