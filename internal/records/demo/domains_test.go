package demo

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// identifier is how the company names things: VND-003, PO-2025-0262, MAIL-0134. Items are called A-100, which words may look like.
var identifier = regexp.MustCompile(`\b(?:ALR|CHG|CI|CMP|CON|CUS|DEAL|DOC|DRF|EMP|EVT|HST|INV|LEAD|LV|MAIL|MCH|PO|REM|ROOM|SO|SVC|TCK|VND|WH)-\d[\d-]*\d`)

// eachText calls look with every key and text of what a part of the company is generated as.
func eachText(t *testing.T, rows any, look func(key, text string)) {
	t.Helper()
	encoded, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		t.Fatal(err)
	}
	var walk func(key string, value any)
	walk = func(key string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for name, member := range value {
				walk(name, member)
			}
		case []any:
			for _, element := range value {
				walk(key, element)
			}
		case string:
			look(key, value)
		}
	}
	walk("", decoded)
}

// TestWhatOneDomainNamesIsThereInAnother looks up every identifier that stands anywhere in the company, be it in a mail or in a line of a log.
func TestWhatOneDomainNamesIsThereInAnother(t *testing.T) {
	t.Parallel()
	purchasing := Generate()
	office := GenerateOffice(purchasing)
	parts := []any{purchasing, GenerateSales(purchasing), GenerateOperations(), office}
	there, named := map[string]bool{}, 0
	for _, part := range parts {
		eachText(t, part, func(key, text string) {
			if key == "ID" {
				there[text] = true
			}
		})
	}
	for _, part := range parts {
		eachText(t, part, func(key, text string) {
			for _, id := range identifier.FindAllString(text, -1) {
				if named++; !there[id] {
					t.Errorf("%s speaks of %s, which is not there: %s", key, id, text)
				}
			}
		})
	}
	if named < 10_000 {
		t.Errorf("only %d identifiers were looked up", named)
	}
}

// TestWhoWorksOnThePlantIsAnEmployee compares the names that the plant's changes and tickets hold with those of the office.
func TestWhoWorksOnThePlantIsAnEmployee(t *testing.T) {
	t.Parallel()
	employees := map[string]bool{"": true} // nobody yet
	for _, e := range GenerateOffice(Generate()).Employees {
		employees[e.Name], employees[e.Name+" "+e.NameLocal] = true, true
	}
	plant := GenerateOperations()
	for _, change := range plant.Changes {
		if !employees[change.ChangedBy] {
			t.Errorf("%s was made by %q", change.ID, change.ChangedBy)
		}
	}
	for _, ticket := range plant.Tickets {
		if !employees[ticket.Assignee] {
			t.Errorf("%s is for %q", ticket.ID, ticket.Assignee)
		}
	}
}

// TestMailsOfTheHouseAreOfItsEmployees holds but for those that pretend: their domains only look like the company's.
func TestMailsOfTheHouseAreOfItsEmployees(t *testing.T) {
	t.Parallel()
	office := GenerateOffice(Generate())
	employees := map[string]bool{}
	for _, e := range office.Employees {
		employees[e.Mail] = true
	}
	inside := 0
	for _, mail := range office.Mails {
		if strings.HasSuffix(mail.FromAddress, "@"+MailDomain) {
			if inside++; !employees[mail.FromAddress] {
				t.Errorf("%s is from %s, whom nobody knows", mail.ID, mail.FromAddress)
			}
		}
	}
	if inside < 100 {
		t.Errorf("only %d mails are of the house", inside)
	}
}

func TestTheCompanyWritesInTwoLanguages(t *testing.T) {
	t.Parallel()
	purchasing := Generate()
	for name, part := range map[string]any{"purchasing": purchasing, "sales": GenerateSales(purchasing), "plant": GenerateOperations(), "office": GenerateOffice(purchasing)} {
		chinese := map[string]int{}
		eachText(t, part, func(key, text string) {
			if slices.ContainsFunc([]rune(text), func(sign rune) bool { return unicode.Is(unicode.Han, sign) }) {
				chinese[key]++
			}
		})
		if len(chinese) < 1 || chinese["NameLocal"] < 10 {
			t.Errorf("%s is in Chinese in %v", name, chinese)
		}
	}
}
