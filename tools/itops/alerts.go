package itops

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var alertsDefinition = tools.Definition{
	Name: "get_active_alerts",
	Description: "Alerts of machines, hosts and services: which are active now, how severe, since when; also silenced and past ones. " +
		"Use it for questions about alerts and alarms.",
	Words:  "alert|alarm|trip|tripped|tripping|silenced|告警|报警|警报|跳闸|跳机",
	Effect: tools.Read, Outsiders: true,
}

// AlertsArguments are the arguments of get_active_alerts.
type AlertsArguments struct {
	spellings
	ComponentID componentID `json:"component_id,omitempty" jsonschema_description:"Only alerts of this machine, host or service."`
	Kind        string      `json:"kind,omitempty" jsonschema:"enum=machine,enum=host,enum=service" jsonschema_extras:"x-words=machine:machine|machines|设备|机器|机床;host:host|hosts|server|servers|主机|服务器;service:service|services|application|applications|服务|应用" jsonschema_description:"Only alerts of components of this kind."`
	Severity    string      `json:"severity,omitempty" jsonschema:"enum=critical,enum=warning" jsonschema_extras:"x-words=critical:critical|serious|severe|严重|紧急;warning:warning|warnings|警告" jsonschema_description:"Only alerts of this severity."`
	State       string      `json:"state,omitempty" jsonschema:"enum=active,enum=silenced,enum=resolved,enum=all" jsonschema_extras:"x-words=active:active|right now|now|currently|current|firing|alarming|当前|现在|正在|活动;silenced:silenced|silence|muted|静默|屏蔽;resolved:resolved|over|past|earlier|previous|解决|已恢复|过去;all:all|how often|how many times|times|ever|since|again and again|keeps|history|last|全部|所有|多少次|几次|一共|以来" jsonschema_description:"Without it: active; with days: all that fired then. resolved: is over."`
	Since       dates.Date  `json:"since,omitempty" jsonschema_description:"Only alerts that fired on or after this day."`
	Until       dates.Date  `json:"until,omitempty" jsonschema_description:"Only alerts that fired on or before this day."`
	Limit       int         `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_extras:"x-number=named" jsonschema_description:"How many alerts to list. Without it: all of up to 15, else 8."`
	tools.Paged
}

// Alerts are the alerts found.
type Alerts struct {
	tools.Part
	Note     string        `json:"note,omitempty"`
	Asked    string        `json:"asked"`
	State    string        `json:"state"`
	Severity string        `json:"severity,omitempty"`
	Count    int           `json:"count"`
	Critical int           `json:"critical"`
	Warnings int           `json:"warnings"`
	Silenced int           `json:"silenced"` // of the same components, beside the active ones
	Alerts   []ActiveAlert `json:"alerts,omitempty"`
	Rules    []RuleCount   `json:"rules,omitempty"` // how often each rule fired; only where some fired more than once
	Exist    string        `json:"exist,omitempty"`
	Gaps     []string      `json:"gaps,omitempty"`
}

// ActiveAlert is one alert.
type ActiveAlert struct {
	ID            string `json:"id"`
	ComponentID   string `json:"component_id"`
	Component     string `json:"component"`
	Rule          string `json:"rule"`
	Severity      string `json:"severity"`
	Summary       string `json:"summary"`
	State         string `json:"state"` // active, silenced, resolved
	FiredAt       string `json:"fired_at"`
	ResolvedAt    string `json:"resolved_at,omitempty"`
	SilencedUntil string `json:"silenced_until,omitempty"`
	SilenceReason string `json:"silence_reason,omitempty"`

	labels map[string]string // outside of the records: what names it there
}

// RuleCount is how often a rule fired for a component.
type RuleCount struct {
	ComponentID string `json:"component_id"`
	Rule        string `json:"rule"`
	Count       int    `json:"count"`
}

const (
	wholeAlertList = 15
	cutAlertList   = 8
)

