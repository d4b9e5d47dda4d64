package oa

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/tools/toolstest"
)

func (d desk) file(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(d.folder, path))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func (d desk) remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(filepath.Join(d.folder, path)); err != nil {
		t.Fatal(err)
	}
}

func (d desk) exists(path string) bool {
	_, err := os.Stat(filepath.Join(d.folder, path))
	return err == nil
}

// wordText reads a DOCX as a word processor does: the archive, and of document.xml the paragraphs with their styles. Rows of tables are joined
// with bars.
func wordText(t testing.TB, content []byte) (lines []string) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.File {
		part, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		decoder := xml.NewDecoder(part)
		style, text, row, inCell := "", "", "", false
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			if f.Name != "word/document.xml" {
				continue
			}
			switch e := token.(type) {
			case xml.StartElement:
				switch e.Name.Local {
				case "p":
					style, text = "", ""
				case "pStyle":
					style = e.Attr[0].Value + ": "
				case "tc":
					inCell = true
				}
			case xml.CharData:
				text += string(e)
			case xml.EndElement:
				switch {
				case e.Name.Local == "p" && inCell:
					row += "|" + text
				case e.Name.Local == "p" && text != "":
					lines = append(lines, style+text)
				case e.Name.Local == "tc":
					inCell = false
				case e.Name.Local == "tr":
					lines = append(lines, row)
					row = ""
				}
				if e.Name.Local == "p" {
					text = ""
				}
			}
		}
	}
	return lines
}

func TestADocumentReadsBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		var made MadeDocument
		d.Apply(t, "generate_document", "run/1", `{"template":"meeting-minutes","title":"Minutes: <b> & 会议","author":"EMP-034",
			"points":["# no heading","a | b * c_d \\ e","两行\n变一行","- no list"],"event_id":"EVT-0080"}`, &made)
		if made.ID != "DOC-021" || made.Path != "made/DOC-021.docx" {
			t.Errorf("made %s at %s", made.ID, made.Path)
		}
		want := []string{
			"Heading1: Minutes: <b> & 会议", "|Meeting|EVT-0080 (Project status)", "|Time|2026-01-13 15:00 to 15:30 (Asia/Shanghai)", "|Room|ROOM-03 (Bamboo)",
			"|Attendees|Liu Qiang, Ma Chunhua, Han Dong", "|Written by|Bai Xueqin, Assistant to the Managing Director", "|Date|2026-01-15", "|Number|DOC-021",
			"Heading2: Decisions and tasks", "ListBullet: # no heading", `ListBullet: a | b * c_d \ e`, "ListBullet: 两行 变一行", "ListBullet: - no list",
		}
		if diff := cmp.Diff(want, wordText(t, d.file(t, made.Path))); diff != "" {
			t.Error(diff)
		}
		if got := string(d.file(t, "made/DOC-021.md")); got != made.Markdown {
			t.Errorf("the Markdown is %q, want %q", got, made.Markdown)
		}
		if info, err := os.Stat(filepath.Join(d.folder, made.Path)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the mode is %v, %v", info.Mode(), err)
		}
		var found Documents
		d.Call(t, "find_document", `{"document_id":"DOC-021"}`, &found)
		if found.Count != 1 || found.Documents[0].Kind != "minutes" {
			t.Errorf("found %+v", found)
		}
	})
}

// TestMarkdownStaysWhatWasTyped: a program that shows the Markdown must make nothing of what people write.
func TestMarkdownStaysWhatWasTyped(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"~~~ code": `\~\~\~ code`, "~~gone~~": `\~\~gone\~\~`, "&lt;b&gt; & more": `\&lt;b\&gt; \& more`, "1. first": `1\. first`, "2026) last": `2026\) last`, "12.5 % and 3.": "12.5 % and 3.",
	} {
		if got := markdownText(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestACancelledMeetingHasNoMinutes(t *testing.T) {
	t.Parallel()
	onEachStore(t, Options{}, func(t *testing.T, d desk) {
		const arguments = `{"template":"meeting-minutes","title":"x","author":"EMP-034","points":["y"],"event_id":"EVT-0080"}`
		d.Preview(t, "generate_document", arguments)
		d.Execute(t, "UPDATE calendar_events SET status = 'cancelled' WHERE id = 'EVT-0080'")
		d.Refuses(t, []toolstest.Mistake{{"generate_document", arguments, "event_id", "not cancelled"}})
	})
}

func FuzzDocumentsHoldWhatPeopleWrite(f *testing.F) {
	for _, text := range []string{"Plain.", "# a", "a|b", `\`, `\|`, "a\\\\|b", "<w:p>&amp;", "\x00", "会议", "- x", "_*`", "~~~", "&lt;b&gt;", "1. x", "2) y", "12.5"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
		if words == "" || prose("points", words) != nil {
			t.Skip()
		}
		content, err := docx("# "+markdownText(words)+"\n\n| Label | "+markdownText(words)+" |\n\n- "+markdownText(words)+"\n", words, words, office0)
		if err != nil {
			t.Fatal(err)
		}
		// Rows are compared joined with bars, which a bar that divides a cell would not show.
		if got := cells("| Label | " + markdownText(words) + " |"); len(got) != 2 || got[1] != words {
			t.Errorf("the cells are %q", got)
		}
		// XML cannot hold a few characters, which become the replacement character.
		expected := strings.Map(func(r rune) rune {
			if r == 0xFFFE || r == 0xFFFF {
				return '\uFFFD'
			}
			return r
		}, words)
		if diff := cmp.Diff([]string{"Heading1: " + expected, "|Label|" + expected, "ListBullet: " + expected}, wordText(t, content)); diff != "" {
			t.Error(diff)
		}
	})
}
