package loglines

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
)

func TestLinesOfCommonFormsAreUnderstood(t *testing.T) {
	t.Parallel()
	syslog, asJSON := config.LogFiles{Format: config.LogSyslog, Zone: "Asia/Shanghai"}, config.LogFiles{Format: config.LogJSON, Zone: "Asia/Shanghai"}
	press := config.LogFiles{Format: config.LogPattern, Zone: "Europe/Berlin", Time: "02.01.2006 15:04:05",
		Pattern: `^(?P<time>\S+ \S+) \[(?P<level>\w+)\] (?P<program>\w+) (?P<message>.*)$`}
	unix := config.LogFiles{Format: config.LogPattern, Time: "unix", Pattern: `^(?P<time>\S+) (?P<message>.*)$`}
	now := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	tests := []struct {
		files config.LogFiles
		line  string
		want  string // time, level, program, message
	}{
		{syslog, "2026-01-15T08:00:00.123456+08:00 erp-1 erp[12]: order 7 failed", "2026-01-15T00:00:00Z error erp order 7 failed"},
		{syslog, "Jan 15 08:00:00 erp-1 erp: started", "2026-01-15T00:00:00Z info erp started"},
		{syslog, "Jan  2 08:00:00 erp-1 kernel: warning: hot", "2026-01-02T00:00:00Z warning kernel warning: hot"},
		{syslog, "Dec 31 08:00:00 erp-1 erp: last year", "2025-12-31T00:00:00Z info erp last year"},
		{syslog, "<11>Jan 15 08:00:00 erp-1 erp: x", "2026-01-15T00:00:00Z info erp x"},
		{syslog, "    at example.Main.run(Main.java:7)", ""},
		{syslog, "2026-02-30T08:00:00Z erp-1 erp: no such day", ""},
		{asJSON, `{"time":"2026-01-15T08:00:00.5+08:00","level":"ERROR","msg":"pool exhausted","program":"gateway"}`, "2026-01-15T00:00:00Z error gateway pool exhausted"},
		{asJSON, `{"ts":1768464000.25,"level":"warn","logger":"zap","message":"slow"}`, "2026-01-15T08:00:00Z warning zap slow"},
		{asJSON, `{"time":1768464000123,"level":50,"msg":"as pino writes"}`, "2026-01-15T08:00:00Z error  as pino writes"},
		{asJSON, `{"@timestamp":"2026-01-15 08:00:00,000","levelname":"INFO","message":{"a":1}}`, `2026-01-15T00:00:00Z info  {"a":1}`},
		{asJSON, `{"time":"yesterday","msg":"x"}`, ""},
		{asJSON, `{"msg":"no time"}`, ""},
		{asJSON, `["a"]`, ""},
		{asJSON, "plain text", ""},
		{press, "15.01.2026 08:00:00 [SEVERE] press jammed 卡住", "2026-01-15T07:00:00Z error press jammed 卡住"},
		{press, "15.01.2026 08:00:00 [trace] press x", "2026-01-15T07:00:00Z info press x"},
		{press, "15.13.2026 08:00:00 [trace] press x", ""},
		{unix, "1768464000 fatal: out of memory", "2026-01-15T08:00:00Z error  fatal: out of memory"},
		{unix, "NaN x", "0001-01-01T00:00:00Z info  x"},
	}
	for _, test := range tests {
		format, err := NewFormat(test.files, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if l, ok := format(test.line, now); ok {
			got = l.At.UTC().Format(time.RFC3339) + " " + l.Level + " " + l.Program + " " + l.Message
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.line, diff)
		}
	}
}

func FuzzNoLineIsTooMuch(f *testing.F) {
	for _, line := range []string{"", "Jan 15 08:00:00 a b: c", `{"time":1e300,"level":1e300}`, `{"time":"2026-01-15T08:00:00Z","msg":null}`, `{"ts":-1e19}`, strings.Repeat("中", 1500)} {
		f.Add(line)
	}
	formats := []config.LogFiles{{Format: config.LogSyslog}, {Format: config.LogJSON}, {Format: config.LogPattern, Pattern: `^(?P<time>\S+) (?P<message>.*)$`, Time: "unix"}}
	f.Fuzz(func(t *testing.T, line string) {
		for _, files := range formats {
			format, err := NewFormat(files, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			l, ok := format(line, newYear)
			if ok && (len(l.Message) > longestMessage || l.Level != "error" && l.Level != "warning" && l.Level != "info") {
				t.Errorf("%q became %+v", line, l)
			}
			if utf8.ValidString(line) && !utf8.ValidString(l.Message) {
				t.Errorf("%q was cut within a character", line)
			}
		}
	})
}
