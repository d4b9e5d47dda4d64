package config

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const allConnections = `
connections:
  zone: Asia/Shanghai
  alertmanager: {url: 'https://monitor.example.com/alertmanager', token_file: /etc/token, ca_file: ca.pem, timeout: 3s, critical: [page]}
  prometheus:
    url: http://127.0.0.1:9090
    user: bestbox
    password_file: ~/prometheus
    metrics:
      - {name: cpu, label: processor load, unit: '%', query: load, high: 90}
      - {name: cpu, label: processor load, unit: '%', query: 'load{a="b"}', low: 1, high: 50, component: HST-001}
  journal: {directory: /var/log/journal/remote}
  components:
    HST-001: {labels: {instance: 'erp-db-01:9100'}, journal: {host: erp-db-01}}
    SVC-001:
      labels: {service: erp}
      journal: {units: [erp.service]}
      logs:
        - {files: [/var/log/erp/*.log], format: json}
        - {files: [/var/log/press.log], format: pattern, pattern: '^(?P<time>\S+ \S+) (?P<message>.*)$', time: '2006-01-02 15:04:05', zone: Europe/Berlin}
  smtp: {address: 'mail.example.com:587', user: bestbox, password_file: /etc/mail}
  caldav:
    url: https://cal.example.com/dav/
    employees: '{user}/calendar/'
    rooms: 'rooms/{id}/'
    calendars: {EMP-003: chen/main/}
`

