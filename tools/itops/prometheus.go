package itops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"

	"bestbox/internal/config"
	"bestbox/internal/connections"
	"bestbox/tools/dates"
)

// prometheus is the company's Prometheus, with the queries that say what is measured.
type prometheus struct {
	client  *connections.Client
	api     v1.API
	metrics []config.Metric
}

func newPrometheus(client *connections.Client, metrics []config.Metric) *prometheus {
	return &prometheus{client, v1.NewAPI(throughClient{client}), metrics}
}

// sideBySide is how many queries run at once.
const sideBySide = 4

// throughClient lets the library send its requests through our client, which bounds and signs them and says what is wrong.
type throughClient struct{ *connections.Client }

// URL implements api.Client. The addresses that are asked for have no parameters in their path.
func (b throughClient) URL(endpoint string, _ map[string]string) *url.URL {
	return b.Client.URL(endpoint)
}

// Do implements api.Client. The statuses that carry Prometheus's own words are the library's to read.
func (b throughClient) Do(ctx context.Context, request *http.Request) (*http.Response, []byte, error) {
	answer, err := b.Client.Do(request.WithContext(ctx), http.StatusOK, http.StatusBadRequest, http.StatusUnprocessableEntity)
	return &http.Response{StatusCode: answer.Status, Header: answer.Header, Body: http.NoBody}, answer.Body, err
}

// refusedQueryError says that Prometheus does not take a query: the configuration is wrong, and no other attempt will help.
type refusedQueryError struct{ said string }

func (r *refusedQueryError) Error() string { return r.said }

// ask runs a query over a time. It returns what the library makes of the answer, which is bounded by the client.
func (p *prometheus) ask(ctx context.Context, query string, over v1.Range) (model.Matrix, error) {
	value, _, _, err := p.api.QueryRange(ctx, query, over)
	if said, is := errors.AsType[*v1.Error](err); is {
		if said.Type == v1.ErrBadData || said.Type == v1.ErrExec {
			return nil, &refusedQueryError{"Prometheus refuses the query: “" + p.client.Excerpt([]byte(said.Msg)) + "”"}
		}
		return nil, p.client.Garbled(nil, []byte(cmp.Or(said.Detail, said.Msg)))
	}
	if err != nil {
		return nil, p.client.Failed(err)
	}
	matrix, is := value.(model.Matrix)
	if !is {
		return nil, p.client.Garbled(nil, []byte(fmt.Sprintf("a %T", value)))
	}
	return matrix, nil
}

// mostPoints is how many samples of a series are asked for.
const mostPoints = 720

// steps are the distances between samples that divide a day, and so meet what is measured every so many minutes.
var steps = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// grid is a time in steps, the last of which is its end: the newest value is the value now.
func grid(from, to time.Time) v1.Range {
	step := steps[len(steps)-1]
	for _, s := range slices.Backward(steps) {
		if to.Sub(from) <= mostPoints*s {
			step = s
		}
	}
	return v1.Range{Start: to.Add(-to.Sub(from) / step * step), End: to, Step: step}
}

// ends implements monitor. What was asked for once is kept: a system that answers over a network is not asked for the parts of what it gave.
func (o *observed) ends(when dates.Span) ([]series, error) {
	if all, known := o.measured[when]; known {
		return all, nil
	}
	all, err := o.query("", "", when)
	if err == nil {
		o.measured[when] = all
	}
	return all, err
}

// back implements monitor: what ends gives is whole.
func (o *observed) back(s series) (series, error) { return s, nil }

// series implements monitor.
func (o *observed) series(componentID, metric string, when dates.Span) ([]series, error) {
	all, known := o.measured[when]
	if !known {
		return o.query(componentID, metric, when)
	}
	return slices.DeleteFunc(slices.Clone(all), func(s series) bool {
		return componentID != "" && s.componentID != componentID || metric != "" && s.metric != metric
	}), nil
}

