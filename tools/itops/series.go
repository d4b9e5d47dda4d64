package itops

import "time"

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

// series reads those of one component, or of all, with the samples of a time; those without a sample are left out.
func (p *plant) series(id, metric string, when span) (all []series, err error) {
	const query = `
		SELECT m.component_id, m.metric, m.label, m.unit, m.low_limit, m.high_limit, s.at, s.value
		FROM metrics m JOIN metric_samples s ON s.component_id = m.component_id AND s.metric = m.metric
		WHERE ?1 IN ('', m.component_id) AND ?2 IN ('', m.metric) AND s.at BETWEEN ?3 AND ?4
		ORDER BY m.component_id, m.rowid, s.at`
	from, to := when.bounds()
	err = p.Each(query, []any{id, metric, from, to}, func(scan func(...any) error) error {
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
	return all, err
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

// outSince tells since when the series is out of its limits at its end, and on which side. One sample within the limits does not end such a
// time, two do.
func (s series) outSince() (since time.Time, side int) {
	if side = s.out(s.last().value); side == 0 {
		return since, 0
	}
	within := 0
	for i := len(s.samples) - 1; i >= 0 && within < 2; i-- {
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
