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

var leadsDefinition = tools.Definition{
	Name: "get_leads",
	Description: "Leads ranked by a score from 0 to 100 with the reasons, their next steps and what is overdue; with lead_id all about one lead. " +
		"Use it for questions about leads, prospects and whom to focus on.",
	Effect: tools.Read, Outsiders: true,
}

// LeadsArguments are the arguments of get_leads.
type LeadsArguments struct {
	spellings
	LeadID  leadID     `json:"lead_id,omitempty" jsonschema_description:"Only this lead."`
	Stage   string     `json:"stage,omitempty" jsonschema:"enum=new,enum=contacted,enum=qualified,enum=converted,enum=disqualified" jsonschema_extras:"x-words=new:new|新;contacted:contacted|联系过|已联系;qualified:qualified|合格;converted:converted|became customers|转化|成交;disqualified:disqualified|unsuitable|given up|不合格|放弃" jsonschema_description:"Only this stage. Without it: all that are still open."`
	OwnerID employeeID `json:"owner_id,omitempty" jsonschema_description:"Only those of this sales person."`
	Limit   int        `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_extras:"x-number=named" jsonschema_description:"How many to list. Without it: 5."`
	tools.Paged
}

// Leads are the leads found, the highest score first. Amounts are cents.
type Leads struct {
	tools.Part
	Note     string `json:"note,omitempty"`
	Currency string `json:"currency"`
	Asked    string `json:"asked"` // the filter in words
	Count    int    `json:"count"`
	// BudgetCents is what all of them together want to spend, as far as it is known.
	BudgetCents int64  `json:"budget_cents"`
	Overdue     int    `json:"overdue"`       // leads whose next step is overdue
	Leads       []Lead `json:"leads"`         // at most the limit
	One         bool   `json:"one,omitempty"` // a lead was asked for by its id
}

// Lead is one lead with its score.
type Lead struct {
	ID              string   `json:"id"`
	Company         string   `json:"company"`
	CompanyLocal    string   `json:"company_local,omitempty"`
	Contact         string   `json:"contact"`
	Industry        string   `json:"industry"`
	Country         string   `json:"country"`
	Employees       int      `json:"employees"`
	Source          string   `json:"source"`
	Stage           string   `json:"stage"`
	BudgetCents     *int64   `json:"budget_cents,omitempty"`
	WantedOn        string   `json:"wanted_on,omitempty"`
	WantedInDays    int      `json:"wanted_in_days"`
	CreatedOn       string   `json:"created_on"`
	OwnerID         string   `json:"owner_id"`
	Owner           string   `json:"owner"`
	NextStep        string   `json:"next_step,omitempty"`
	NextStepOn      string   `json:"next_step_on,omitempty"`
	NextOverdueDays int      `json:"next_step_overdue_days"`
	LastContactOn   string   `json:"last_contact_on,omitempty"`
	SilentDays      int      `json:"silent_days"` // since the last contact, or since it came in
	Inquiry         string   `json:"inquiry"`
	Score           int      `json:"score"`
	Reasons         []Reason `json:"reasons"`
}

const defaultLeads = 5

func (s store) leads(ctx context.Context, in LeadsArguments) (*Leads, error) {
	out := &Leads{One: in.LeadID != ""}
	if in.Limit == 0 {
		in.Limit = defaultLeads
	}
	err := s.read(ctx, func(b *books) (err error) {
		out.Currency = b.currency
		if in.LeadID != "" {
			if _, out.Note, err = b.lookUp(leads, string(in.LeadID)); err != nil || out.Note != "" {
				return err
			}
		}
		var owner string
		if in.OwnerID != "" {
			if owner, out.Note, err = b.lookUp(owners, string(in.OwnerID)); err != nil || out.Note != "" {
				return err
			}
			out.Asked = " of " + wording.Named(string(in.OwnerID), owner)
		}
		found, err := b.readLeads("(? = '' OR l.id = ?) AND (? = '' OR l.owner_id = ?)", in.LeadID, in.LeadID, in.OwnerID, in.OwnerID)
		if err != nil {
			return err
		}
		return out.keep(found, in)
	})
	return out, err
}

