package crm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var pipelineDefinition = tools.Definition{
	Name: "get_pipeline",
	Description: "Open deals by stage with amounts, weighted by the stages' probabilities, which are overdue, and what was won and lost. " +
		"Use it for questions about deals, opportunities, the pipeline and the forecast.",
	Effect: tools.Read, Outsiders: true, // deals with leads are told by the names that these gave themselves
}

// PipelineArguments are the arguments of get_pipeline.
type PipelineArguments struct {
	spellings
	Stage      string           `json:"stage,omitempty" jsonschema:"enum=qualification,enum=analysis,enum=proposal,enum=negotiation" jsonschema_extras:"x-words=qualification:qualification|资格;analysis:analysis|分析;proposal:proposal|proposals|方案|提案|报价阶段;negotiation:negotiation|negotiating|negotiate|谈判" jsonschema_description:"Only open deals in this stage."`
	CustomerID customerID       `json:"customer_id,omitempty" jsonschema_description:"Only deals with this customer."`
	OwnerID    employeeID       `json:"owner_id,omitempty" jsonschema_description:"Only deals of this sales person."`
	Period     dates.PeriodName `json:"period,omitempty" jsonschema_description:"Only open deals expected to close, and deals won or lost, in this quarter, month or year."`
	tools.Paged
}

// Pipeline are the deals found. Amounts are cents.
type Pipeline struct {
	tools.Part
	Note          string       `json:"note,omitempty"`
	Currency      string       `json:"currency"`
	Asked         string       `json:"asked"`
	Period        string       `json:"period,omitempty"`
	Open          int          `json:"open"`
	OpenCents     int64        `json:"open_cents"`
	WeightedCents int64        `json:"weighted_cents"`
	Stages        []StageTotal `json:"stages,omitempty"` // in the order of a deal's life
	Overdue       []Deal       `json:"overdue,omitempty"`
	OverdueCents  int64        `json:"overdue_cents"`
	Largest       []Deal       `json:"largest,omitempty"` // open deals, of which there are pages
	Won           int          `json:"won"`
	WonCents      int64        `json:"won_cents"`
	Lost          int          `json:"lost"`
	LostCents     int64        `json:"lost_cents"`
	stage         string
}

// StageTotal is what is in one stage.
type StageTotal struct {
	Stage              string `json:"stage"`
	ProbabilityPercent int64  `json:"probability_percent"`
	Count              int    `json:"count"`
	Cents              int64  `json:"cents"`
	WeightedCents      int64  `json:"weighted_cents"`
}

// Deal is one deal in its present stage.
type Deal struct {
	ID              string `json:"id"`
	Title           string `json:"title"`
	With            string `json:"with"` // the customer or the lead, id and name
	Stage           string `json:"stage"`
	StageSince      string `json:"stage_since"`
	AmountCents     int64  `json:"amount_cents"`
	WeightedCents   int64  `json:"weighted_cents"`
	ExpectedCloseOn string `json:"expected_close_on"`
	OverdueDays     int    `json:"overdue_days"` // past the expected day, and still open
	OwnerID         string `json:"owner_id"`
	Owner           string `json:"owner"`
	percent         int64
	open            bool
}

const (
	maxOverdueDeals = 8
	maxLargestDeals = 5
)

func (s store) pipeline(ctx context.Context, in PipelineArguments) (*Pipeline, error) {
	out := &Pipeline{Period: string(in.Period), stage: in.Stage}
	err := s.read(ctx, func(b *books) (err error) {
		out.Currency = b.currency
		var name string
		if in.CustomerID != "" {
			if name, out.Note, err = b.lookUp(customers, string(in.CustomerID)); err != nil || out.Note != "" {
				return err
			}
			out.Asked += " with " + wording.Named(string(in.CustomerID), name)
		}
		if in.OwnerID != "" {
			if name, out.Note, err = b.lookUp(owners, string(in.OwnerID)); err != nil || out.Note != "" {
				return err
			}
			out.Asked += " of " + wording.Named(string(in.OwnerID), name)
		}
		if in.Stage != "" {
			out.Asked += " in the stage " + in.Stage
		}
		found, err := b.deals("(? = '' OR d.customer_id = ?) AND (? = '' OR d.owner_id = ?)", in.CustomerID, in.CustomerID, in.OwnerID, in.OwnerID)
		if err != nil {
			return err
		}
		from, before, err := bounds(in.Period)
		if err != nil {
			return err
		}
		for _, d := range found {
			day := d.ExpectedCloseOn
			if !d.open {
				day = d.StageSince
			}
			if day >= from && day < before && (in.Stage == "" || d.Stage == in.Stage) {
				out.count(d)
			}
		}
		slices.SortStableFunc(out.Largest, func(a, b Deal) int { return cmp.Compare(b.AmountCents, a.AmountCents) })
		out.Largest, out.Part, err = tools.Cut(out.Largest, out.Open, maxLargestDeals, in.Paged)
		return err
	})
	return out, err
}

