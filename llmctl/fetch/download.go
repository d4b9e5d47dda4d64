package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bestbox/llmctl/catalogue"

	"github.com/cenkalti/backoff/v5"
)

// maxFruitless is how many tries in a row may bring nothing before the source is given up.
const maxFruitless = 4

// download loads a file over HTTP, continuing what an earlier try or run left, and checks it. path gets the file when it is right.
func (f *Fetcher) download(ctx context.Context, url string, want catalogue.File, path string) error {
	if _, err := os.Stat(path); err == nil && verify(path, want) == nil {
		return nil
	}
	t := &transfer{f: f, url: url, want: want, partial: path + ".partial"}
	have := t.resume()
	if err := f.room(filepath.Dir(path), want.Size-have); err != nil {
		return err
	}
	t.task = f.task(want.Name, want.Size)
	t.task.Set(have)
	err := t.run(ctx)
	if err == nil {
		err = verify(t.partial, want)
	}
	t.task.Done(err == nil)
	if err != nil {
		return err
	}
	return errors.Join(os.Rename(t.partial, path), os.Remove(t.partial+".json"))
}

// transfer is one file on its way.
type transfer struct {
	f       *Fetcher
	url     string
	want    catalogue.File
	partial string
	task    Task
	// tag is the strong ETag of what the partial file holds.
	tag string
}

// origin is kept beside a partial file, to know whether the server still has the same.
type origin struct {
	URL  string `json:"url"`
	ETag string `json:"etag"`
}

// resume returns how many bytes can be continued; 0 when they are of another origin.
func (t *transfer) resume() int64 {
	info, err := os.Stat(t.partial)
	if err != nil {
		return 0
	}
	var from origin
	content, err := os.ReadFile(t.partial + ".json")
	if err != nil || json.Unmarshal(content, &from) != nil || from.URL != t.url || from.ETag == "" ||
		(t.want.Size != 0 && info.Size() > t.want.Size) {
		os.Remove(t.partial)
		return 0
	}
	t.tag = from.ETag
	return info.Size()
}

// run tries until the file is whole, as long as tries bring something.
func (t *transfer) run(ctx context.Context) error {
	pause := backoff.NewExponentialBackOff()
	for fruitless := 0; ; {
		got, err := t.try(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case permanent(err):
			return err
		case got > 0:
			fruitless = 0
			pause.Reset()
		default:
			fruitless++
		}
		if fruitless >= maxFruitless {
			return fmt.Errorf("given up after %d tries without a byte: %w", fruitless, err)
		}
		t.f.say("%s: %s; going on", t.want.Name, firstLine(err))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause.NextBackOff()):
		}
	}
}

// permanent errors do not go away by asking again.
func permanent(err error) bool {
	var status *StatusError
	var unreachable *unreachableError
	var size *SizeError
	var local *os.PathError
	return (errors.As(err, &status) && !status.temporary()) || errors.As(err, &unreachable) || errors.As(err, &size) || errors.As(err, &local)
}

// try makes one request for the rest of the file and returns how many bytes it brought.
func (t *transfer) try(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	have := t.resume()
	if have > 0 && have == t.want.Size {
		return 0, nil
	}
	headers := map[string]string{}
	if have > 0 {
		headers["Range"], headers["If-Range"] = fmt.Sprintf("bytes=%d-", have), t.tag
	}
	response, err := t.f.get(ctx, http.MethodGet, t.url, headers)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	offset, err := t.accept(response, have)
	if err != nil {
		return 0, err
	}
	return t.write(response.Body, offset, cancel, ctx)
}

// accept reads the answer's head: where its body begins, whether its length can be right.
func (t *transfer) accept(response *http.Response, have int64) (offset int64, err error) {
	switch response.StatusCode {
	case http.StatusOK: // from the beginning: nothing to continue, or the file has changed
	case http.StatusPartialContent:
		if !strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)) {
			return 0, errors.Join(fmt.Errorf("answered with range %q instead of from %d", response.Header.Get("Content-Range"), have), t.drop())
		}
		offset = have
	case http.StatusRequestedRangeNotSatisfiable: // what is here is no part of what is there
		return 0, errors.Join(errors.New("the server has another file now; starting again"), t.drop())
	default:
		return 0, &StatusError{URL: response.Request.URL.Redacted(), Status: response.StatusCode}
	}
	if total := offset + response.ContentLength; response.ContentLength >= 0 && t.want.Size != 0 && total != t.want.Size {
		return 0, errors.Join(&SizeError{File: t.want.Name, Want: t.want.Size, Got: total}, t.drop())
	}
	tag := response.Header.Get("ETag")
	if strings.HasPrefix(tag, "W/") {
		tag = "" // a weak tag does not promise the same bytes
	}
	content, err := json.Marshal(origin{URL: t.url, ETag: tag})
	if err != nil {
		return 0, err
	}
	return offset, writeWhole(t.partial+".json", content)
}

func (t *transfer) drop() error {
	if err := os.Remove(t.partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// errStalled is why a silent download is cut.
var errStalled = errors.New("the download stalled")

// write appends the body at offset, and cuts it when nothing comes for too long or more comes than was announced.
func (t *transfer) write(body io.Reader, offset int64, cancel context.CancelCauseFunc, ctx context.Context) (int64, error) {
	file, err := os.OpenFile(t.partial, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if err := file.Truncate(offset); err != nil {
		return 0, err
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	t.task.Set(offset)
	if t.want.Size != 0 {
		body = io.LimitReader(body, t.want.Size-offset+1)
	}
	stall := t.f.StallTimeout
	if stall == 0 {
		stall = defaultStall
	}
	watch := time.AfterFunc(stall, func() { cancel(fmt.Errorf("%w: nothing for %s", errStalled, stall)) })
	defer watch.Stop()
	got, err := io.Copy(file, &counted{Reader: alive{body, watch, stall}, task: t.task})
	if err != nil && context.Cause(ctx) != nil {
		err = context.Cause(ctx)
	}
	if err == nil && t.want.Size != 0 && offset+got > t.want.Size {
		err = errors.Join(&SizeError{File: t.want.Name, Want: t.want.Size, Got: offset + got}, t.drop())
	}
	return got, errors.Join(err, file.Close())
}

// alive winds the stall watch up with every read.
type alive struct {
	io.Reader
	watch *time.Timer
	stall time.Duration
}

func (a alive) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	a.watch.Reset(a.stall)
	return n, err
}