func (o *observed) query(componentID, metric string, when dates.Span) ([]series, error) {
	if o.prometheus == nil {
		o.miss("no measurements are connected (connections.prometheus)")
		return nil, nil
	}
	from, to := o.window(when)
	if to.Before(from) {
		return nil, nil
	}
	var wanted []config.Metric
	for _, m := range o.prometheus.metrics {
		if (metric == "" || m.Name == metric) && (componentID == "" || m.Component == "" || m.Component == componentID) {
			wanted = append(wanted, m)
		}
	}
	over := grid(from, to)
	answers := make([]model.Matrix, len(wanted))
	refused := make([]error, len(wanted))
	group, ctx := errgroup.WithContext(o.ctx)
	group.SetLimit(sideBySide)
	for i, m := range wanted {
		group.Go(func() (err error) {
			answers[i], err = o.prometheus.ask(ctx, m.Query, over)
			if _, is := errors.AsType[*refusedQueryError](err); is {
				refused[i], err = err, nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, err := range refused {
		if err != nil {
			o.miss(fmt.Sprintf("the metric %s is not known: %s", wanted[i].Name, err.Error()))
		}
	}
	return o.sorted(wanted, answers, componentID, when, over), nil
}

// seriesName names one series.
type seriesName struct{ componentID, metric string }

// sorted gives the answers to the components that they are about, in the order of these.
func (o *observed) sorted(wanted []config.Metric, answers []model.Matrix, componentID string, when dates.Span, over v1.Range) (all []series) {
	found := map[seriesName][]*model.SampleStream{}
	by := map[seriesName]config.Metric{}
	for i, m := range wanted {
		mine := map[string][]*model.SampleStream{}
		for _, stream := range answers[i] {
			id, known := m.Component, m.Component != ""
			if !known {
				id, known = o.componentOf(labelsOf(stream.Metric))
			}
			if known && (componentID == "" || id == componentID) {
				mine[id] = append(mine[id], stream)
			}
		}
		for id, streams := range mine {
			key := seriesName{id, m.Name}
			if _, taken := found[key]; taken && m.Component == "" {
				continue // what is about this component alone wins
			}
			found[key], by[key] = streams, m
		}
	}
	for _, id := range o.p.order {
		for _, m := range wanted {
			key := seriesName{id, m.Name}
			if streams := found[key]; by[key] == m && len(streams) > 0 {
				if s, ok := o.oneSeries(id, m, streams, when, over); ok {
					all = append(all, s)
				}
			}
		}
	}
	inOrder(all)
	return all
}

// oneSeries makes a series of what a query gave for a component.
func (o *observed) oneSeries(id string, m config.Metric, streams []*model.SampleStream, when dates.Span, over v1.Range) (series, bool) {
	if len(streams) > 1 {
		o.miss(fmt.Sprintf("the query of the metric %s gives %d series of %s, such as %s, and must give one: aggregate it", m.Name, len(streams), id,
			quotation(streams[1].Metric.String())))
		return series{}, false
	}
	s := series{componentID: id, metric: m.Name, label: m.Label, unit: m.Unit, low: m.Low, high: m.High}
	for _, pair := range streams[0].Values {
		value := math.Round(float64(pair.Value))
		at := o.wall(pair.Timestamp.Time())
		if math.Abs(value) < mostValue && (when.To.IsZero() || at.Before(when.To.AddDate(0, 0, 1))) { // nor is NaN below
			s.samples = append(s.samples, sample{at, int64(value)})
		}
	}
	if len(s.samples) == 0 {
		o.miss(fmt.Sprintf("the metric %s of %s has no value that is a number", m.Name, id))
		return s, false
	}
	if last := s.last().at; o.wall(over.End).Equal(o.p.now) && o.p.now.Sub(last) > max(2*over.Step, stale) {
		o.miss(fmt.Sprintf("the metric %s of %s was measured last at %s", m.Name, id, last.Format(minutes)))
	}
	return s, true
}

const (
	// mostValue is what sums and differences of values still can hold.
	mostValue = 1e15
	// stale is for how long a value may be missing before it is told.
	stale = 10 * time.Minute
)

func labelsOf(m model.Metric) map[string]string {
	labels := make(map[string]string, len(m))
	for name, value := range m {
		labels[string(name)] = string(value)
	}
	return labels
}
