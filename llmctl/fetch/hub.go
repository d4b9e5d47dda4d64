package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"bestbox/llmctl/catalogue"
)

// hub loads the files of an artefact from a Hugging Face repository. All come from the commit that the revision named at the beginning.
func (f *Fetcher) hub(ctx context.Context, artefact catalogue.Artefact, source catalogue.Source, out string) error {
	base := f.HubURL
	if base == "" {
		base = "https://huggingface.co"
	}
	revision := source.Revision
	var wanted []catalogue.File
	for _, file := range artefact.Files {
		found, commit, err := f.describe(ctx, fmt.Sprintf("%s/%s/resolve/%s/%s", base, source.Repository, revision, file.Name), file, source.OwnHash)
		if err != nil {
			return err
		}
		if commit != "" {
			revision = commit
		}
		wanted = append(wanted, found)
	}
	var need int64
	for _, file := range wanted {
		need += file.Size
	}
	if err := f.room(out, need); err != nil {
		return err
	}
	for _, file := range wanted {
		url := fmt.Sprintf("%s/%s/resolve/%s/%s", base, source.Repository, revision, file.Name)
		if err := f.download(ctx, url, file, filepath.Join(out, file.Name)); err != nil {
			return err
		}
	}
	return nil
}

// describe asks the hub for a file's size, hash and commit. The headers are on the hub's own answer, before it sends on to its store.
func (f *Fetcher) describe(ctx context.Context, url string, file catalogue.File, ownHash bool) (catalogue.File, string, error) {
	head := http.Client{Transport: f.client.Transport, Timeout: headerTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return file, "", err
	}
	response, err := head.Do(request)
	if err != nil {
		return file, "", err
	}
	response.Body.Close()
	if response.StatusCode >= 400 {
		return file, "", &StatusError{URL: url, Status: response.StatusCode}
	}
	size, _ := strconv.ParseInt(response.Header.Get("X-Linked-Size"), 10, 64)
	hash := strings.ToLower(strings.Trim(response.Header.Get("X-Linked-Etag"), `"`))
	if file.SHA256 == "" || ownHash {
		if len(hash) != 64 || size <= 0 {
			return file, "", fmt.Errorf("%s has no X-Linked-Etag and X-Linked-Size to check the file by", url)
		}
		file.Size, file.SHA256 = size, hash
	}
	return file, response.Header.Get("X-Repo-Commit"), nil
}

// release loads an asset of a GitHub release and unpacks it.
func (f *Fetcher) release(ctx context.Context, artefact catalogue.Artefact, source catalogue.Source, staging, out string) error {
	base := f.ReleaseURL
	if base == "" {
		base = "https://api.github.com"
	}
	url := fmt.Sprintf("%s/repos/%s/releases/tags/%s", base, source.Repository, source.Tag)
	response, err := f.get(ctx, http.MethodGet, url, map[string]string{"Accept": "application/vnd.github+json"})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return &StatusError{URL: url, Status: response.StatusCode}
	}
	var description struct {
		Assets []struct {
			Name, Digest string
			Size         int64
			URL          string `json:"browser_download_url"`
		}
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 16<<20)).Decode(&description); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	for _, asset := range description.Assets {
		if asset.Name != source.Asset {
			continue
		}
		hash, ok := strings.CutPrefix(asset.Digest, "sha256:")
		if !ok || len(hash) != 64 {
			return fmt.Errorf("release asset %s has no SHA-256 to check it by", asset.Name)
		}
		archive := filepath.Join(staging, asset.Name)
		if err := f.download(ctx, asset.URL, catalogue.File{Name: asset.Name, Size: asset.Size, SHA256: hash}, archive); err != nil {
			return err
		}
		return unpack(archive, artefact.Files[0].Name, out)
	}
	return errors.New("the release has no asset " + source.Asset)
}