func (s store) activeAlerts(ctx context.Context, in AlertsArguments) (*Alerts, error) {
	when, err := dates.ParseSpan("since", in.Since, "until", in.Until)
	if err != nil {
		return nil, err
	}
	out := &Alerts{State: in.State, Severity: in.Severity}
	if out.State == "" {
		out.State = "active"
		if !when.Open() {
			out.State = "all"
		}
	}
	err = s.read(ctx, func(p *plant) error {
		if in.ComponentID != "" {
			c, missing := p.find(in.ComponentID)
			if out.Note = missing; missing != "" {
				return nil
			}
			out.Asked = " of " + c.named()
		} else if in.Kind != "" {
			out.Asked = " of " + in.Kind + "s"
		}
		out.Asked += when.Words()
		all, err := p.alerts()
		if err != nil {
			return err
		}
		from, to := bounds(when)
		rules := map[RuleCount]int{}
		for _, a := range all {
			if in.ComponentID != "" && a.ComponentID != string(in.ComponentID) || in.Kind != "" && p.components[a.ComponentID].kind != in.Kind ||
				in.Severity != "" && a.Severity != in.Severity || a.FiredAt < from || a.FiredAt > to {
				continue
			}
			if a.State == "silenced" {
				out.Silenced++
			}
			if out.State == "all" || a.State == out.State {
				out.Alerts = append(out.Alerts, a)
				out.add(a, rules)
			}
		}
		out.Count = len(out.Alerts)
		out.Alerts, out.Part, err = tools.Cut(out.Alerts, out.Count, in.Size(in.Limit, wholeAlertList, cutAlertList, out.Count), in.Paged)
		if err != nil {
			return err
		}
		out.Exist = out.whatExists(p, all, in.ComponentID)
		out.Gaps = p.gaps()
		return nil
	})
	return out, err
}

func (o *Alerts) add(a ActiveAlert, rules map[RuleCount]int) {
	if a.Severity == "critical" {
		o.Critical++
	} else {
		o.Warnings++
	}
	key := RuleCount{ComponentID: a.ComponentID, Rule: a.Rule}
	at, known := rules[key]
	if !known {
		at = len(o.Rules)
		rules[key] = at
		o.Rules = append(o.Rules, key)
	}
	o.Rules[at].Count++
}

// whatExists says what there is of a component that has nothing of what was asked for.
func (o *Alerts) whatExists(p *plant, all []ActiveAlert, id componentID) string {
	if o.Count > 0 || id == "" {
		return ""
	}
	for _, a := range all { // active ones first, newest first
		if a.ComponentID == string(id) {
			return fmt.Sprintf("The last alert of %s was %s (%s) on %s, %s.", p.components[a.ComponentID].named(), a.ID, wording.Name(a.Rule), a.FiredAt, a.over())
		}
	}
	return p.components[string(id)].named() + " had no alert at all."
}

// says is what the alert says, as a quotation: programs have written it, and fill it with what they are sent.
func (a ActiveAlert) says() string { return quotation(strings.TrimSuffix(a.Summary, ".")) }

func (a ActiveAlert) over() string {
	if a.ResolvedAt == "" {
		return a.State
	}
	return "resolved at " + a.ResolvedAt
}

// recorded is the monitor of the demo plant: what the records hold.
type recorded struct {
	records.View
	now time.Time
}

// gaps implements monitor: all that there is of the demo plant is in the records.
func (recorded) gaps() []string { return nil }

func (recorded) watches(string) bool { return true }

func (p recorded) alerts() (all []ActiveAlert, err error) {
	const query = `
		WITH seen AS (
			SELECT a.id, a.component_id, c.name, a.rule, a.severity, a.summary,
				CASE WHEN a.resolved_at IS NOT NULL THEN 'resolved' WHEN s.id IS NOT NULL THEN 'silenced' ELSE 'active' END AS state,
				a.fired_at, coalesce(a.resolved_at, '') AS resolved_at, coalesce(s.until, '') AS until, coalesce(s.reason, '') AS reason
			FROM alerts a JOIN components c ON c.id = a.component_id
			LEFT JOIN silences s ON s.id = (SELECT max(id) FROM silences WHERE alert_id = a.id AND lifted = 0) AND s.until > ? AND a.resolved_at IS NULL
		)
		SELECT id, component_id, name, rule, severity, summary, state, fired_at, resolved_at, until, reason FROM seen
		ORDER BY CASE state WHEN 'active' THEN 1 WHEN 'silenced' THEN 2 ELSE 3 END, CASE WHEN state <> 'resolved' THEN severity END, fired_at DESC, id`
	err = p.Each(query, []any{p.now.Format(minutes)}, func(scan func(...any) error) error {
		var a ActiveAlert
		err := scan(&a.ID, &a.ComponentID, &a.Component, &a.Rule, &a.Severity, &a.Summary, &a.State, &a.FiredAt, &a.ResolvedAt,
			&a.SilencedUntil, &a.SilenceReason)
		a.Summary = oneLine(a.Summary)
		all = append(all, a)
		return err
	})
	return all, err
}