// deals reads the deals of a condition in their present stage, those of later stages last and the larger first.
func (b *books) deals(condition string, arguments ...any) (found []Deal, err error) {
	err = b.Each(`SELECT d.id, d.title, coalesce(c.id, l.id), coalesce(c.name, l.company), s.stage, s.entered_on, d.amount_cents, d.expected_close_on,
			p.id, p.name, g.probability_percent, g.open
		FROM deals d JOIN deal_steps s ON s.deal_id = d.id AND s.step = (SELECT max(step) FROM deal_steps WHERE deal_id = d.id)
		JOIN deal_stages g ON g.stage = s.stage JOIN sales_people p ON p.id = d.owner_id
		LEFT JOIN customers c ON c.id = d.customer_id LEFT JOIN leads l ON l.id = d.lead_id
		WHERE `+condition+` ORDER BY g.position, d.amount_cents DESC, d.id`, arguments, func(scan func(...any) error) error {
		var d Deal
		var id, name string
		if err := scan(&d.ID, &d.Title, &id, &name, &d.Stage, &d.StageSince, &d.AmountCents, &d.ExpectedCloseOn, &d.OwnerID, &d.Owner, &d.percent, &d.open); err != nil {
			return err
		}
		d.With = wording.Named(id, name)
		d.WeightedCents = (d.AmountCents*d.percent + 50) / 100
		if d.open {
			d.OverdueDays = max(0, b.daysSince(d.ExpectedCloseOn))
		}
		found = append(found, d)
		return nil
	})
	return found, err
}

// count puts a deal where it belongs.
func (o *Pipeline) count(d Deal) {
	switch {
	case d.open:
		o.Open++
		o.OpenCents += d.AmountCents
		o.WeightedCents += d.WeightedCents
		if len(o.Stages) == 0 || o.Stages[len(o.Stages)-1].Stage != d.Stage {
			o.Stages = append(o.Stages, StageTotal{Stage: d.Stage, ProbabilityPercent: d.percent})
		}
		stage := &o.Stages[len(o.Stages)-1]
		stage.Count++
		stage.Cents += d.AmountCents
		stage.WeightedCents += d.WeightedCents
		if d.OverdueDays > 0 {
			o.Overdue = append(o.Overdue, d)
			o.OverdueCents += d.AmountCents
		}
		o.Largest = append(o.Largest, d)
	case d.Stage == "won":
		o.Won++
		o.WonCents += d.AmountCents
	default:
		o.Lost++
		o.LostCents += d.AmountCents
	}
}

// Sentences implements tools.Outcome.
func (o *Pipeline) Sentences() []string {
	if o.Note != "" {
		return []string{o.Note}
	}
	when := ""
	if o.Period != "" {
		when = " that should close in " + o.Period
	}
	first := fmt.Sprintf("There is no open deal%s%s.", o.Asked, when)
	if o.Open > 0 {
		first = fmt.Sprintf("The pipeline holds %s%s%s, together %s; weighted by the probability of their stages %s.", wording.Counted(o.Open, "open deal"), o.Asked,
			when, wording.Money(o.Currency, o.OpenCents), wording.Money(o.Currency, o.WeightedCents))
	}
	return wording.NoneEmpty(first, o.byStage(), o.overdue(), o.largest(), o.decided())
}

func (o *Pipeline) byStage() string {
	if len(o.Stages) < 2 {
		return ""
	}
	words := make([]string, len(o.Stages))
	for i, s := range o.Stages {
		words[i] = fmt.Sprintf("%s %d with %s (%d%%)", s.Stage, s.Count, wording.Money(o.Currency, s.Cents), s.ProbabilityPercent)
	}
	return "By stage: " + wording.List(words) + "."
}

func (o *Pipeline) overdue() string {
	if len(o.Overdue) == 0 {
		return ""
	}
	together := fmt.Sprintf("%s should have been decided by now, together %s", wording.Counted(len(o.Overdue), "deal"), wording.Money(o.Currency, o.OverdueCents))
	if o.Later() { // the first page has them
		return together + "."
	}
	var words []string
	for _, d := range o.Overdue[:min(maxOverdueDeals, len(o.Overdue))] {
		words = append(words, fmt.Sprintf("%s with %s, %s, %s late", d.ID, d.With, wording.Money(o.Currency, d.AmountCents), wording.Counted(d.OverdueDays, "day")))
	}
	end := "."
	if more := len(o.Overdue) - len(words); more > 0 {
		end = fmt.Sprintf("; and %d more, ask with a stage or an owner_id.", more)
	}
	return together + ": " + strings.Join(words, "; ") + end
}

func (o *Pipeline) largest() string {
	if o.Open == 0 {
		return ""
	}
	words := make([]string, len(o.Largest))
	for i, d := range o.Largest {
		words[i] = fmt.Sprintf("%s %s with %s, %s, in %s, expected on %s", d.ID, quoted(d.Title), d.With, wording.Money(o.Currency, d.AmountCents), d.Stage, d.ExpectedCloseOn)
	}
	start := "The largest: "
	if len(o.Largest) == o.Open || o.Later() {
		start = "Largest first: "
	}
	end := "."
	if more := o.Rest(); more > 0 && o.Page > 0 {
		end = fmt.Sprintf("; and %d more, ask with %s.", more, o.With("a stage or an owner_id"))
	}
	return o.Title(start) + strings.Join(words, "; ") + end
}

func (o *Pipeline) decided() string {
	if o.stage != "" || o.Won+o.Lost == 0 {
		return ""
	}
	when := "In all"
	if o.Period != "" {
		when = "In " + o.Period
	}
	return fmt.Sprintf("%s %s worth %s %s won and %s worth %s lost.", when, wording.Counted(o.Won, "deal"), wording.Money(o.Currency, o.WonCents),
		oneOr(o.Won, "was", "were"), wording.Counted(o.Lost, "deal"), wording.Money(o.Currency, o.LostCents))
}
