package itops

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var metricsDefinition = tools.Definition{
	Name: "query_metrics",
	Description: "Measurements of machines, hosts and services: value now, trend, lowest and highest, limits crossed and since when. " +
		"Without a component: everything that is out of its limits. Use it for temperature, pressure, vibration, CPU, disk and the like.",
	Words:  "temperature|warm|hot|pressure|vibration|latency|response time|certificate|cpu|memory|disk|packet loss|error rate|温度|压力|振动|响应时间|延迟|证书|磁盘|硬盘|内存|丢包|错误率",
	Effect: tools.Read,
}

// MetricsArguments are the arguments of query_metrics.
type MetricsArguments struct {
	spellings
	ComponentID componentID `json:"component_id,omitempty" jsonschema_description:"Only this machine, host or service."`
	Metric      string      `json:"metric,omitempty" jsonschema:"enum=temperature,enum=pressure,enum=vibration,enum=motor_current,enum=cpu,enum=memory,enum=disk,enum=latency,enum=errors,enum=packet_loss,enum=certificate_days" jsonschema_extras:"x-words=temperature:temperature|warm|hot|heat|cold|温度|热|过热;pressure:pressure|压力|气压;vibration:vibration|vibrate|vibrates|shaking|振动|震动;motor_current:current|ampere|amps|电流;cpu:cpu|processor|load|处理器|负载;memory:memory|ram|内存;disk:disk|disks|space|storage|full|磁盘|硬盘|空间;latency:latency|slow|fast|response time|respond|延迟|响应|慢;errors:errors|error rate|错误率|错误;packet_loss:packet|packets|packet loss|丢包;certificate_days:certificate|certificates|证书" jsonschema_description:"Only this metric."`
	Since       dates.Date  `json:"since,omitempty" jsonschema_description:"Only measurements on or after this day."`
	Until       dates.Date  `json:"until,omitempty" jsonschema_description:"Only measurements on or before this day."`
}

// Metrics are the series found.
type Metrics struct {
	Note       string       `json:"note,omitempty"`
	Asked      string       `json:"asked"`
	Count      int          `json:"count"`            // of the series
	Out        int          `json:"out_of_limits"`    // how many of them are
	Components int          `json:"components"`       // how many components they belong to
	Series     []SeriesSeen `json:"series,omitempty"` // of one component, or of one metric: all, those out of limits first; else only these
	Exist      string       `json:"exist,omitempty"`
	Gaps       []string     `json:"gaps,omitempty"`
	narrow     bool         // one component was asked for
	metric     bool         // one metric was
}

// SeriesSeen is one series in figures.
type SeriesSeen struct {
	ComponentID string `json:"component_id"`
	Component   string `json:"component"`
	Metric      string `json:"metric"`
	Label       string `json:"label"`
	Unit        string `json:"unit"`
	Last        int64  `json:"last"`
	LastAt      string `json:"last_at"`
	LowLimit    *int64 `json:"low_limit,omitempty"`
	HighLimit   *int64 `json:"high_limit,omitempty"`
	State       string `json:"state"` // within, below, above
	OutSince    string `json:"out_since,omitempty"`
	Trend       string `json:"trend"`         // rose, fell, steady
	FirstMean   int64  `json:"first_average"` // of the first day
	LastMean    int64  `json:"last_average"`  // of the last day
	Change      int64  `json:"change"`
	Lowest      int64  `json:"lowest"`
	LowestAt    string `json:"lowest_at"`
	Highest     int64  `json:"highest"`
	HighestAt   string `json:"highest_at"`
}

// mostSeries bounds how many series are told about.
const mostSeries = 6

