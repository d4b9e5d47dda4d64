package itops

import (
	"cmp"
	"slices"
	"time"

	"bestbox/internal/records"
	"bestbox/tools/dates"
)

// metricOrder is the order in which the series of a component are told. Others come before, by name.
var metricOrder = []string{"cpu", "memory", "disk", "packet_loss", "certificate_days", "latency", "errors", "pressure", "temperature", "motor_current", "vibration"}

// series is a metric of a component with its samples of a time, oldest first.
type series struct {
	componentID, metric, label, unit string
	low, high                        *int64
	samples                          []sample
}

type sample struct {
	at    time.Time
	value int64
}

// columns are what a series is read from, beside a table of samples that is called s.
const columns = `SELECT m.component_id, m.metric, m.label, m.unit, m.low_limit, m.high_limit, s.at, s.value
	FROM metrics m JOIN metric_samples s ON s.component_id = m.component_id AND s.metric = m.metric `

// series reads those of one component or of one metric, with all samples of a time; those without a sample are left out.
func (p recorded) series(id, metric string, when dates.Span) ([]series, error) {
	from, to := bounds(when)
	return p.readSeries(columns+"WHERE ? IN ('', m.component_id) AND ? IN ('', m.metric) AND s.at BETWEEN ? AND ? ORDER BY m.component_id, m.metric, s.at",
		id, metric, from, to)
}

// ends reads the last sample of each series within a time: a month of all measurements is a lot.
func (p recorded) ends(when dates.Span) ([]series, error) {
	from, to := bounds(when)
	return p.readSeries(columns+`AND s.at = (SELECT max(at) FROM metric_samples WHERE component_id = m.component_id AND metric = m.metric AND at BETWEEN ? AND ?)
		ORDER BY m.component_id, m.metric`, from, to)
}

func (p recorded) readSeries(query string, arguments ...any) (all []series, err error) {
	err = p.Each(query, arguments, func(scan func(...any) error) error {
		var s series
		var at string
		var value int64
		if err := scan(&s.componentID, &s.metric, &s.label, &s.unit, &s.low, &s.high, &at, &value); err != nil {
			return err
		}
		taken, err := time.Parse(minutes, at)
		if n := len(all); n == 0 || all[n-1].componentID != s.componentID || all[n-1].metric != s.metric {
			all = append(all, s)
		}
		last := &all[len(all)-1]
		last.samples = append(last.samples, sample{taken, value})
		return err
	})
	inOrder(all)
	return all, err
}

// inOrder sorts series by component and metric.
func inOrder(all []series) {
	slices.SortStableFunc(all, func(a, b series) int {
		return cmp.Or(cmp.Compare(a.componentID, b.componentID), slices.Index(metricOrder, a.metric)-slices.Index(metricOrder, b.metric))
	})
}

// back reads a series back from its end until it was within its limits (see outSince).
func (p recorded) back(s series) (series, error) {
	const query = "SELECT at, value FROM metric_samples WHERE component_id = ? AND metric = ? ORDER BY at DESC"
	side, within := s.out(s.last().value), 0
	s.samples = nil
	err := p.Each(query, []any{s.componentID, s.metric}, func(scan func(...any) error) error {
		var at string
		var value int64
		if err := scan(&at, &value); err != nil {
			return err
		}
		taken, err := time.Parse(minutes, at)
		s.samples = append(s.samples, sample{taken, value})
		if s.out(value) == side {
			within = 0
		} else if within++; within == enoughWithin {
			return cmp.Or(err, records.ErrEnough)
		}
		return err
	})
	slices.Reverse(s.samples)
	return s, err
}

// out tells whether a value is below (-1) or above (1) the limits, or within them (0).
func (s series) out(value int64) int {
	switch {
	case s.low != nil && value < *s.low:
		return -1
	case s.high != nil && value > *s.high:
		return 1
	}
	return 0
}

// last is the newest sample.
func (s series) last() sample { return s.samples[len(s.samples)-1] }

// enoughWithin is how many samples on end within the limits end a time out of them: one is chance.
const enoughWithin = 2

// outSince tells since when the series is out of its limits at its end, and on which side.
func (s series) outSince() (since time.Time, side int) {
	if side = s.out(s.last().value); side == 0 {
		return since, 0
	}
	within := 0
	for i := len(s.samples) - 1; i >= 0 && within < enoughWithin; i-- {
		if s.out(s.samples[i].value) == side {
			since, within = s.samples[i].at, 0
		} else {
			within++
		}
	}
	return since, side
}

// normalTime is how much of a series' begin says what is normal for it.
const normalTime = 72 * time.Hour

// beganToMove tells when a series that is out of its limits left what was normal for it: the sample after the last one that was no worse than
// the worst of the first days. The average of these days is what was normal.
func (s series) beganToMove(side int) (at time.Time, normal int64) {
	first := s.firstOf(normalTime)
	worst := first[0].value
	for _, one := range first {
		if side > 0 {
			worst = max(worst, one.value)
		} else {
			worst = min(worst, one.value)
		}
	}
	at = s.samples[0].at
	for i, one := range s.samples[:len(s.samples)-1] {
		if side > 0 && one.value <= worst || side < 0 && one.value >= worst {
			at = s.samples[i+1].at
		}
	}
	return at, average(first)
}

// firstOf are the samples of the first time of a series, without its end.
func (s series) firstOf(d time.Duration) []sample {
	end := s.samples[0].at.Add(d)
	for i, one := range s.samples {
		if !one.at.Before(end) {
			return s.samples[:i]
		}
	}
	return s.samples
}

// lastOf are the samples of the last time of a series, without its begin.
func (s series) lastOf(d time.Duration) []sample {
	begin := s.last().at.Add(-d)
	for i, one := range s.samples {
		if one.at.After(begin) {
			return s.samples[i:]
		}
	}
	return s.samples[len(s.samples)-1:]
}

// average is rounded half away from zero.
func average(samples []sample) int64 {
	var sum int64
	for _, one := range samples {
		sum += one.value
	}
	n := int64(len(samples))
	if sum < 0 {
		return -((-2*sum + n) / (2 * n))
	}
	return (2*sum + n) / (2 * n)
}
