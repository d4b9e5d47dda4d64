package crm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"bestbox/tools"
	"bestbox/tools/wording"
)

var highChurnDefinition = tools.Definition{
	Name: "get_high_churn_customers",
	Description: "The customers most at risk of being lost, ranked, with the reasons and what they ordered in the last 12 months. " +
		"Use it to find which customers may leave.",
	Effect: tools.Read, Outsiders: true,
}

var predictChurnDefinition = tools.Definition{
	Name: "predict_churn",
	Description: "How likely one customer is to be lost: a risk from 0 to 100 worked out from its orders, complaints, payments and our deliveries, " +
		"with what drives it. Use it for one customer.",
	Effect: tools.Read, Outsiders: true,
}

type (
	// HighChurnArguments are the arguments of get_high_churn_customers.
	HighChurnArguments struct {
		spellings
		OwnerID employeeID `json:"owner_id,omitempty" jsonschema_description:"Only the customers of this sales person."`
		Limit   int        `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_extras:"x-number=named" jsonschema_description:"How many to list. Without it: 5."`
		tools.Paged
	}
	// PredictChurnArguments are the arguments of predict_churn.
	PredictChurnArguments struct {
		spellings
		CustomerID customerID `json:"customer_id" jsonschema_description:"The customer."`
	}
)

// HighChurn ranks customers by their risk. Amounts are cents.
type HighChurn struct {
	tools.Part
	Note        string  `json:"note,omitempty"`
	Currency    string  `json:"currency"`
	Asked       string  `json:"asked"`
	Customers   int     `json:"customers"` // all that were looked at
	High        int     `json:"high"`      // how many of them have a high risk
	Medium      int     `json:"medium"`
	AtRiskCents int64   `json:"at_risk_cents"`    // what those of high risk ordered in the 365 days before the last 365
	Listed      []Churn `json:"listed,omitempty"` // the highest risk first, none that is low
}

// Prediction is the risk of one customer.
type Prediction struct {
	Note     string `json:"note,omitempty"`
	Currency string `json:"currency"`
	Churn
}

const defaultChurn = 5

func (s store) highChurn(ctx context.Context, in HighChurnArguments) (*HighChurn, error) {
	out := &HighChurn{}
	limit := cmp.Or(in.Limit, defaultChurn)
	err := s.read(ctx, func(b *books) (err error) {
		out.Currency = b.currency
		owned := map[string]bool{}
		if in.OwnerID != "" {
			var owner string
			if owner, out.Note, err = b.lookUp(owners, string(in.OwnerID)); err != nil || out.Note != "" {
				return err
			}
			out.Asked = " of " + wording.Named(string(in.OwnerID), owner)
		}
		err = b.Each("SELECT id FROM customers WHERE ? = '' OR owner_id = ?", []any{in.OwnerID, in.OwnerID}, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			owned[id] = true
			return err
		})
		if err != nil {
			return err
		}
		all, err := b.pasts("")
		if err != nil {
			return err
		}
		var ranked []Churn
		for _, p := range all {
			if owned[p.id] {
				ranked = append(ranked, p.churn(b.today))
			}
		}
		slices.SortStableFunc(ranked, func(a, b Churn) int {
			return cmp.Or(cmp.Compare(b.Risk, a.Risk), cmp.Compare(b.BeforeCents, a.BeforeCents), cmp.Compare(a.CustomerID, b.CustomerID))
		})
		return out.rank(ranked, limit, in.Paged)
	})
	return out, err
}

func (o *HighChurn) rank(ranked []Churn, limit int, asked tools.Paged) (err error) {
	o.Customers = len(ranked)
	for _, c := range ranked {
		switch c.Level {
		case "high":
			o.High++
			o.AtRiskCents += c.BeforeCents
		case "medium":
			o.Medium++
		default:
			continue
		}
		o.Listed = append(o.Listed, c)
	}
	o.Listed, o.Part, err = tools.Cut(o.Listed, o.High+o.Medium, limit, asked)
	return err
}