// readLeads reads and scores the leads of a condition, the highest score first.
func (b *books) readLeads(condition string, arguments ...any) (found []Lead, err error) {
	query := `SELECT l.id, l.company, l.name_local, l.contact, l.industry, l.country, l.employees, l.source, l.stage, l.budget_cents,
			coalesce(l.wanted_on, ''), l.created_on, l.owner_id, p.name, l.next_step, coalesce(l.next_step_on, ''), l.inquiry,
			coalesce((SELECT max(happened_on) FROM activities a WHERE a.lead_id = l.id AND a.kind <> 'note'), '')
		FROM leads l JOIN sales_people p ON p.id = l.owner_id WHERE ` + condition + ` ORDER BY l.id`
	err = b.Each(query, arguments, func(scan func(...any) error) error {
		var l Lead
		if err := scan(&l.ID, &l.Company, &l.CompanyLocal, &l.Contact, &l.Industry, &l.Country, &l.Employees, &l.Source, &l.Stage, &l.BudgetCents,
			&l.WantedOn, &l.CreatedOn, &l.OwnerID, &l.Owner, &l.NextStep, &l.NextStepOn, &l.Inquiry, &l.LastContactOn); err != nil {
			return err
		}
		if l.WantedOn != "" {
			l.WantedInDays = -b.daysSince(l.WantedOn)
		}
		l.SilentDays = b.daysSince(cmp.Or(l.LastContactOn, l.CreatedOn))
		if l.NextStepOn != "" {
			l.NextOverdueDays = max(0, b.daysSince(l.NextStepOn))
		}
		l.score(b)
		found = append(found, l)
		return nil
	})
	slices.SortStableFunc(found, func(a, b Lead) int { return b.Score - a.Score })
	return found, err
}

func (o *Leads) keep(found []Lead, in LeadsArguments) (err error) {
	switch {
	case o.One:
	case in.Stage != "":
		o.Asked = " in the stage " + in.Stage + o.Asked
	default:
		o.Asked = " still open" + o.Asked
	}
	for _, l := range found {
		if !o.One && (in.Stage == "" && !slices.Contains(openStages, l.Stage) || in.Stage != "" && l.Stage != in.Stage) {
			continue
		}
		o.Count++
		if l.BudgetCents != nil {
			o.BudgetCents += *l.BudgetCents
		}
		if l.NextOverdueDays > 0 {
			o.Overdue++
		}
		o.Leads = append(o.Leads, l)
	}
	o.Leads, o.Part, err = tools.Cut(o.Leads, o.Count, in.Limit, in.Paged)
	return err
}

// Sentences implements tools.Outcome.
func (o *Leads) Sentences() []string {
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.Count == 0:
		return []string{"There is no lead" + o.Asked + "."}
	case o.One:
		return o.Leads[0].sentences(o.Currency)
	}
	return wording.NoneEmpty(o.first(), o.others(), o.overdue(), o.together())
}

// mostReasons is how many reasons of a score are told in a list.
const mostReasons = 3

func (l *Lead) reasons(most int) string {
	words := make([]string, 0, most)
	for _, reason := range l.Reasons[:min(most, len(l.Reasons))] {
		words = append(words, reason.Text)
	}
	return strings.Join(words, ", ")
}

func (o *Leads) first() string {
	l := o.Leads[0]
	switch isOpen := slices.Contains(openStages, l.Stage); {
	case !isOpen && o.Later():
		return o.Title("By score: ") + o.names() + "."
	case !isOpen:
		return fmt.Sprintf("There %s %s%s: %s.", oneOr(o.Count, "is", "are"), wording.Counted(o.Count, "lead"), o.Asked, o.names())
	case o.Later():
		return o.Title("By score: ") + strings.Join(o.ranked(), "; ") + "."
	}
	return fmt.Sprintf("Focus on %s first: score %d of 100 (%s).%s", wording.Named(l.ID, l.Company), l.Score, l.reasons(mostReasons), l.next())
}

