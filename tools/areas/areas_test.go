package areas_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bestbox/internal/config"
	"bestbox/internal/knowledge/library/librarytest"
	"bestbox/internal/records/recordstest"
	"bestbox/tools/areas"
	"bestbox/tools/knowledge"
)

func TestMain(m *testing.M) { os.Exit(recordstest.Run(m)) }

func TestConnectionsReachTheToolsThatNeedThem(t *testing.T) {
	t.Parallel()
	db := recordstest.Shared(t)
	for name, test := range map[string]struct {
		connected config.Connections
		sends     bool
	}{
		"no mail server": {config.Connections{}, false},
		"a mail server":  {config.Connections{SMTP: &config.SMTP{Address: "localhost:25", TLS: config.TLSNone}}, true},
	} {
		registry, err := areas.Tools(db, test.connected, knowledge.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if registry.Declared("send_email") == test.sends {
			t.Errorf("%s: agents could not list it, or it is there twice", name)
		}
		if _, sends := registry.Get("send_email"); sends != test.sends {
			t.Errorf("%s: send_email is there: %t", name, sends)
		}
	}
	_, err := areas.Tools(db, config.Connections{SMTP: &config.SMTP{Address: "localhost:25", TLS: config.TLSNone, CAFile: "/nowhere"}}, knowledge.Options{})
	if err == nil || !strings.Contains(err.Error(), "connections.smtp.ca_file") {
		t.Errorf("got %v", err)
	}
}

func TestTheDocumentsAreSearched(t *testing.T) {
	t.Parallel()
	registry, err := areas.Tools(recordstest.Shared(t), config.Connections{}, knowledge.Options{Documents: &librarytest.Fake{Err: errors.New("these documents are gone")}})
	if err != nil {
		t.Fatal(err)
	}
	search, there := registry.Get(knowledge.Search)
	if !there {
		t.Fatal("there is no tool that searches them")
	}
	if _, err := search.Call(t.Context(), json.RawMessage(`{"query": "badges"}`)); err == nil || !strings.Contains(err.Error(), "these documents are gone") {
		t.Errorf("got %v", err)
	}
}

// A preview fails where a fact is none of the words that its tool declares, so these must be all that the records may hold.
func TestTheWordsOfFactsAreThoseThatTheRecordsCheck(t *testing.T) {
	t.Parallel()
	columns := map[string]string{
		"update_lead lead.stage": "leads.stage", "create_quote customer.segment": "customers.segment",
		"silence_alert severity": "alerts.severity", "silence_alert component.kind": "components.kind",
		"create_ticket priority": "tickets.priority", "create_ticket component.kind": "components.kind",
		"update_ticket status": "tickets.status", "update_ticket priority": "tickets.priority",
		"update_ticket ticket.status": "tickets.status", "update_ticket ticket.priority": "tickets.priority",
	}
	registry, err := areas.Tools(recordstest.Shared(t), config.Connections{}, knowledge.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range registry.Names() {
		tool, _ := registry.Get(name)
		for _, fact := range tool.Facts() {
			if len(fact.Words) == 0 {
				continue
			}
			words := slices.Sorted(slices.Values(fact.Words))
			if checked := checkedBy(t, columns[name+" "+fact.Name]); !slices.Equal(words, checked) {
				t.Errorf("%s declares that %s is one of %q; the records check %q", name, fact.Name, words, checked)
			}
		}
	}
}

// checkedBy are the words that a column's CHECK allows, sorted.
func checkedBy(t *testing.T, column string) (words []string) {
	t.Helper()
	table, name, _ := strings.Cut(column, ".")
	files, err := filepath.Glob("../../internal/records/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	check := regexp.MustCompile(`(?s)CREATE TABLE ` + table + ` \([^;]*?\n\s+` + name + `\s[^\n]*CHECK \(` + name + ` IN \(([^)]*)\)`)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := check.FindSubmatch(content); found != nil {
			for word := range strings.SplitSeq(string(found[1]), ", ") {
				words = append(words, strings.Trim(word, "'"))
			}
		}
	}
	slices.Sort(words)
	return words
}
