package prefix

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"bestbox/llmctl/verify/wire"
)

// Files says where a server saves its slots; the zero value saves nothing.
type Files struct {
	// Folder is the server's --slot-save-path as this program sees it. It belongs to one tier: what no current prefix needs is removed.
	Folder string
	// Key names what a saved slot is valid for: the model's hash, the server's build and every flag.
	Key string
}

// The names of saved files; nothing else in the folder is touched.
const (
	nameBegin  = "prefix-"
	nameEnd    = ".slot"
	recordEnd  = ".json"
	hashDigits = 24
)

// file is the place of one saved prefix. An empty path is no place.
type file struct{ path string }

// record guards against a file that was cut off or has changed: a restored slot is believed by the server as it is.
type record struct {
	SHA256 string `json:"sha256"`
	Tokens int    `json:"tokens"`
}

// of returns the place of a prefix: another model, build, flag or prompt has another one.
func (f Files) of(p Prefix) file {
	if f.Folder == "" {
		return file{}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", f.Key, p.Body))
	return file{filepath.Join(f.Folder, nameBegin+hex.EncodeToString(sum[:])[:hashDigits]+nameEnd)}
}

func (f file) name() string { return filepath.Base(f.path) }

func (f file) remove() {
	for _, path := range []string{f.path, f.path + recordEnd} {
		_ = os.Remove(path) // what stays is found unusable by its record, or removed as nobody's by the next warm-up
	}
}

// removeOthers removes what earlier versions, models or flags have left.
func (f Files) removeOthers(current []Prefix) {
	if f.Folder == "" {
		return
	}
	keep := map[string]bool{}
	for _, p := range current {
		keep[f.of(p).path] = true
	}
	found, _ := filepath.Glob(filepath.Join(f.Folder, nameBegin+"*"+nameEnd+"*"))
	for _, path := range found {
		if !keep[strings.TrimSuffix(path, recordEnd)] {
			_ = os.Remove(path)
		}
	}
}

// exists reports a saved file that is whole.
func (f file) exists() bool {
	if f.path == "" {
		return false
	}
	var wanted record
	content, err := os.ReadFile(f.path + recordEnd)
	if err != nil || json.Unmarshal(content, &wanted) != nil {
		return false
	}
	sum, err := hashFile(f.path)
	return err == nil && sum == wanted.SHA256
}

func hashFile(path string) (string, error) {
	opened, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer opened.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, opened); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// note is why something was left undone that nobody depends on; the warm-up goes on.
type note struct{ text string }

func (n *note) Error() string { return n.text }

func notef(format string, values ...any) error { return &note{fmt.Sprintf(format, values...)} }

// restore puts the saved prefix into a slot that nobody uses. It does nothing where there is nothing to restore.
func (f file) restore(ctx context.Context, url string) (done bool, err error) {
	if !f.exists() {
		return false, nil
	}
	slot, err := freeSlot(ctx, url)
	switch {
	case wire.Status(err) != 0:
		return false, notef("%v", err)
	case err != nil:
		return false, err
	case slot < 0:
		return false, notef("the slot that was chosen is at work for somebody else, so that nothing was restored")
	}
	_, err = act(ctx, url, slot, "restore", f.name())
	switch status := wire.Status(err); {
	case err == nil:
		return true, nil
	case status == http.StatusNotImplemented || status == http.StatusNotFound:
		return false, notef("the server restores no slots (--slot-save-path)")
	case status != 0:
		f.remove()
		return false, notef("the saved prompt was refused and removed: %v", err)
	default:
		return false, err
	}
}

// save writes the slot that has just held the prefix into the file. Should somebody else have used the slot meanwhile, the number of
// tokens tells, and the file is removed: it would hold that one's text.
func (f file) save(ctx context.Context, url string, asked reply, tokens int) error {
	if asked.Verbose == nil {
		return notef("this build does not say which slot holds the prompt, so that it was not saved")
	}
	if err := os.MkdirAll(f.folder(), 0o700); err != nil {
		return notef("the prompt was not saved: %v", err)
	}
	f.remove()
	saved, err := act(ctx, url, asked.Verbose.Slot, "save", f.name())
	switch status := wire.Status(err); {
	case status == http.StatusNotImplemented || status == http.StatusNotFound:
		return notef("the server saves no slots (--slot-save-path)")
	case status != 0:
		f.remove()
		return notef("the prompt was not saved: %v", err)
	case err != nil:
		f.remove()
		return err
	case saved < tokens || saved > tokens+1: // the one generated token may be among them
		f.remove()
		return notef("the prompt was not saved: its slot held %d tokens instead of %d, so somebody else used it", saved, tokens)
	}
	if err := f.write(saved); err != nil {
		f.remove()
		return notef("the saved prompt cannot be used: %v", err)
	}
	return nil
}

func (f file) folder() string { return filepath.Dir(f.path) }

// write keeps the record beside the file.
func (f file) write(tokens int) error {
	sum, err := hashFile(f.path)
	if err != nil {
		return fmt.Errorf("%w; the server must save into the folder that llmctl reads", err)
	}
	content, err := json.Marshal(record{SHA256: sum, Tokens: tokens})
	if err != nil {
		return err
	}
	return os.WriteFile(f.path+recordEnd, content, 0o600)
}

// act saves or restores a slot. The server waits with it until the slot is idle.
func act(ctx context.Context, url string, slot int, action, filename string) (saved int, err error) {
	var done struct {
		Saved int `json:"n_saved"`
	}
	err = wire.Post(ctx, action+" a prompt", url, fmt.Sprintf("/slots/%d?action=%s", slot, action), map[string]string{"filename": filename}, &done)
	return done.Saved, err
}

// freeSlot returns the slot that was unused for longest, or -1 when that is at work again. A restore overwrites what a slot holds, whereas
// the server keeps what a request displaces (--cache-ram): so a request of one token displaces first, and its answer names the slot.
func freeSlot(ctx context.Context, url string) (int, error) {
	const doing = "choose a slot for a saved prompt"
	var cut struct {
		Tokens []int `json:"tokens"`
	}
	// As a token, it gets no begin-of-text before it, which would make it resemble any other prompt.
	if err := wire.Post(ctx, doing, url, "/tokenize", map[string]any{"content": "\n", "add_special": false}, &cut); err != nil {
		return -1, err
	}
	var chosen struct {
		Slot *int `json:"id_slot"`
	}
	body := map[string]any{"prompt": cut.Tokens, "n_predict": 1, "temperature": 0}
	if err := wire.Post(ctx, doing, url, "/completion", body, &chosen); err != nil {
		return -1, err
	}
	if chosen.Slot == nil {
		return -1, nil
	}
	var slots []struct {
		ID   int  `json:"id"`
		Busy bool `json:"is_processing"`
	}
	if err := wire.Get(ctx, doing, url, "/slots", &slots); err != nil {
		return -1, err
	}
	for _, s := range slots {
		if s.ID == *chosen.Slot && !s.Busy {
			return s.ID, nil
		}
	}
	return -1, nil
}
