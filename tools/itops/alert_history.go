package itops

import (
	"slices"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// Prometheus keeps a series ALERTS for each alert while it fires, with a sample at each evaluation. Over a month these are many, so it is asked
// only for the buckets of time in which one fires and did not in the bucket before, or the other way round: beginnings and ends are known to five
// minutes. Windows are a second shorter than a bucket, since older versions count both their ends and newer ones one.
const (
	bucket = 5 * time.Minute

	beginnings = `max_over_time(ALERTS{alertstate="firing"}[299s]) unless max_over_time(ALERTS{alertstate="firing"}[299s] offset 5m)`
	endings    = `max_over_time(ALERTS{alertstate="firing"}[299s] offset 5m) unless max_over_time(ALERTS{alertstate="firing"}[299s])`
)

// past are the alerts that are over, and, where no Alertmanager is connected, those that still fire.
func (o *observed) past(active []ActiveAlert) (all []ActiveAlert, err error) {
	if o.prometheus == nil {
		o.miss("past alerts are not connected (connections.prometheus)")
		return nil, nil
	}
	to := o.moment(o.p.now).Truncate(bucket)
	over := v1.Range{Start: to.Add(-lookBack), End: to, Step: bucket}
	var began, ended model.Matrix
	if began, err = o.prometheus.ask(o.ctx, beginnings, over); err == nil {
		ended, err = o.prometheus.ask(o.ctx, endings, over)
	}
	if err != nil { // what fires now is the more important half, and is known
		o.miss("past alerts are not known, since " + err.Error())
		return nil, o.ctx.Err()
	}
	ends := map[model.Fingerprint][]time.Time{}
	for _, stream := range ended {
		ends[stream.Metric.Fingerprint()] = momentsOf(stream, -bucket)
	}
	begins := map[model.Fingerprint][]time.Time{}
	metrics := map[model.Fingerprint]model.Metric{}
	for _, stream := range append(began, ended...) {
		metrics[stream.Metric.Fingerprint()] = stream.Metric
	}
	for _, stream := range began {
		begins[stream.Metric.Fingerprint()] = momentsOf(stream, 0)
	}
	for _, key := range sortedFingerprints(metrics) {
		labels := labelsOf(metrics[key])
		delete(labels, "alertstate")
		delete(labels, model.MetricNameLabel)
		id, known := o.componentOf(labels)
		if !known {
			continue
		}
		for _, once := range pair(begins[key], ends[key], over.Start) {
			if once.to.IsZero() && o.alertmanager != nil {
				continue // what still fires is Alertmanager's to tell
			}
			all = append(all, o.pastAlert(id, labels, once, active))
		}
	}
	return all, nil
}

func (o *observed) pastAlert(id string, labels map[string]string, once fired, active []ActiveAlert) ActiveAlert {
	a := o.alertOf(id, labels)
	a.State, a.FiredAt, a.Summary = "active", o.wall(once.from).Format(minutes), a.Rule
	for _, other := range active { // Prometheus keeps no texts
		if other.ComponentID == id && other.Rule == a.Rule {
			a.Summary = other.Summary
		}
	}
	if !once.to.IsZero() {
		a.State, a.ResolvedAt = "resolved", o.wall(once.to).Format(minutes)
	}
	return a
}

// fired is one time in which an alert fired; to is zero where it still does.
type fired struct{ from, to time.Time }

// pair finds the end of each beginning. An end without one is of an alert that fired before the first moment that was asked for.
func pair(begins, ends []time.Time, first time.Time) (all []fired) {
	if len(ends) > 0 && (len(begins) == 0 || ends[0].Before(begins[0])) {
		begins = append([]time.Time{first}, begins...)
	}
	for i, from := range begins {
		f := fired{from: from}
		for _, to := range ends {
			if !to.Before(from) && (i+1 == len(begins) || to.Before(begins[i+1])) {
				f.to = to
				break
			}
		}
		all = append(all, f)
	}
	return all
}

// momentsOf are the moments for which a series has values.
func momentsOf(stream *model.SampleStream, shift time.Duration) []time.Time {
	moments := make([]time.Time, len(stream.Values))
	for i, sample := range stream.Values {
		moments[i] = sample.Timestamp.Time().Add(shift)
	}
	return moments
}

func sortedFingerprints(metrics map[model.Fingerprint]model.Metric) []model.Fingerprint {
	keys := make([]model.Fingerprint, 0, len(metrics))
	for key := range metrics {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
