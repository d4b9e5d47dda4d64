package erp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var financesDefinition = tools.Definition{
	Name: "get_financial_summary",
	Description: "Revenue, costs, profit and margin of the whole company in a period, against the period before, " +
		"and the departments' budgets. Use it for questions about revenue, profit, margin, costs by kind and budgets.",
	Effect: tools.Read,
}

// FinancesArguments are the arguments of get_financial_summary.
type FinancesArguments struct {
	spellings
	Period dates.PeriodName `json:"period,omitempty" jsonschema:"example=2025-Q4" jsonschema_description:"Quarter, month or year. Without it: the last full quarter."`
}

// Finances is the company's result of a period and of the period before. Amounts are cents.
type Finances struct {
	Note         string        `json:"note,omitempty"`
	Currency     string        `json:"currency"`
	Period       string        `json:"period,omitempty"`
	ComparedWith string        `json:"compared_with,omitempty"`
	Unfinished   string        `json:"unfinished,omitempty"`
	Revenue      Comparison    `json:"revenue"`
	GrossProfit  Comparison    `json:"gross_profit"`     // revenue less cost of goods
	Profit       Comparison    `json:"operating_profit"` // gross profit less all other costs
	Costs        []CostLine    `json:"costs,omitempty"`
	GrossMargin  *Percent      `json:"gross_margin_percent,omitempty"`
	MarginBefore *Percent      `json:"gross_margin_before_percent,omitempty"`
	Budgets      []BudgetUsage `json:"budgets,omitempty"`
}

// Comparison is an amount in both periods.
type Comparison struct {
	Cents         int64    `json:"cents"`
	BeforeCents   int64    `json:"before_cents"`
	ChangeCents   int64    `json:"change_cents"`
	ChangePercent *Percent `json:"change_percent,omitempty"`
}

// CostLine is the cost booked on one account.
type CostLine struct {
	Account string `json:"account"`
	Comparison
}

// BudgetUsage is what a department spent of its budget.
type BudgetUsage struct {
	Department  string  `json:"department"`
	BudgetCents int64   `json:"budget_cents"`
	ActualCents int64   `json:"actual_cents"`
	OverCents   int64   `json:"over_cents"` // negative: left over
	UsedPercent Percent `json:"used_percent"`
}

// costOfGoods is the account that separates gross profit from operating profit.
const costOfGoods = "5000"

func (s store) financialSummary(ctx context.Context, in FinancesArguments) (*Finances, error) {
	out := &Finances{}
	err := s.read(ctx, func(b *books) error {
		out.Currency = b.currency
		p, err := periodOr("period", in.Period, b.lastFullQuarter())
		if err != nil {
			return err
		}
		if out.Note = b.gap(p); out.Note != "" {
			return nil
		}
		out.Period, out.ComparedWith, out.Unfinished = p.Name, p.Before().Name, b.unfinished(p)
		if err := out.sum(b, p); err != nil {
			return err
		}
		if p.Months < 3 {
			return nil // budgets are made for quarters
		}
		return out.budgets(b, p)
	})
	return out, err
}

func (o *Finances) sum(b *books, p dates.Period) error {
	const query = `
		SELECT a.id, a.name, a.kind,
			coalesce(sum(CASE WHEN e.posted_on >= ?2 THEN l.amount_cents END), 0),
			coalesce(sum(CASE WHEN e.posted_on < ?2 THEN l.amount_cents END), 0)
		FROM accounts a
		JOIN journal_lines l ON l.account_id = a.id
		JOIN journal_entries e ON e.id = l.entry_id
		WHERE a.kind IN ('revenue', 'expense') AND e.posted_on >= ?1 AND e.posted_on < ?3
		GROUP BY a.id ORDER BY a.id`
	older, _ := p.Before().Bounds()
	from, before := p.Bounds()
	var goods Comparison
	err := b.Each(query, []any{older, from, before}, func(scan func(...any) error) error {
		var id, name, kind string
		var now, then int64
		if err := scan(&id, &name, &kind, &now, &then); err != nil {
			return err
		}
		if kind == "revenue" { // credits are negative
			o.Revenue.Cents -= now
			o.Revenue.BeforeCents -= then
			return nil
		}
		line := CostLine{name, Comparison{Cents: now, BeforeCents: then}}
		line.compare()
		o.Costs = append(o.Costs, line)
		if id == costOfGoods {
			goods = line.Comparison
		}
		o.Profit.Cents -= now
		o.Profit.BeforeCents -= then
		return nil
	})
	o.GrossProfit = Comparison{Cents: o.Revenue.Cents - goods.Cents, BeforeCents: o.Revenue.BeforeCents - goods.BeforeCents}
	o.Profit.Cents += o.Revenue.Cents
	o.Profit.BeforeCents += o.Revenue.BeforeCents
	for _, c := range []*Comparison{&o.Revenue, &o.GrossProfit, &o.Profit} {
		c.compare()
	}
	o.GrossMargin = marginOf(o.GrossProfit.Cents, o.Revenue.Cents)
	o.MarginBefore = marginOf(o.GrossProfit.BeforeCents, o.Revenue.BeforeCents)
	return err
}

func (c *Comparison) compare() {
	c.ChangeCents = c.Cents - c.BeforeCents
	c.ChangePercent = changeOf(c.BeforeCents, c.Cents)
}

func marginOf(profit, revenue int64) *Percent {
	if revenue == 0 {
		return nil
	}
	p := percentOf(profit, revenue)
	return &p
}

