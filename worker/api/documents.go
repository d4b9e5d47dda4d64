package api

import (
	"time"

	"bestbox/internal/knowledge"
	"bestbox/internal/knowledge/ingests"
	"bestbox/internal/knowledge/library"
	relevance "bestbox/tools/knowledge"
)

// StartIngest is the body of POST /v1/ingests.
type StartIngest struct {
	Folder string   `json:"folder,omitempty" doc:"An absolute path of a folder, or of a file, on the worker's machine. Documents whose files are gone from a folder are removed." example:"/srv/handbooks"`
	URLs   []string `json:"urls,omitempty" maxItems:"10000" doc:"Pages and files to fetch; in place of folder."`
	List   string   `json:"list,omitempty" maxLength:"200" doc:"The name of the list of URLs: what came with it before and is not in it any more is removed. Without a name nothing is."`
	Domain string   `json:"domain,omitempty" doc:"The agent that finds the documents; left out: every one." example:"oa"`
}

// Ingest is one time that something is put in.
type Ingest struct {
	ID     string       `json:"id"`
	Kind   ingests.Kind `json:"kind" enum:"folder,urls,upload"`
	Domain string       `json:"domain,omitempty"`
	Root   string       `json:"root,omitempty" doc:"The folder, or the name of the list."`
	By     string       `json:"by,omitempty" doc:"Who has begun it; left out: the local user."`
	Status string       `json:"status" enum:"running,completed,failed,cancelled" doc:"What is in stays in, however it ends."`
	// Files are all, whatever has become of them.
	Files    int            `json:"files" doc:"How many there are, as far as they are listed."`
	Counts   ingests.Counts `json:"counts" doc:"How many of them are in which state; removed are documents whose files were gone."`
	WaitsFor string         `json:"waits_for,omitempty" doc:"What it waits for, such as an embedding server."`
	Error    string         `json:"error,omitempty" doc:"Set when the status is failed."`
	Started  time.Time      `json:"started"`
	Ended    *time.Time     `json:"ended,omitempty"`
	Links    IngestLinks    `json:"links"`
}

// IngestLinks are where to look next.
type IngestLinks struct {
	Self       string `json:"self"`
	Files      string `json:"files"`
	TemporalUI string `json:"temporal_ui" doc:"Its workflow in Temporal's web UI."`
}

// Ingests is the body of GET /v1/ingests.
type Ingests struct {
	Ingests []Ingest `json:"ingests" nullable:"false" doc:"The newest first."`
}

// IngestFile is how one file fares.
type IngestFile struct {
	Position int               `json:"position" doc:"Counts from 1, in the order in which they are read."`
	Source   string            `json:"source" doc:"Its path, its URL, or upload:NAME."`
	Bytes    int64             `json:"bytes"`
	State    ingests.FileState `json:"state" enum:"pending,added,replaced,unchanged,unreadable,failed,removed" doc:"Unreadable: something is wrong with the file. Failed: something was wrong elsewhere."`
	Reason   string            `json:"reason,omitempty" doc:"Why it is not in."`
	Advice   string            `json:"advice,omitempty" doc:"What to do."`
}

// IngestFiles is the body of GET /v1/ingests/{id}/files.
type IngestFiles struct {
	Files []IngestFile `json:"files" nullable:"false"`
	Next  int          `json:"next,omitempty" doc:"Send it as after for the next page; left out: there is none."`
}

// Documents is the body of GET /v1/documents.
type Documents struct {
	Documents []knowledge.Document `json:"documents" nullable:"false" doc:"In the order of their sources."`
	Next      string               `json:"next,omitempty" doc:"Send it as after for the next page; left out: there is none."`
}

// DocumentText is a document with its text.
type DocumentText struct {
	knowledge.Document
	Text []knowledge.Chunk `json:"text" nullable:"false" doc:"The pieces that it is found by, in order."`
}

// Search is the body of POST /v1/search.
type Search struct {
	Query  string `json:"query" minLength:"1" maxLength:"4000" doc:"What to look for, in words." example:"How many days of leave are carried over?"`
	Domain string `json:"domain,omitempty" doc:"Finds what the agent of this name finds. Left out: all documents, for those who may ask every agent."`
	Limit  int    `json:"limit,omitempty" minimum:"0" maximum:"100" doc:"How many passages at most; 0: 10."`
}

// Found answers POST /v1/search.
type Found struct {
	library.Found
	Relevance relevance.Verdict `json:"relevance" doc:"Whether an agent takes what was found to be about the question."`
}

// Reindex is how far the making of a new index is.
type Reindex struct {
	Status string       `json:"status" enum:"none,running,completed,failed,cancelled" doc:"Of the last one; none: there was none, as far as Temporal remembers."`
	Done   int          `json:"done" doc:"Documents that are in the new index."`
	All    int          `json:"all"`
	Error  string       `json:"error,omitempty" doc:"Why it has failed, or what it waits for before it is tried again."`
	Links  ReindexLinks `json:"links"`
}

// ReindexLinks are where to look next.
type ReindexLinks struct {
	TemporalUI string `json:"temporal_ui"`
}

// Schedule has a folder put in again and again.
type Schedule struct {
	ID     string     `json:"id"`
	Folder string     `json:"folder"`
	Domain string     `json:"domain,omitempty"`
	Every  string     `json:"every" doc:"How long it waits from one start to the next, such as 24h0m0s."`
	By     string     `json:"by,omitempty" doc:"Who has made it; left out: the local user."`
	Next   *time.Time `json:"next,omitempty" doc:"When it is put in next."`
	// Problem is why nothing is put in, such as a user that is gone.
	Problem string `json:"problem,omitempty" doc:"Why nothing is put in: who has made it is no user any more or may not put documents in, or the folder is not there or may not be put in."`
}

// StartSchedule makes a schedule, or gives that of the same folder and domain another time.
type StartSchedule struct {
	Folder string `json:"folder" minLength:"1" doc:"An absolute path of a folder on the worker's machine." example:"/srv/handbooks"`
	Domain string `json:"domain,omitempty" doc:"The agent that finds the documents; left out: every one."`
	Every  string `json:"every" doc:"At least one minute and at most 8760h." example:"24h"`
}

// Schedules are all that the user may look at.
type Schedules struct {
	Schedules []Schedule `json:"schedules" nullable:"false"`
}
