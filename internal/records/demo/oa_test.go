package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// officeGolden is the checksum of all rows of the office as JSON. It changes only when the office is changed on purpose, and then every expected
// answer (the evaluation, the golden sentences of tools/oa) is looked at again.
const officeGolden = "6eb57631d6aca9be969e559571bb41002ee5a5bd104280e32dc923b9d7d178bc"

func TestEveryMachineMakesTheSameOffice(t *testing.T) {
	t.Parallel()
	for range 2 {
		text, err := json.Marshal(GenerateOffice(Generate()))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		if got := hex.EncodeToString(sum[:]); got != officeGolden {
			t.Fatalf("the office has changed: its checksum is %s", got)
		}
	}
}

func TestNobodyAndNoRoomIsInTwoPlacesAtOnce(t *testing.T) {
	t.Parallel()
	rows := GenerateOffice(Generate())
	byID := map[string]CalendarEvent{}
	taken := map[string][]CalendarEvent{}
	for _, v := range rows.CalendarEvents {
		byID[v.ID] = v
		if v.RoomID == nil {
			t.Errorf("%s has no room", v.ID)
			continue
		}
		taken[*v.RoomID] = append(taken[*v.RoomID], v)
		// Everyone in a room is in China or calls in; nobody is asked to come on a weekend.
		start, err := time.Parse(time.RFC3339, v.StartsAt)
		if local := start.Add(8 * time.Hour); err != nil || local.Weekday() == time.Saturday || local.Weekday() == time.Sunday || local.Format("15:04") < "09:00" {
			t.Errorf("%s is at %s, %v", v.ID, v.StartsAt, err)
		}
	}
	inRoom := map[string]int{}
	for _, a := range rows.CalendarAttendees {
		taken[a.EmployeeID] = append(taken[a.EmployeeID], byID[a.EventID])
		inRoom[a.EventID]++
	}
	for who, events := range taken {
		for i, one := range events {
			for _, other := range events[i+1:] {
				if one.StartsAt < other.EndsAt && other.StartsAt < one.EndsAt {
					t.Errorf("%s is in %s and %s at once", who, one.ID, other.ID)
				}
			}
		}
	}
	capacity := map[string]int{}
	for _, r := range rows.Rooms {
		capacity[r.ID] = r.Capacity
	}
	for id, people := range inRoom {
		if people < 2 || people > capacity[*byID[id].RoomID] {
			t.Errorf("%s has %d people in %s", id, people, *byID[id].RoomID)
		}
	}
	if n := len(rows.CalendarEvents); n < 100 {
		t.Errorf("only %d meetings", n)
	}
}

func TestPeopleBelongToTheCompany(t *testing.T) {
	t.Parallel()
	purchasing := Generate()
	rows := GenerateOffice(purchasing)
	departments, known := map[string]int{}, map[string]bool{}
	for _, d := range purchasing.Departments {
		departments[d.ID] = 0
	}
	for _, e := range rows.Employees {
		if _, is := departments[e.DepartmentID]; !is {
			t.Errorf("%s is in %s", e.ID, e.DepartmentID)
		}
		departments[e.DepartmentID]++
		if (e.ManagerID == nil) != (e.ID == "EMP-001") || e.ManagerID != nil && !known[*e.ManagerID] {
			t.Errorf("%s has the manager %v", e.ID, e.ManagerID)
		}
		if e.NameLocal == "" || e.TitleLocal == "" || !strings.HasSuffix(e.Mail, "@"+MailDomain) {
			t.Errorf("%+v", e)
		}
		known[e.ID] = true
	}
	for id, people := range departments {
		if people == 0 {
			t.Errorf("nobody works in %s", id)
		}
	}
}

func TestOnlyLeaveThatWasLeftIsCarriedOver(t *testing.T) {
	t.Parallel()
	rows := GenerateOffice(Generate())
	left := map[string]int{}
	for _, n := range rows.LeaveEntitlements {
		if n.Year == 2025 && n.Kind == "annual" {
			left[n.EmployeeID] = n.Days
		}
	}
	for _, l := range rows.LeaveRequests {
		if l.FirstDay < "2026" && l.Kind == "annual" {
			for day := date(l.FirstDay); text(day) <= l.LastDay; day = day.AddDate(0, 0, 1) {
				if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
					t.Errorf("%s holds the weekend day %s", l.ID, text(day))
				}
				left[l.EmployeeID]--
			}
		}
	}
	for _, n := range rows.LeaveEntitlements {
		if n.Year == 2026 && n.Kind == "annual" && n.CarriedDays != min(5, left[n.EmployeeID]) {
			t.Errorf("%s carries %d of %d days", n.EmployeeID, n.CarriedDays, left[n.EmployeeID])
		}
	}
}

// TestTheBudgetRequestIsAboutARealOverrun recomputes the amounts of the mail from the ledger.
func TestTheBudgetRequestIsAboutARealOverrun(t *testing.T) {
	t.Parallel()
	purchasing := Generate()
	inQuarter := map[string]bool{}
	for _, e := range purchasing.JournalEntries {
		inQuarter[e.ID] = e.PostedOn >= "2025-10-01" && e.PostedOn <= "2025-12-31"
	}
	var spent, budget int64
	for _, l := range purchasing.JournalLines {
		if inQuarter[l.EntryID] && l.DepartmentID != nil && *l.DepartmentID == "production" && l.AccountID >= "5000" {
			spent += l.AmountCents
		}
	}
	for _, b := range purchasing.Budgets {
		if b.DepartmentID == "production" && b.Quarter == "2025-Q4" {
			budget = b.AmountCents
		}
	}
	over := spent - budget
	if over <= 0 {
		t.Fatalf("production is %d cents below its budget", -over)
	}
	asked := over / 100_000 * 100_000
	if asked < over {
		asked += 100_000
	}
	found := 0
	for _, m := range GenerateOffice(purchasing).Mails {
		if m.Subject != "Q4 budget increase request: Production" {
			continue
		}
		found++
		for _, cents := range []int64{spent, budget, over, asked} {
			if amount := grouped(cents); !strings.Contains(m.Body, amount) {
				t.Errorf("%s is not in the mail %q", amount, m.Body)
			}
		}
	}
	if found != 1 {
		t.Errorf("%d such mails", found)
	}
}

// grouped writes cents with thousands apart.
func grouped(cents int64) string {
	if cents >= 100_000_000 {
		return fmt.Sprintf("$%d,%03d,%03d.%02d", cents/100_000_000, cents/100_000%1000, cents/100%1000, cents%100)
	}
	return fmt.Sprintf("$%d,%03d.%02d", cents/100_000, cents/100%1000, cents%100)
}