// Sentences implements tools.Outcome.
func (o *Alerts) Sentences() []string {
	if o.Note != "" {
		return []string{o.Note}
	}
	which := o.State + " "
	if o.State == "all" {
		which = ""
	}
	if o.Severity != "" {
		which += o.Severity + " "
	}
	if o.Count == 0 {
		return wording.NoneEmpty(fmt.Sprintf("There are no %salerts%s.", which, o.Asked), o.silenced(), o.Exist, notSeen(o.Gaps))
	}
	severities := make([]string, 0, 2)
	if o.Critical > 0 {
		severities = append(severities, fmt.Sprintf("%d critical", o.Critical))
	}
	if o.Warnings > 0 {
		severities = append(severities, wording.Counted(o.Warnings, "warning"))
	}
	sentences := []string{fmt.Sprintf("There %s %s%s: %s.", wording.IsAre(o.Count), wording.Counted(o.Count, which+"alert"), o.Asked, wording.List(severities))}
	if o.Severity != "" {
		sentences[0] = fmt.Sprintf("There %s %s%s.", wording.IsAre(o.Count), wording.Counted(o.Count, which+"alert"), o.Asked)
	}
	often := o.often()
	if o.ofOne() && often != "" {
		// Who asks how often a machine trips reads the first figure.
		sentences, often = []string{fmt.Sprintf("There are %s%s: %s.", wording.Counted(o.Count, which+"alert"), o.Asked, wording.List(o.byRule()))}, ""
	}
	return append(sentences, wording.NoneEmpty(o.listed("critical"), o.listed("warning"), often, o.rest(), o.silenced(), notSeen(o.Gaps))...)
}

func (o *Alerts) listed(severity string) string {
	var entries []string
	for _, a := range o.Alerts {
		if a.Severity != severity {
			continue
		}
		entry := fmt.Sprintf("%s on %s (%s): %s, since %s", a.ID, a.ComponentID, a.Component, a.says(), a.FiredAt)
		switch a.State {
		case "resolved":
			entry = strings.Replace(entry, ", since ", ", from ", 1) + " to " + a.ResolvedAt
		case "silenced":
			entry += fmt.Sprintf(", silenced until %s because: %s", a.SilencedUntil, quotation(a.SilenceReason))
		}
		entries = append(entries, entry)
	}
	if len(entries) == 0 {
		return ""
	}
	title := map[string]string{"critical": "Critical: ", "warning": "Warnings: "}[severity]
	return o.Title(title) + strings.Join(entries, "; ") + "."
}

// ofOne reports whether all alerts are of one component.
func (o *Alerts) ofOne() bool {
	return !slices.ContainsFunc(o.Rules, func(r RuleCount) bool { return r.ComponentID != o.Rules[0].ComponentID })
}

// byRule says how often each rule fired.
func (o *Alerts) byRule() (entries []string) {
	for _, r := range o.Rules {
		times := "once"
		if r.Count > 1 {
			times = fmt.Sprintf("%d times", r.Count)
		}
		entries = append(entries, quotation(r.Rule)+" "+times)
	}
	return entries
}

func (o *Alerts) often() string {
	var entries []string
	for _, r := range o.Rules {
		if r.Count > 1 && len(entries) < 5 {
			entries = append(entries, fmt.Sprintf("%s of %s %d times", quotation(r.Rule), r.ComponentID, r.Count))
		}
	}
	if len(entries) == 0 {
		return ""
	}
	return "More than once fired " + wording.List(entries) + "."
}

func (o *Alerts) rest() string {
	if o.Rest() == 0 {
		return ""
	}
	return fmt.Sprintf("Shown are %d of %d, and %d more, ask with %s.", len(o.Alerts), o.Count, o.Rest(), o.With("a component, a severity or a limit"))
}

func (o *Alerts) silenced() string {
	if o.State != "active" || o.Silenced == 0 {
		return ""
	}
	return fmt.Sprintf("%s %s silenced, ask with the state silenced.", wording.Counted(o.Silenced, "further alert"), wording.IsAre(o.Silenced))
}
