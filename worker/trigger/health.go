package trigger

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"bestbox/worker/api"
)

// probeTimeout bounds the checks of /readyz: probes of service managers give up after a few seconds.
const probeTimeout = 2 * time.Second

type healthOutput struct {
	Body struct {
		Status string `json:"status" enum:"ok"`
	}
}

type readyOutput struct{ Body api.Ready }

func (t *trigger) registerHealth(service huma.API) {
	huma.Register(service, huma.Operation{
		OperationID: "health", Method: http.MethodGet, Path: "/healthz", Tags: []string{"Operation"},
		Summary: "Whether the process lives", Errors: []int{500},
	}, func(context.Context, *struct{}) (*healthOutput, error) {
		output := &healthOutput{}
		output.Body.Status = "ok"
		return output, nil
	})
	huma.Register(service, huma.Operation{
		OperationID: "ready", Method: http.MethodGet, Path: "/readyz", Tags: []string{"Operation"},
		Summary:     "Whether questions can be answered",
		Description: "503 names what is missing. Without the light tier the service is degraded and ready: the heavy tier takes its work.",
		Errors:      []int{503},
	}, t.ready)
}

func (t *trigger) ready(ctx context.Context, _ *struct{}) (*readyOutput, error) {
	output := &readyOutput{Body: api.Ready{Status: "ready", Dependencies: t.probeAll(ctx)}}
	var missing []string
	var details []error
	for index, dependency := range output.Body.Dependencies {
		switch {
		case dependency.Ready:
		case t.Checks[index].Optional:
			output.Body.Status = "degraded"
		default:
			missing = append(missing, dependency.Name)
			details = append(details, &huma.ErrorDetail{Location: dependency.Name, Message: dependency.Message})
		}
	}
	if len(missing) > 0 {
		return nil, huma.Error503ServiceUnavailable("not ready: "+strings.Join(missing, ", ")+" missing; see `llmctl status`", details...)
	}
	return output, nil
}

func (t *trigger) probeAll(ctx context.Context) []api.Dependency {
	ctx, done := context.WithTimeout(ctx, probeTimeout)
	defer done()
	dependencies := make([]api.Dependency, len(t.Checks))
	var group sync.WaitGroup
	for index, check := range t.Checks {
		group.Go(func() {
			dependencies[index] = api.Dependency{Name: check.Name, Ready: true}
			if err := check.Probe(ctx); err != nil {
				dependencies[index] = api.Dependency{Name: check.Name, Message: err.Error()}
			}
		})
	}
	group.Wait()
	return dependencies
}