func TestConnectionsAreReadAndFilled(t *testing.T) {
	t.Parallel()
	c, err := load(t, allConnections, "small", fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	got := c.Connections
	if !got.Live() || !got.Plant() || got.Location().String() != "Asia/Shanghai" {
		t.Errorf("live %t, plant %t, zone %s", got.Live(), got.Plant(), got.Location())
	}
	if got.SMTP.TLS != TLSStart || got.SMTP.Limit() != time.Minute || got.Alertmanager.Limit() != 3*time.Second || got.Prometheus.Limit() != 10*time.Second {
		t.Errorf("got %+v, %s, %s", got.SMTP, got.Alertmanager.Limit(), got.Prometheus.Limit())
	}
	for _, path := range []string{got.Prometheus.PasswordFile, got.Alertmanager.CAFile} {
		if !filepath.IsAbs(path) {
			t.Errorf("the path %s is not absolute", path)
		}
	}
	if diff := cmp.Diff("erp-db-01:9100", got.Components["HST-001"].Labels["instance"]); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutConnectionsTheDemoCompanyStands(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text        string
		plant, live bool
	}{
		{"", false, false},
		{"connections: {smtp: {address: 'localhost:25', tls: none}}", false, false},
		{"connections: {components: {MCH-001: {labels: {a: b}}}}", false, false},
		{"connections: {components: {MCH-001: {journal: {}}}}", true, true},
		{"connections: {components: {MCH-001: {logs: [{files: [/x], format: json}]}}}", true, true},
		{"connections: {caldav: {url: 'http://localhost:5232', employees: '{user}/', rooms: '{id}/'}}", false, true},
	} {
		c, err := load(t, test.text, "small", fstest.MapFS{})
		if err != nil {
			t.Fatal(err)
		}
		if c.Connections.Plant() != test.plant || c.Connections.Live() != test.live {
			t.Errorf("%q: plant %t, live %t", test.text, c.Connections.Plant(), c.Connections.Live())
		}
	}
}

func TestConnectionsThatCannotWorkNameTheField(t *testing.T) {
	t.Parallel()
	prometheus := func(metric string) string {
		return "prometheus: {url: 'http://localhost:9090', metrics: [{name: cpu, label: load, unit: '%', query: a}, " + metric + "]}"
	}
	logs := func(entry string) string { return "components: {SVC-001: {logs: [" + entry + "]}}" }
	caldav := func(rest string) string { return "caldav: {url: 'https://cal.example.com/', " + rest + "}" }
	for _, test := range []struct{ text, field, allowed string }{
		{"zone: Moon", "connections.zone", "Asia/Shanghai"},
		{"alertmanager: {}", "connections.alertmanager.url", "https://"},
		{"alertmanager: {url: 'ftp://a/'}", "connections.alertmanager.url", "https://"},
		{"alertmanager: {url: 'http://a:9093?x=1'}", "connections.alertmanager.url", "without ?"},
		{"alertmanager: {url: 'http://a:9093', token_file: x}", "connections.alertmanager.url", "plaintext_credentials"},
		{"alertmanager: {url: 'https://a', token_file: x, user: u, password_file: p}", "connections.alertmanager.token_file", "not both"},
		{"alertmanager: {url: 'https://a', user: u}", "connections.alertmanager.user", "together"},
		{"alertmanager: {url: 'https://a', timeout: 10}", "connections.alertmanager.timeout", "10s"},
		{"alertmanager: {url: 'https://a', timeout: 1h}", "connections.alertmanager.timeout", "10m"},
		{prometheus("{name: CPU, label: x, unit: x, query: x}"), "metrics[1].name", "small letters"},
		{prometheus("{name: cpu, label: x, unit: x, query: x}"), "metrics[1].name", "metrics[0]"},
		{prometheus("{name: disk, unit: x, query: x}"), "metrics[1].label", "discharge temperature"},
		{prometheus("{name: disk, label: x, query: x}"), "metrics[1].unit", "ms"},
		{prometheus("{name: disk, label: x, unit: x}"), "metrics[1].query", "PromQL"},
		{prometheus("{name: disk, label: x, unit: x, query: x, low: 5, high: 5}"), "metrics[1].high", "low, which is 5"},
		{prometheus("{name: disk, label: x, unit: x, query: x, component: disk}"), "metrics[1].component", "MCH-001"},
		{"components: {server: {}}", "connections.components", "MCH-001"},
		{"components: {MCH-001: {labels: {'a-b': c}}}", "components.MCH-001.labels.a-b", "label"},
		{"components: {MCH-001: {labels: {a: b}}, MCH-002: {labels: {a: b}}}", "components.MCH-002.labels", "MCH-001"},
		{"components: {MCH-001: {journal: {units: ['-x']}}}", "journal.units[0]", "postgresql.service"},
		{"components: {MCH-001: {journal: {host: 'a b'}}}", "journal.host", "name"},
		{logs("{format: json}"), "logs[0].files", "path"},
		{logs("{files: ['/var/*/x'], format: json}"), "logs[0].files[0]", "not in its folders"},
		{logs("{files: [/x], format: xml}"), "logs[0].format", "syslog, json, pattern"},
		{logs("{files: [/x], format: json, pattern: x}"), "logs[0].pattern", "unless"},
		{logs("{files: [/x], format: pattern, pattern: '('}"), "logs[0].pattern", "regular expression"},
		{logs("{files: [/x], format: pattern, pattern: '(?P<message>.*)'}"), "logs[0].pattern", "time"},
		{logs("{files: [/x], format: pattern, pattern: '(?P<time>.)(?P<message>.*)', time: '%Y-%m-%d'}"), "logs[0].time", "2006-01-02 15:04:05"},
		{logs("{files: [/x], format: pattern, pattern: '(?P<time>.)(?P<message>.*)', time: '15:04:05'}"), "logs[0].time", "2006-01-02 15:04:05"},
		{logs("{files: [/x], format: json, zone: Mars/Olympus}"), "logs[0].zone", "Asia/Shanghai"},
		{"smtp: {address: mail}", "connections.smtp.address", "587"},
		{"smtp: {address: 'mail:25', tls: maybe}", "connections.smtp.tls", "implicit"},
		{"smtp: {address: 'mail:25', tls: none, user: u, password_file: p}", "connections.smtp.tls", "another machine"},
		{caldav("rooms: 'r/{id}/'"), "connections.caldav.employees", "below"},
		{caldav("employees: calendar/"), "connections.caldav.employees", "{user}"},
		{caldav("employees: '{id}/'"), "connections.caldav.rooms", "below"},
		{caldav("employees: '{name}/'"), "connections.caldav.employees", "placeholder"},
		{caldav("employees: '/{id}/'"), "connections.caldav.employees", "below"},
		{caldav("employees: '../{id}/'"), "connections.caldav.employees", "below"},
		{caldav("employees: '{id}/', rooms: '{mail}/'"), "connections.caldav.rooms", "{id}"},
		{caldav("employees: '{id}/', rooms: 'r/{id}/', calendars: {chen: x/}"), "connections.caldav.calendars", "EMP-001"},
	} {
		_, err := load(t, "connections: {"+test.text+"}", "small", fstest.MapFS{})
		var field *FieldError
		if !errors.As(err, &field) || !strings.Contains(err.Error(), test.field) || !strings.Contains(err.Error(), test.allowed) {
			t.Errorf("%s: got %v; want field %s, allowed %s", test.text, err, test.field, test.allowed)
		}
	}
}

func TestSecretsReachAnotherMachineInTheClearOnlyWithConsent(t *testing.T) {
	t.Parallel()
	for text, works := range map[string]bool{
		"url: 'http://10.0.0.7:9093'":                                                         true, // nothing secret
		"url: 'http://10.0.0.7:9093', user: u, password_file: p":                              false,
		"url: 'http://10.0.0.7:9093', user: u, password_file: p, plaintext_credentials: true": true,
		"url: 'http://localhost:9093', user: u, password_file: p":                             true,
		"url: 'https://10.0.0.7:9093', user: u, password_file: p":                             true,
	} {
		if _, err := load(t, "connections: {alertmanager: {"+text+"}}", "small", fstest.MapFS{}); (err == nil) != works {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAPasswordInAnAddressIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://bestbox:hunter2@a/", "ftp://bestbox:hunter2@a/", "https://bestbox:hunter2%@a:b/"} {
		_, err := load(t, "connections: {caldav: {url: '"+address+"', employees: '{id}/'}}", "small", fstest.MapFS{})
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "connections.caldav.url") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestMistypedKeysOfConnectionsFindTheNearest(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"connections:\n  alertmanager:\n    pasword_file: x\n":                            "password_file",
		"connections:\n  prometheus:\n    metrics:\n      - name: cpu\n        qery: x\n": "query",
		"connections:\n  components:\n    MCH-001:\n      lables: {}\n":                   "labels",
	} {
		_, err := load(t, text, "small", fstest.MapFS{})
		var unknown *UnknownKeyError
		if !errors.As(err, &unknown) || unknown.Nearest != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
