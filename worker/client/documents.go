package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bestbox/internal/knowledge/ingests"
	"bestbox/worker/api"
)

// fileTimeout bounds the sending of a file, as the trigger does, and the reading of a document's text.
const fileTimeout = 5 * time.Minute

// StartIngest puts a folder or a list of URLs in.
func (c *Client) StartIngest(ctx context.Context, request api.StartIngest) (started api.Ingest, err error) {
	return started, c.post(ctx, "/v1/ingests", request, &started)
}

// Upload puts one file in.
func (c *Client) Upload(ctx context.Context, name, domain string, content []byte) (started api.Ingest, err error) {
	path := "/v1/documents?" + url.Values{"name": {name}, "domain": {domain}}.Encode()
	return started, c.send(ctx, call{method: http.MethodPost, path: path, body: content, contentType: "application/octet-stream", timeout: fileTimeout, most: maxReply}, &started)
}

// Ingests lists what was put in, the newest first.
func (c *Client) Ingests(ctx context.Context) ([]api.Ingest, error) {
	var list api.Ingests
	err := c.do(ctx, http.MethodGet, "/v1/ingests", nil, "", &list)
	return list.Ingests, err
}

// Ingest shows how far an ingest is.
func (c *Client) Ingest(ctx context.Context, id string) (shown api.Ingest, err error) {
	return shown, c.do(ctx, http.MethodGet, ingestPath(id), nil, "", &shown)
}

// IngestFiles lists the files of an ingest that are in some states, page by page.
func (c *Client) IngestFiles(ctx context.Context, id string, states ...ingests.FileState) (files []api.IngestFile, err error) {
	wanted := make([]string, len(states))
	for i, state := range states {
		wanted[i] = string(state)
	}
	query := url.Values{"state": {strings.Join(wanted, ",")}}
	for {
		var page api.IngestFiles
		if err := c.do(ctx, http.MethodGet, ingestPath(id)+"/files?"+query.Encode(), nil, "", &page); err != nil {
			return nil, err
		}
		files = append(files, page.Files...)
		if page.Next == 0 {
			return files, nil
		}
		query.Set("after", strconv.Itoa(page.Next))
	}
}

// CancelIngest asks an ingest to stop.
func (c *Client) CancelIngest(ctx context.Context, id string) (shown api.Ingest, err error) {
	return shown, c.do(ctx, http.MethodPost, ingestPath(id)+"/cancel", nil, "", &shown)
}

// Documents lists all documents, or those of a domain and a root, page by page.
func (c *Client) Documents(ctx context.Context, domain, root string, page func(api.Documents) error) error {
	query := url.Values{"limit": {"1000"}}
	for key, value := range map[string]string{"domain": domain, "root": root} {
		if value != "" {
			query.Set(key, value)
		}
	}
	for {
		var some api.Documents
		if err := c.do(ctx, http.MethodGet, "/v1/documents?"+query.Encode(), nil, "", &some); err != nil {
			return err
		}
		if err := page(some); err != nil || some.Next == "" {
			return err
		}
		query.Set("after", some.Next)
	}
}

// Document shows a document with its text.
func (c *Client) Document(ctx context.Context, id string) (shown api.DocumentText, err error) {
	return shown, c.send(ctx, call{method: http.MethodGet, path: "/v1/documents/" + url.PathEscape(id), timeout: fileTimeout, most: maxDocument}, &shown)
}

// DeleteDocument deletes a document.
func (c *Client) DeleteDocument(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v1/documents/"+url.PathEscape(id), nil, "", nil)
}

// StartReindex makes the index anew.
func (c *Client) StartReindex(ctx context.Context) (shown api.Reindex, err error) {
	return shown, c.do(ctx, http.MethodPost, "/v1/documents/reindex", nil, "", &shown)
}

// CancelReindex asks the making of a new index to stop.
func (c *Client) CancelReindex(ctx context.Context) (shown api.Reindex, err error) {
	return shown, c.do(ctx, http.MethodPost, "/v1/documents/reindex/cancel", nil, "", &shown)
}

// Reindex shows how far the new index is.
func (c *Client) Reindex(ctx context.Context) (shown api.Reindex, err error) {
	return shown, c.do(ctx, http.MethodGet, "/v1/documents/reindex", nil, "", &shown)
}

// Search finds passages.
func (c *Client) Search(ctx context.Context, request api.Search) (found api.Found, err error) {
	return found, c.post(ctx, "/v1/search", request, &found)
}

func (c *Client) post(ctx context.Context, path string, request, into any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, body, "", into)
}

func ingestPath(id string) string { return "/v1/ingests/" + url.PathEscape(id) }

// PutSchedule has a folder put in again and again.
func (c *Client) PutSchedule(ctx context.Context, request api.StartSchedule) (made api.Schedule, err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return made, err
	}
	return made, c.do(ctx, http.MethodPut, "/v1/schedules", body, "", &made)
}

// Schedules lists the folders that are put in again and again.
func (c *Client) Schedules(ctx context.Context) ([]api.Schedule, error) {
	var list api.Schedules
	err := c.do(ctx, http.MethodGet, "/v1/schedules", nil, "", &list)
	return list.Schedules, err
}

// DeleteSchedule has a folder put in no more.
func (c *Client) DeleteSchedule(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/v1/schedules/"+url.PathEscape(id), nil, "", nil)
}