func (o *Leads) names() string {
	words := make([]string, len(o.Leads))
	for i, l := range o.Leads {
		words[i] = wording.Named(l.ID, l.Company)
	}
	return wording.List(words)
}

func (o *Leads) others() string {
	if o.Later() || len(o.Leads) < 2 || !slices.Contains(openStages, o.Leads[0].Stage) {
		return ""
	}
	return "Then " + strings.Join(o.ranked()[1:], "; ") + "."
}

// ranked are the leads of the page with their places.
func (o *Leads) ranked() []string {
	words := make([]string, len(o.Leads))
	for i, l := range o.Leads {
		why := ""
		if i < defaultLeads { // further down a name is enough
			why = " (" + l.reasons(2) + ")"
		}
		words[i] = fmt.Sprintf("number %d is %s with %d%s", o.Before()+i+1, wording.Named(l.ID, l.Company), l.Score, why)
	}
	return words
}

func (o *Leads) overdue() string {
	words := make([]string, 0, len(o.Leads))
	for _, l := range o.Leads {
		if l.NextOverdueDays > 0 {
			words = append(words, fmt.Sprintf("%s, %s late: %s", l.ID, wording.Counted(l.NextOverdueDays, "day"), quoted(l.NextStep)))
		}
	}
	if o.Overdue == 0 {
		return ""
	}
	start := fmt.Sprintf("The next step of %s is overdue", wording.Counted(o.Overdue, "lead"))
	if len(words) == 0 {
		return start + "."
	}
	return start + ", of those listed " + strings.Join(words, "; ") + "."
}

func (o *Leads) together() string {
	text := fmt.Sprintf("In all there %s %s%s; their known budgets come to %s.", oneOr(o.Count, "is", "are"), wording.Counted(o.Count, "lead"), o.Asked,
		wording.Money(o.Currency, o.BudgetCents))
	if more := o.Rest(); more > 0 {
		with := "a larger limit"
		if len(o.Leads) == wording.MostListed {
			with = "a stage or an owner_id"
		}
		text = strings.TrimSuffix(text, ".") + fmt.Sprintf("; and %d more than listed, ask with %s.", more, o.With(with))
	}
	return text
}

// next says what is to be done, with a leading blank; empty when nothing is.
func (l *Lead) next() string {
	switch {
	case l.NextStep == "":
		return ""
	case l.NextOverdueDays > 0:
		return fmt.Sprintf(" Next step: %s, overdue since %s (%s).", quoted(l.NextStep), l.NextStepOn, wording.Counted(l.NextOverdueDays, "day"))
	case l.NextStepOn == "":
		return fmt.Sprintf(" Next step: %s, without a day.", quoted(l.NextStep))
	}
	return fmt.Sprintf(" Next step: %s on %s.", quoted(l.NextStep), l.NextStepOn)
}

// sentences tell all about one lead.
func (l *Lead) sentences(currency string) []string {
	first := fmt.Sprintf("%s is %s, a lead in %s, %s", wording.Named(l.ID, l.Company), l.Stage, strings.ToLower(l.Industry), l.Country)
	if slices.Contains(openStages, l.Stage) {
		first += fmt.Sprintf("; its score is %d of 100 (%s)", l.Score, l.reasons(len(l.Reasons)))
	}
	budget := "Its budget is not known"
	if l.BudgetCents != nil {
		budget = "Its budget is " + wording.Money(currency, *l.BudgetCents)
	}
	if l.WantedOn != "" {
		budget += ", and it wants to buy by " + l.WantedOn
	}
	contact := fmt.Sprintf("Contact: %s; looked after by %s", quoted(l.Contact), wording.Named(l.OwnerID, l.Owner))
	if l.LastContactOn != "" {
		contact += fmt.Sprintf("; last contact on %s, %s ago", l.LastContactOn, wording.Counted(l.SilentDays, "day"))
	} else {
		contact += "; no contact yet"
	}
	return wording.NoneEmpty(first+".", budget+".", contact+".", strings.TrimSpace(l.next()), "In their words: "+quoted(l.Inquiry)+".")
}