// Sentences implements tools.Outcome.
func (o *HighChurn) Sentences() []string {
	if o.Note != "" {
		return []string{o.Note}
	}
	if len(o.Listed) == 0 {
		return []string{fmt.Sprintf("None of the %s%s has a high or medium risk of being lost.", wording.Counted(o.Customers, "customer"), o.Asked)}
	}
	first := o.Listed[0]
	words := make([]string, 0, len(o.Listed))
	for _, c := range o.Listed {
		words = append(words, fmt.Sprintf("%s with %d, %s (%s)", wording.Named(c.CustomerID, c.Customer), c.Risk, c.Level, c.drivers(1)))
	}
	most := fmt.Sprintf("The customer most at risk is %s: churn risk %d of 100, %s (%s).", wording.Named(first.CustomerID, first.Customer), first.Risk, first.Level, first.drivers(3))
	then := ""
	switch {
	case o.Later():
		most = o.Title("By risk: ") + strings.Join(words, "; ") + "."
	case len(words) > 1:
		then = "Then " + strings.Join(words[1:], "; ") + "."
	}
	all := fmt.Sprintf("Of %s%s, %d %s a high risk and %d a medium one", wording.Counted(o.Customers, "customer"), o.Asked, o.High, oneOr(o.High, "has", "have"), o.Medium)
	if more := o.Rest(); more > 0 {
		with := "a larger limit"
		if len(o.Listed) == wording.MostListed {
			with = "an owner_id"
		}
		all += fmt.Sprintf("; and %d more than listed, ask with %s", more, o.With(with))
	}
	loss := ""
	if o.High > 0 {
		loss = fmt.Sprintf("Those of high risk had ordered %s in the year before the last 12 months.", wording.Money(o.Currency, o.AtRiskCents))
	}
	return wording.NoneEmpty(most, then, all+".", loss)
}

func (c Churn) drivers(most int) string {
	words := make([]string, 0, most)
	for _, d := range c.Drivers[:min(most, len(c.Drivers))] {
		words = append(words, d.Text)
	}
	return strings.Join(words, "; ")
}

func (s store) predictChurn(ctx context.Context, in PredictChurnArguments) (*Prediction, error) {
	out := &Prediction{}
	err := s.read(ctx, func(b *books) (err error) {
		out.Currency = b.currency
		if _, out.Note, err = b.lookUp(customers, string(in.CustomerID)); err != nil || out.Note != "" {
			return err
		}
		all, err := b.pasts(in.CustomerID)
		if err != nil {
			return err
		}
		out.Churn = all[0].churn(b.today)
		return nil
	})
	return out, err
}

// chance is the first word about a level of risk.
var chance = map[string]string{"high": "is likely to be lost", "medium": "may be lost", "low": "is not likely to be lost"}

// Sentences implements tools.Outcome.
func (o *Prediction) Sentences() []string {
	if o.Note != "" {
		return []string{o.Note}
	}
	who := wording.Named(o.CustomerID, o.Customer)
	if o.Level == "unknown" {
		return []string{fmt.Sprintf("Whether %s may be lost cannot be told: it has placed fewer than %d orders, or all of them on one day.", who, fewestOrders)}
	}
	sentences := []string{fmt.Sprintf("%s %s: its churn risk is %d of 100, %s.", who, chance[o.Level], o.Risk, o.Level)}
	if len(o.Drivers) == 0 {
		sentences = append(sentences, "Nothing speaks for it: orders, payments and deliveries are as usual.")
	}
	for i, d := range o.Drivers {
		start := "Also: "
		if i == 0 {
			start = "Most of it comes from this: "
		}
		sentences = append(sentences, fmt.Sprintf("%s%s (%s).", start, d.Text, wording.Counted(d.Points, "point")))
	}
	return append(sentences, fmt.Sprintf("It last ordered on %s; in the last 12 months it ordered %s, %s.", o.LastOrderOn, wording.Money(o.Currency, o.YearCents),
		against(o.Currency, o.YearCents, o.BeforeCents)))
}

// against compares an amount with that of the 12 months before.
func against(currency string, now, before int64) string {
	switch {
	case before == 0:
		return "and nothing in the 12 months before"
	case now == before:
		return "as much as in the 12 months before"
	case now < before:
		return wording.Money(currency, before-now) + " less than in the 12 months before"
	}
	return wording.Money(currency, now-before) + " more than in the 12 months before"
}