func (s store) metrics(ctx context.Context, in MetricsArguments) (*Metrics, error) {
	when, err := dates.ParseSpan("since", in.Since, "until", in.Until)
	if err != nil {
		return nil, err
	}
	out := &Metrics{narrow: in.ComponentID != "", metric: in.Metric != ""}
	err = s.read(ctx, func(p *plant) error {
		defer func() { out.Gaps = p.gaps() }()
		if in.Metric != "" {
			out.Asked = " of " + strings.ReplaceAll(in.Metric, "_", " ")
		}
		if in.ComponentID != "" {
			c, missing := p.find(in.ComponentID)
			if out.Note = missing; missing != "" {
				return nil
			}
			out.Asked += " of " + c.named()
		}
		out.Asked += when.Words()
		if err := out.find(p, in, when); err != nil {
			return err
		}
		if !out.narrow {
			slices.SortStableFunc(out.Series, func(a, b SeriesSeen) int {
				return cmp.Or(strings.Compare(a.within(), b.within()), order(in.Metric, a, b))
			})
		}
		if out.Count == 0 {
			return out.whatExists(p, in.ComponentID)
		}
		return nil
	})
	return out, err
}

// find reads the series asked for; without a component and a metric only those out of their limits, and how many there are.
func (o *Metrics) find(p *plant, in MetricsArguments, when dates.Span) error {
	var found []series
	var err error
	all := o.narrow || o.metric
	if all {
		found, err = p.series(string(in.ComponentID), in.Metric, when)
	} else {
		found, err = p.ends(when)
	}
	if err != nil {
		return err
	}
	components := map[string]bool{}
	for _, one := range found {
		components[one.componentID] = true
		out := one.out(one.last().value) != 0
		if out {
			o.Out++
		}
		if out && !all {
			whole, err := p.series(one.componentID, one.metric, when)
			if err != nil {
				return err
			}
			one = whole[0]
		}
		if out || all {
			o.Series = append(o.Series, one.seen(p.components[one.componentID]))
		}
	}
	o.Count, o.Components = len(found), len(components)
	return nil
}

// end is how a series ends.
func (s series) end(c component) SeriesSeen {
	f := SeriesSeen{ComponentID: c.id, Component: c.name, Metric: s.metric, Label: s.label, Unit: s.unit, LowLimit: s.low, HighLimit: s.high,
		Last: s.last().value, LastAt: s.last().at.Format(minutes), State: "within"}
	if since, side := s.outSince(); side != 0 {
		f.State, f.OutSince = map[int]string{-1: "below", 1: "above"}[side], since.Format(minutes)
	}
	return f
}

// seen is a whole series in figures.
func (s series) seen(c component) SeriesSeen {
	f := s.end(c)
	day := min(24*time.Hour, s.last().at.Sub(s.samples[0].at)/3)
	f.FirstMean, f.LastMean = average(s.firstOf(max(day, time.Minute))), average(s.lastOf(day))
	f.Change = f.LastMean - f.FirstMean
	f.Trend = s.trend(f)
	lowest, highest := s.samples[0], s.samples[0]
	for _, one := range s.samples {
		if one.value < lowest.value {
			lowest = one
		}
		if one.value > highest.value {
			highest = one
		}
	}
	f.Lowest, f.LowestAt = lowest.value, lowest.at.Format(minutes)
	f.Highest, f.HighestAt = highest.value, highest.at.Format(minutes)
	return f
}

// trend calls steady what moved by less than a twentieth.
func (s series) trend(f SeriesSeen) string {
	switch size := max(f.Change, -f.Change); {
	case size*20 < max(f.FirstMean, -f.FirstMean) || size == 0:
		return "steady"
	case f.Change > 0:
		return "rose"
	}
	return "fell"
}

func (o *Metrics) whatExists(p *plant, id componentID) error {
	all, err := p.series(string(id), "", dates.Span{})
	if err != nil {
		return err
	}
	var names []string
	var first, last time.Time
	for _, one := range all {
		if !slices.Contains(names, one.metric) {
			names = append(names, one.metric)
		}
		if from := one.samples[0].at; first.IsZero() || from.Before(first) {
			first = from
		}
		if to := one.last().at; to.After(last) {
			last = to
		}
	}
	slices.Sort(names)
	o.Exist = "Nothing is measured there."
	if len(names) > 0 {
		o.Exist = fmt.Sprintf("Measured are %s, from %s to %s.", wording.List(names), first.Format(minutes), last.Format(minutes))
	}
	return nil
}