func (o *Finances) budgets(b *books, p dates.Period) error {
	const query = `
		SELECT d.name, sum(g.amount_cents), (
			SELECT coalesce(sum(l.amount_cents), 0)
			FROM journal_lines l JOIN journal_entries e ON e.id = l.entry_id JOIN accounts a ON a.id = l.account_id
			WHERE l.department_id = d.id AND a.kind = 'expense' AND e.posted_on >= ?1 AND e.posted_on < ?2)
		FROM budgets g JOIN departments d ON d.id = g.department_id
		WHERE g.quarter BETWEEN ?3 AND ?4
		GROUP BY d.id ORDER BY d.id`
	from, before := p.Bounds()
	first, last := dates.NewPeriod(p.Start, 3).Name, dates.NewPeriod(p.End.AddDate(0, -3, 0), 3).Name
	return b.Each(query, []any{from, before, first, last}, func(scan func(...any) error) error {
		var u BudgetUsage
		if err := scan(&u.Department, &u.BudgetCents, &u.ActualCents); err != nil {
			return err
		}
		u.OverCents = u.ActualCents - u.BudgetCents
		u.UsedPercent = percentOf(u.ActualCents, u.BudgetCents)
		o.Budgets = append(o.Budgets, u)
		return nil
	})
}

// Sentences implements tools.Outcome.
func (o *Finances) Sentences() []string {
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.Revenue.Cents == 0 && len(o.Costs) == 0:
		return wording.NoneEmpty(fmt.Sprintf("Nothing is booked in %s.", o.Period), o.Unfinished)
	case o.Unfinished != "" || o.Revenue.BeforeCents == 0:
		return o.alone()
	}
	return wording.NoneEmpty(o.line("Operating profit", o.Profit), o.line("Revenue", o.Revenue), o.line("Gross profit", o.GrossProfit),
		o.margin(), o.costs(), o.overBudget(), o.withinBudget())
}

func (o *Finances) line(subject string, c Comparison) string {
	return changed(subject, o.Currency, c.BeforeCents, c.Cents, o.ComparedWith, o.Period)
}

// alone states a period that cannot be compared: it is still running, or nothing is known of the one before.
func (o *Finances) alone() []string {
	so := ""
	if o.Unfinished != "" {
		so = " so far"
	}
	costs := make([]string, len(o.Costs))
	for i, c := range o.Costs {
		costs[i] = fmt.Sprintf("%s %s", strings.ToLower(c.Account), wording.Money(o.Currency, c.Cents))
	}
	sentences := wording.NoneEmpty(
		fmt.Sprintf("Operating profit in %s%s is %s on a revenue of %s.", o.Period, so, wording.Money(o.Currency, o.Profit.Cents),
			wording.Money(o.Currency, o.Revenue.Cents)),
		o.Unfinished,
		fmt.Sprintf("Gross profit%s is %s, which is %s of revenue.", so, wording.Money(o.Currency, o.GrossProfit.Cents), o.GrossMargin),
		"Costs"+so+": "+wording.List(costs)+".")
	if o.Unfinished == "" {
		return append(sentences, wording.NoneEmpty(o.overBudget(), o.withinBudget())...)
	}
	words := make([]string, len(o.Budgets))
	for i, u := range o.Budgets {
		words[i] = fmt.Sprintf("%s %s of %s", u.Department, u.UsedPercent, wording.Money(o.Currency, u.BudgetCents))
	}
	if len(words) == 0 {
		return sentences
	}
	return append(sentences, "Budget used so far: "+wording.List(words)+".")
}

func (o *Finances) margin() string {
	if o.GrossMargin == nil || o.MarginBefore == nil {
		return ""
	}
	if *o.GrossMargin == *o.MarginBefore {
		return fmt.Sprintf("The gross margin did not change: %s.", o.GrossMargin)
	}
	return fmt.Sprintf("The gross margin %s from %s to %s of revenue.", rose(int64(*o.GrossMargin-*o.MarginBefore)),
		o.MarginBefore, o.GrossMargin)
}

func (o *Finances) costs() string {
	words := make([]string, len(o.Costs))
	for i, c := range o.Costs {
		switch {
		case c.ChangePercent == nil || *c.ChangePercent == 0:
			words[i] = fmt.Sprintf("%s was %s", strings.ToLower(c.Account), wording.Money(o.Currency, c.Cents))
		default:
			words[i] = fmt.Sprintf("%s %s %s to %s", strings.ToLower(c.Account), rose(int64(*c.ChangePercent)),
				c.ChangePercent.size(), wording.Money(o.Currency, c.Cents))
		}
	}
	return "Costs: " + wording.List(words) + "."
}

func (o *Finances) overBudget() string {
	if len(o.Budgets) == 0 {
		return ""
	}
	var words []string
	for _, u := range slices.SortedFunc(slices.Values(o.Budgets), byOverrun) {
		if u.OverCents > 0 {
			words = append(words, fmt.Sprintf("%s by %s (%s of its budget used)", u.Department, wording.Money(o.Currency, u.OverCents), u.UsedPercent))
		}
	}
	if len(words) == 0 {
		return fmt.Sprintf("No department exceeded its budget of %s.", o.Period)
	}
	return "Over budget: " + wording.List(words) + "."
}

func byOverrun(a, b BudgetUsage) int { return int(max(-1, min(1, b.OverCents-a.OverCents))) }

func (o *Finances) withinBudget() string {
	var words []string
	for _, u := range o.Budgets {
		if u.OverCents <= 0 {
			words = append(words, fmt.Sprintf("%s (%s used)", u.Department, u.UsedPercent))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return "Within budget: " + wording.List(words) + "."
}
