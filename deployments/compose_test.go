package deployments_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"bestbox/internal/config"
)

// project loads compose.yaml as docker compose does: with the same library, checked against the specification's schema.
func project(t *testing.T, environment ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"compose/compose.yaml"}, cli.WithEnv(environment), cli.WithProfiles([]string{"*"}))
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(t.Context())
}

func composed(t *testing.T) *types.Project {
	t.Helper()
	loaded, err := project(t, "POSTGRES_PASSWORD=secret")
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func TestComposeFileIsValidAndComplete(t *testing.T) {
	t.Parallel()
	names := composed(t).ServiceNames()
	slices.Sort(names)
	want := "postgresql qdrant temporal temporal-namespace temporal-schema temporal-ui worker"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("services %s, want %s", got, want)
	}
}

func TestComposeAsksForAPassword(t *testing.T) {
	t.Parallel()
	if _, err := project(t); err == nil || !strings.Contains(err.Error(), "POSTGRES_PASSWORD") {
		t.Errorf("got %v", err)
	}
}

func TestComposePublishesOnLoopbackOnlyAndPinsEveryImage(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`^[a-z/-]+:v?[0-9][0-9a-z.-]+@sha256:[0-9a-f]{64}$`)
	for name, service := range composed(t).Services {
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes %s on %q", name, port.Published, port.HostIP)
			}
		}
		if service.Build == nil && !pinned.MatchString(service.Image) {
			t.Errorf("%s: %s is not pinned by tag and digest", name, service.Image)
		}
		if !slices.Contains(service.SecurityOpt, "no-new-privileges:true") || service.Privileged {
			t.Errorf("%s may gain privileges", name)
		}
	}
}

func TestWorkerOfComposeReachesTheHostsModelServersAndCannotWriteElsewhere(t *testing.T) {
	t.Parallel()
	worker := composed(t).Services["worker"]
	if worker.NetworkMode != "host" || !worker.ReadOnly || !slices.Equal(worker.CapDrop, []string{"ALL"}) {
		t.Errorf("network %q, read only %v, dropped %v", worker.NetworkMode, worker.ReadOnly, worker.CapDrop)
	}
	settings, err := config.Load("compose/bestbox.yaml", "small")
	if err != nil {
		t.Fatal(err)
	}
	if settings.Temporal.Managed || settings.Temporal.Address != "127.0.0.1:7233" || settings.HTTP.Listen != "127.0.0.1:8000" {
		t.Errorf("%+v, %+v", settings.Temporal, settings.HTTP)
	}
}

func TestComposeBuildsWithTheGoVersionOfTheModule(t *testing.T) {
	t.Parallel()
	build := composed(t).Services["worker"].Build
	root, err := filepath.Abs("..")
	if err != nil || build.Context != root {
		t.Errorf("context %s, want %s", build.Context, root)
	}
	module, dockerfile := read(t, "../go.mod"), read(t, "compose/Dockerfile")
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(module)
	if version == nil || !strings.Contains(dockerfile, "GO_IMAGE=golang:"+version[1]+".") || !strings.Contains(dockerfile, "@sha256:") {
		t.Errorf("the module wants Go %v; the image is another", version)
	}
}