// Sentences implements tools.Outcome.
func (o *Metrics) Sentences() []string {
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.Count == 0:
		return wording.NoneEmpty(fmt.Sprintf("There are no measurements%s.", o.Asked), o.Exist, notSeen(o.Gaps))
	case o.narrow:
		return wording.NoneEmpty(append(o.each(), notSeen(o.Gaps))...)
	}
	first := fmt.Sprintf("Nothing is out of its limits: all %d measured values%s are within them.", o.Count, o.Asked)
	if o.Out > 0 {
		first = fmt.Sprintf("%d of %d measured values%s %s out of the limits: %s.", o.Out, o.Count, o.Asked, wording.IsAre(o.Out), told(o.Series[:o.Out], 2*mostSeries))
	}
	within := o.Series[o.Out:]
	if len(within) == 0 || o.Out == 0 && !o.metric {
		return wording.NoneEmpty(first, notSeen(o.Gaps))
	}
	return wording.NoneEmpty(first, fmt.Sprintf("Within them: %s.", told(within, mostSeries)), notSeen(o.Gaps))
}

// order puts the values of one metric from the highest to the lowest; those of several are not comparable.
func order(metric string, a, b SeriesSeen) int {
	if metric == "" {
		return 0
	}
	return cmp.Compare(b.Last, a.Last)
}

func (f SeriesSeen) within() string {
	if f.State == "within" {
		return "within"
	}
	return "out" // sorts before
}

// told lists series with their values.
func told(all []SeriesSeen, most int) string {
	entries := make([]string, len(all))
	for i, f := range all {
		entries[i] = fmt.Sprintf("%s of %s (%s) %s, %s", f.Label, f.ComponentID, f.Component, amount(f.Last, f.Unit), f.limits())
	}
	shown := entries[:min(len(entries), most)]
	return strings.Join(shown, "; ") + more(len(shown), len(entries), "a component")
}

// each tells about every series of one component.
func (o *Metrics) each() []string {
	sentences := make([]string, 0, len(o.Series))
	for _, f := range o.Series[:min(len(o.Series), mostSeries)] {
		text := fmt.Sprintf("The %s of %s (%s) was %s at %s, %s", f.Label, f.ComponentID, f.Component, amount(f.Last, f.Unit), f.LastAt, f.limits())
		if f.Trend == "steady" {
			text += fmt.Sprintf("; it was steady, on average %s at first and %s at last", amount(f.FirstMean, f.Unit), amount(f.LastMean, f.Unit))
		} else {
			text += fmt.Sprintf("; it %s by %s, from %s on average at first to %s at last", f.Trend, difference(max(f.Change, -f.Change), f.Unit),
				amount(f.FirstMean, f.Unit), amount(f.LastMean, f.Unit))
		}
		sentences = append(sentences, fmt.Sprintf("%s; lowest %s at %s, highest %s at %s.", text, amount(f.Lowest, f.Unit), f.LowestAt,
			amount(f.Highest, f.Unit), f.HighestAt))
	}
	if left := len(o.Series) - len(sentences); left > 0 {
		sentences = append(sentences, fmt.Sprintf("And %d more, ask with a metric.", left))
	}
	return sentences
}

// limits says how a series stands to its limits.
func (f SeriesSeen) limits() string {
	switch {
	case f.State == "below":
		return fmt.Sprintf("below its limit of %s since %s", amount(*f.LowLimit, f.Unit), f.OutSince)
	case f.State == "above":
		return fmt.Sprintf("above its limit of %s since %s", amount(*f.HighLimit, f.Unit), f.OutSince)
	case f.LowLimit != nil && f.HighLimit != nil:
		return fmt.Sprintf("within its limits of %s to %s", amount(*f.LowLimit, f.Unit), amount(*f.HighLimit, f.Unit))
	case f.LowLimit != nil:
		return "not below its limit of " + amount(*f.LowLimit, f.Unit)
	case f.HighLimit != nil:
		return "not above its limit of " + amount(*f.HighLimit, f.Unit)
	}
	return "without a limit"
}
