package deployments_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bestbox/internal/config"
	"bestbox/internal/programs"

	"github.com/goccy/go-yaml"
)

// queries returns the dashboard's expressions by the title of their panel.
func queries(t *testing.T) map[string][]string {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Type    string
			Targets []struct{ Expr string }
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "grafana/bestbox.json")), &board); err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, panel := range board.Panels {
		if panel.Type == "row" {
			continue
		}
		if len(panel.Targets) == 0 || panel.GridPos.W < 4 || panel.GridPos.X+panel.GridPos.W > 24 || found[panel.Title] != nil {
			t.Errorf("panel %q: no query, no room, or there twice", panel.Title)
		}
		for _, target := range panel.Targets {
			found[panel.Title] = append(found[panel.Title], target.Expr)
		}
	}
	if len(found) < 15 {
		t.Fatalf("%d panels", len(found))
	}
	return found
}

var (
	// text and label are what an expression holds beside metrics, functions and keywords.
	text  = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]|\b(by|ignoring|on) ?\([^)]*\)|\{[^}]*\}`)
	word  = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
	known = []string{"sum", "max", "rate", "increase", "histogram_quantile", "group_left", "le"}
	// documented are the metrics in the tables of docs/operations.md.
	documented = regexp.MustCompile("`((?:bestbox_|llamacpp:)[a-z_]+)`")
)

// metrics lists the metrics of an expression: what is left when everything else is taken away.
func metrics(expression string) []string {
	var found []string
	for _, name := range word.FindAllString(text.ReplaceAllString(expression, ""), -1) {
		if !slices.Contains(known, name) {
			found = append(found, name)
		}
	}
	return found
}

func TestDashboardUsesDocumentedMetricsOnly(t *testing.T) {
	t.Parallel()
	_, tables, _ := strings.Cut(read(t, "../docs/operations.md"), "\n## Metrics\n")
	tables, _, _ = strings.Cut(tables, "\n## ")
	names := map[string]bool{}
	for _, match := range documented.FindAllStringSubmatch(tables, -1) {
		names[match[1]] = false
	}
	for title, expressions := range queries(t) {
		for _, expression := range expressions {
			used := metrics(expression)
			if len(used) == 0 {
				t.Errorf("%s: no metric in %s", title, expression)
			}
			for _, name := range used {
				histogram := regexp.MustCompile(`_seconds_(bucket|count|sum)$`).ReplaceAllString(name, "_seconds")
				if _, ok := names[histogram]; !ok {
					t.Errorf("%s: %s is not in the tables of docs/operations.md", title, name)
				}
				names[histogram] = true
			}
		}
	}
	for name, used := range names {
		if strings.HasPrefix(name, "bestbox_service_") && !used {
			t.Errorf("%s is documented and not on the dashboard", name)
		}
	}
}

// exposed finds the names that llmctl's background process says of itself where they are made.
var exposed = regexp.MustCompile(`metric\("([a-z_]+)"`)

func TestDocumentedMetricsOfLlmctlAreThoseItHas(t *testing.T) {
	t.Parallel()
	_, table, _ := strings.Cut(read(t, "../docs/operations.md"), "\n### Of llmctl\n")
	table, _, _ = strings.Cut(table, "\n### ")
	var want, got []string
	for _, match := range documented.FindAllStringSubmatch(table, -1) {
		want = append(want, match[1])
	}
	for _, match := range exposed.FindAllStringSubmatch(read(t, "../llmctl/supervisor/metrics.go"), -1) {
		got = append(got, "bestbox_"+match[1])
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("llmctl has %s, documented are %s", got, want)
	}
}

// get returns a page that answers 200.
func get(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		return "", errors.New(response.Status)
	}
	return string(content), err
}

func TestModelServerHasTheMetricsOfTheDashboard(t *testing.T) {
	t.Parallel()
	server, err := programs.Artefact("llama-server")
	if err != nil {
		t.Fatal(err)
	}
	model, err := programs.Artefact("smollm2-135m-instruct-q4_1")
	if err != nil {
		t.Fatal(err)
	}
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	process, err := programs.Start(exec.Command(server, "-m", model, "--port", strconv.Itoa(port), "-c", "512", "-np", "1", "-t", "1", "--offline", "--no-warmup", "--metrics"))
	if err != nil {
		t.Fatal(err)
	}
	defer process.Kill()
	page := ""
	if err := process.Ready(time.Minute, func(ctx context.Context) error {
		page, err = get(ctx, "http://127.0.0.1:"+strconv.Itoa(port)+"/metrics")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var has []string
	for line := range strings.Lines(page) {
		name, _, _ := strings.Cut(line, " ")
		has = append(has, name)
	}
	for title, expressions := range queries(t) {
		for _, name := range metrics(strings.Join(expressions, " + ")) {
			if strings.HasPrefix(name, "llamacpp:") && !slices.Contains(has, name) {
				t.Errorf("%s: the server has no %s", title, name)
			}
		}
	}
}

func TestPrometheusAsksWhereTheShippedProfilesListen(t *testing.T) {
	t.Parallel()
	var file struct {
		ScrapeConfigs []struct {
			JobName       string `yaml:"job_name"`
			StaticConfigs []struct {
				Targets []string
				Labels  map[string]string
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "prometheus/prometheus.yml")), &file); err != nil {
		t.Fatal(err)
	}
	targets := map[string]string{}
	for _, job := range file.ScrapeConfigs {
		for _, static := range job.StaticConfigs {
			for _, target := range static.Targets {
				targets[job.JobName+static.Labels["service"]] = target
				if !strings.HasPrefix(target, "127.0.0.1:") {
					t.Errorf("%s asks %s", job.JobName, target)
				}
			}
		}
	}
	for _, profile := range []string{"small", "strix-halo"} {
		c, err := config.Load("../bestbox.yaml", profile)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"llmctl": c.Supervisor.Metrics, "worker": c.HTTP.Listen}
		for name, tier := range c.Tiers {
			want["model-servers"+name] = "127.0.0.1:" + strconv.Itoa(tier.Port)
		}
		for job, address := range want {
			if targets[job] != address {
				t.Errorf("profile %s: %s listens on %s and is asked on %q", profile, job, address, targets[job])
			}
		}
	}
}
