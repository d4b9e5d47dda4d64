package demo

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Revenue and running costs of each quarter in cents, from 2024-Q1 on; the last is what a full 2026-Q1 would bring.
var (
	revenues  = []int64{285_000_000, 296_000_000, 305_000_000, 318_000_000, 312_000_000, 327_000_000, 342_000_000, 366_000_000, 352_000_000}
	payrolls  = []int64{82_000_000, 83_000_000, 84_500_000, 86_000_000, 88_500_000, 89_500_000, 91_000_000, 92_500_000, 95_000_000}
	logistics = []int64{16_800_000, 17_400_000, 18_100_000, 19_200_000, 18_900_000, 19_700_000, 20_600_000, 23_900_000, 22_000_000}
	overheads = []int64{30_500_000, 30_900_000, 31_300_000, 32_400_000, 32_800_000, 33_100_000, 33_600_000, 34_200_000, 34_800_000}
)

// materialPart is the part of a quarter's procurement that is used up and sold in it, in thousandths.
const materialPart = 970

// departmentParts divide payroll and overhead between the departments, in thousandths; production takes the rest.
var departmentParts = []struct {
	id   string
	part int64
}{{"maintenance", 60}, {"logistics", 90}, {"sales", 160}, {"research", 130}, {"administration", 80}}

const servicePart = 120 // of revenue, in thousandths

type booking struct {
	day         string
	description string
	reference   string
	lines       []JournalLine
}

// keepBooks writes the ledger. Revenue and costs are booked twice a month, invoices and payments on their day.
func (g *generator) keepBooks() {
	bookings := []booking{{day: "2024-01-01", description: "Opening balance", lines: []JournalLine{
		{AccountID: "1000", AmountCents: 250_000_000}, {AccountID: "1300", AmountCents: 110_000_000},
		{AccountID: "3000", AmountCents: -360_000_000},
	}}}
	for half := range 6 * (fullQuarters + 1) {
		bookings = append(bookings, g.bookHalfMonth(half)...)
	}
	for _, invoice := range g.rows.SupplierInvoices {
		bookings = append(bookings, pair(invoice.InvoicedOn, "Supplier invoice", invoice.ID, "1300", "2000", invoice.AmountCents))
		if invoice.PaidOn != nil {
			bookings = append(bookings, pair(*invoice.PaidOn, "Payment to supplier", invoice.ID, "2000", "1000", invoice.AmountCents))
		}
	}
	bookings = slices.DeleteFunc(bookings, func(b booking) bool { return b.day > Today })
	slices.SortStableFunc(bookings, func(a, b booking) int { return cmp.Compare(a.day, b.day) })
	numbers := map[string]int{}
	for _, b := range bookings {
		year := b.day[:4]
		numbers[year]++
		id := fmt.Sprintf("JE-%s-%04d", year, numbers[year])
		g.rows.JournalEntries = append(g.rows.JournalEntries, JournalEntry{id, b.day, b.description, b.reference, Currency})
		for i, line := range b.lines {
			line.EntryID, line.Line = id, i+1
			g.rows.JournalLines = append(g.rows.JournalLines, line)
		}
	}
}

func pair(day, description, reference, debit, credit string, cents int64) booking {
	return booking{day, description, reference, []JournalLine{
		{AccountID: debit, AmountCents: cents}, {AccountID: credit, AmountCents: -cents},
	}}
}

// bookHalfMonth books the half month with that number: the first half on the 15th, the second on the last day.
func (g *generator) bookHalfMonth(half int) []booking {
	quarter := half / 6
	month := quarterStart(quarter).AddDate(0, half%6/2, 0)
	day := month.AddDate(0, 0, 14)
	if half%2 == 1 {
		day = month.AddDate(0, 1, -1)
	}
	sixth := func(cents int64) int64 { return cents / 6 * g.between(960, 1040) / 1000 }
	revenue := sixth(revenues[quarter])
	services := revenue * servicePart / 1000
	collected := text(day.AddDate(0, 0, 30))
	bookings := []booking{
		pair(text(day), "Products sold", "", "1100", "4000", revenue-services),
		pair(text(day), "Services sold", "", "1100", "4100", services),
		pair(collected, "Customers paid", "", "1000", "1100", revenue),
		expense(day, "Material used", "5000", "1300", "production", sixth(materials(quarter))),
		expense(day, "Freight and customs", "6100", "1000", "logistics", sixth(logistics[quarter])),
	}
	payroll, overhead := sixth(payrolls[quarter]), sixth(overheads[quarter])
	return append(bookings, shared(day, "Payroll", "6000", payroll), shared(day, "Rent, energy and services", "6200", overhead))
}

// materials is the cost of goods of a quarter.
func materials(quarter int) int64 {
	if quarter >= quarterAfter {
		return spendBefore * (1000 + rise) / 1000 * materialPart / 1000
	}
	if quarter < quarterBefore {
		return spendBefore * history[quarter] / 1000 * materialPart / 1000
	}
	return spendBefore * materialPart / 1000
}

func expense(day time.Time, description, account, credit, department string, cents int64) booking {
	b := pair(text(day), description, "", account, credit, cents)
	b.lines[0].DepartmentID = &department
	return b
}

// shared books a cost that all departments bear.
func shared(day time.Time, description, account string, cents int64) booking {
	b := booking{day: text(day), description: description}
	rest := cents
	for _, d := range departmentParts {
		part := cents * d.part / 1000
		rest -= part
		b.lines = append(b.lines, JournalLine{AccountID: account, DepartmentID: &d.id, AmountCents: part})
	}
	production := "production"
	b.lines = append(b.lines, JournalLine{AccountID: account, DepartmentID: &production, AmountCents: rest},
		JournalLine{AccountID: "1000", AmountCents: -cents})
	return b
}

// plan writes the budgets: payroll and overhead are foreseen well, material and freight as in the quarter before, so
// that 2025-Q4 overruns where the story says it does.
func (g *generator) plan() {
	for quarter := range fullQuarters + 1 {
		before := max(quarter-1, 0)
		for _, d := range departments {
			common := partOf(d.ID, payrolls[quarter]+overheads[quarter])
			switch d.ID {
			case "production":
				common += materials(before)
			case "logistics":
				common += logistics[before]
			}
			thousands := common * g.between(1010, 1050) / 1000 / 100_000
			g.rows.Budgets = append(g.rows.Budgets, Budget{d.ID, quarterName(quarter), thousands * 100_000, Currency})
		}
	}
}

func partOf(department string, cents int64) int64 {
	rest := int64(1000)
	for _, d := range departmentParts {
		if d.id == department {
			return cents * d.part / 1000
		}
		rest -= d.part
	}
	return cents * rest / 1000
}
