package demo

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

var figure = regexp.MustCompile(`\$?\d[\d,.:]*\d|\d`)

// The catalogue says in short what a document says, so the document must hold the same figures.
func TestDocumentsHoldTheFiguresOfTheirSummaries(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	err := fs.WalkDir(Documents(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(Documents(), name)
		texts[path.Base(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, line := range documents {
		fields := strings.Split(line, "|")
		base := strings.TrimSuffix(path.Base(fields[3]), path.Ext(fields[3]))
		for ending, summary := range map[string]string{".md": fields[6], ".zh.md": fields[7]} {
			text, ok := texts[base+ending]
			if !ok {
				continue
			}
			compared++
			for _, f := range figure.FindAllString(summary, -1) {
				if !strings.Contains(text, f) {
					t.Errorf("%s%s does not hold %s of its summary: %s", base, ending, f, summary)
				}
			}
		}
	}
	if compared < 10 {
		t.Errorf("only %d documents stand in the catalogue", compared)
	}
}
