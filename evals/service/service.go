// Package service asks a running BestBox over its HTTP trigger, for the measurements that need the whole system.
package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"bestbox/worker/api"
	"bestbox/workflows/run"
)

// Ask starts a run at the service and waits for its end. An error says that there is no answer.
func Ask(ctx context.Context, base string, request api.Request) (string, run.Result, error) {
	request.Wait = true
	encoded, err := json.Marshal(request)
	if err != nil {
		return "", run.Result{}, err
	}
	// The trigger waits five minutes at most.
	ctx, cancel := context.WithTimeout(ctx, 6*time.Minute)
	defer cancel()
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/runs", bytes.NewReader(encoded))
	if err != nil {
		return "", run.Result{}, err
	}
	post.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(post)
	if err != nil {
		return "", run.Result{}, fmt.Errorf("ask BestBox at %s: %w (start it with `llmctl up`)", base, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", run.Result{}, fmt.Errorf("ask BestBox at %s: %w", base, err)
	}
	if response.StatusCode != http.StatusOK {
		return "", run.Result{}, fmt.Errorf("ask BestBox at %s: %s: %s", base, response.Status, body)
	}
	var ended api.Run
	if err := json.Unmarshal(body, &ended); err != nil {
		return "", run.Result{}, fmt.Errorf("ask BestBox at %s: %w", base, err)
	}
	if ended.Error != nil {
		return ended.ID, run.Result{}, errors.New(ended.Error.Message)
	}
	if ended.Result == nil {
		return ended.ID, run.Result{}, fmt.Errorf("run %s has status %s and no result", ended.ID, ended.Status)
	}
	return ended.ID, *ended.Result, nil
}

// WriteJSON keeps a measurement at path: the whole of it, or what was there before.
func WriteJSON(path string, measured any) error {
	encoded, err := json.MarshalIndent(measured, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	unfinished := path + ".new"
	if err := os.WriteFile(unfinished, append(encoded, '\n'), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(unfinished, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
