package itops

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"bestbox/internal/connections"
	"bestbox/tools/wording"
)

// alertmanager is the company's Alertmanager: four requests of its API v2. Its own client is generated and links 35 modules for them, a MongoDB driver among these.
type alertmanager struct {
	*connections.Client
	critical []string // values of the label severity
}

// firing is an alert as Alertmanager tells it.
type firing struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	Status      struct {
		SilencedBy []string `json:"silencedBy"`
	} `json:"status"`
}

// silence is a silence as Alertmanager tells it and takes it.
type silence struct {
	ID        string    `json:"id,omitempty"`
	Matchers  []matcher `json:"matchers"`
	StartsAt  time.Time `json:"startsAt"`
	EndsAt    time.Time `json:"endsAt"`
	CreatedBy string    `json:"createdBy"`
	Comment   string    `json:"comment"`
	Status    *struct {
		State string `json:"state"` // active, pending, expired
	} `json:"status,omitempty"`
}

type matcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual bool   `json:"isEqual"`
}

// send sends a request and decodes the answer, where there is a place for it.
func (a *alertmanager) send(ctx context.Context, method, path string, body, into any, expected ...int) (err error) {
	var content []byte
	if body != nil {
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, a.URL("api/v2/"+path).String(), bytes.NewReader(content))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := a.Do(request, append(expected, http.StatusOK)...)
	if err != nil {
		return err
	}
	if into != nil && answer.Status == http.StatusOK {
		if err := json.Unmarshal(answer.Body, into); err != nil {
			return a.Garbled(err, answer.Body)
		}
	}
	return nil
}

func (a *alertmanager) alerts(ctx context.Context) (all []firing, err error) {
	err = a.send(ctx, http.MethodGet, "alerts", nil, &all)
	return all, err
}

func (a *alertmanager) silences(ctx context.Context) (all []silence, err error) {
	err = a.send(ctx, http.MethodGet, "silences", nil, &all)
	return all, err
}

// create makes a silence and returns its id.
func (a *alertmanager) create(ctx context.Context, s silence) (id string, err error) {
	var made struct {
		ID string `json:"silenceID"`
	}
	if err = a.send(ctx, http.MethodPost, "silences", s, &made); err == nil && made.ID == "" {
		err = a.Garbled(nil, []byte("no silenceID"))
	}
	return made.ID, err
}

// expire ends a silence. One that has ended, or is forgotten, is no error.
func (a *alertmanager) expire(ctx context.Context, id string) error {
	return a.send(ctx, http.MethodDelete, "silence/"+id, nil, nil, http.StatusNotFound)
}

// fingerprint numbers alerts by their labels, as Alertmanager does; an alert that fires again has the same number.
func fingerprint(labels map[string]string) string {
	set := make(model.LabelSet, len(labels))
	for name, value := range labels {
		set[model.LabelName(name)] = model.LabelValue(value)
	}
	number := uint64(set.Fingerprint()) % 1e8
	return fmt.Sprintf("ALR-%04d-%04d", number/1e4, number%1e4)
}

// alerts implements monitor: what fires is Alertmanager's to tell, what is over Prometheus's.
func (o *observed) alerts() ([]ActiveAlert, error) {
	if o.asked {
		return o.known, nil
	}
	var all []ActiveAlert
	var err error
	if o.alertmanager == nil {
		o.miss("no alerts are connected (connections.alertmanager)")
	} else if all, err = o.firing(); err != nil {
		return nil, err
	}
	over, err := o.past(all)
	if err != nil {
		return nil, err
	}
	all = append(all, over...)
	slices.SortStableFunc(all, func(a, b ActiveAlert) int {
		if by := stateOrder[a.State] - stateOrder[b.State]; by != 0 {
			return by
		}
		bySeverity := 0
		if a.State != "resolved" {
			bySeverity = cmp.Compare(a.Severity, b.Severity)
		}
		return cmp.Or(bySeverity, cmp.Compare(b.FiredAt, a.FiredAt), cmp.Compare(a.ID, b.ID))
	})
	o.known, o.asked = all, true
	return all, nil
}

var stateOrder = map[string]int{"active": 1, "silenced": 2, "resolved": 3}

// firing are the alerts that Alertmanager has.
func (o *observed) firing() (all []ActiveAlert, err error) {
	known, err := o.alertmanager.alerts(o.ctx)
	if err != nil {
		return nil, err
	}
	silences := map[string]silence{}
	if slices.ContainsFunc(known, func(f firing) bool { return len(f.Status.SilencedBy) > 0 }) {
		list, err := o.alertmanager.silences(o.ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			silences[s.ID] = s
		}
	}
	strange, rules := 0, []string{}
	for _, f := range known {
		id, found := o.componentOf(f.Labels)
		if !found {
			strange++
			if rule := ruleOf(f.Labels); !slices.Contains(rules, rule) {
				rules = append(rules, rule)
			}
			continue
		}
		a := o.alertOf(id, f.Labels)
		a.State, a.FiredAt, a.Summary = "active", o.wall(f.StartsAt).Format(minutes), f.summary()
		for _, by := range f.Status.SilencedBy {
			if until := o.wall(silences[by].EndsAt).Format(minutes); a.State == "active" || until > a.SilencedUntil {
				a.State, a.SilencedUntil, a.SilenceReason = "silenced", until, withoutMark(silences[by].Comment)
			}
		}
		all = append(all, a)
	}
	if strange > 0 {
		slices.Sort(rules)
		o.miss(fmt.Sprintf("%s %s about no component that is known by its labels (%s)", wording.Counted(strange, "active alert"), wording.IsAre(strange),
			bounded(rules, "Alertmanager")))
	}
	return all, nil
}

// alertOf is an alert about a component, as far as its labels tell.
func (o *observed) alertOf(id string, labels map[string]string) ActiveAlert {
	severity := "warning"
	critical := []string{"critical"}
	if o.alertmanager != nil {
		critical = o.alertmanager.critical
	}
	if slices.Contains(critical, labels["severity"]) {
		severity = "critical"
	}
	return ActiveAlert{ID: fingerprint(labels), ComponentID: id, Component: o.p.components[id].name, Rule: ruleOf(labels), Severity: severity, labels: labels}
}

// ruleOf is the name of the rule that fires. Whoever can send alerts chooses it, so it is no more than a word.
func ruleOf(labels map[string]string) string {
	return cmp.Or(strings.ReplaceAll(wording.Name(labels["alertname"]), " ", "_"), "unnamed")
}

// summary is what the alert says of itself: text of whoever wrote the rule, with values from outside.
func (f firing) summary() string {
	return oneLine(cmp.Or(f.Annotations["summary"], f.Annotations["description"], f.Annotations["message"], ruleOf(f.Labels)))
}
