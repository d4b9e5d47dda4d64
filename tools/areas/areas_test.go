package areas_test

import (
	"os"
	"strings"
	"testing"

	"bestbox/internal/config"
	"bestbox/internal/records/recordstest"
	"bestbox/tools/areas"
)

func TestMain(m *testing.M) { os.Exit(recordstest.Run(m)) }

func TestConnectionsReachTheToolsThatNeedThem(t *testing.T) {
	t.Parallel()
	db := recordstest.Shared(t)
	for name, test := range map[string]struct {
		connected config.Connections
		sends     bool
	}{
		"no mail server": {config.Connections{}, false},
		"a mail server":  {config.Connections{SMTP: &config.SMTP{Address: "localhost:25", TLS: config.TLSNone}}, true},
	} {
		registry, err := areas.Tools(db, test.connected)
		if err != nil {
			t.Fatal(err)
		}
		if registry.Declared("send_email") == test.sends {
			t.Errorf("%s: agents could not list it, or it is there twice", name)
		}
		if _, sends := registry.Get("send_email"); sends != test.sends {
			t.Errorf("%s: send_email is there: %t", name, sends)
		}
	}
	_, err := areas.Tools(db, config.Connections{SMTP: &config.SMTP{Address: "localhost:25", TLS: config.TLSNone, CAFile: "/nowhere"}})
	if err == nil || !strings.Contains(err.Error(), "connections.smtp.ca_file") {
		t.Errorf("got %v", err)
	}
}
