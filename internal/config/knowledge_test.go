package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEveryFolderMayBePutInWhereOnePersonAtThisMachineUsesBestBox(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("k", minAPIKeyBytes)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		text string
		any  bool
	}{
		"as shipped":     {"", true},
		"named":          {"knowledge: {folders: [/srv]}", false},
		"users":          {"access: {users_file: /users.yaml}", false},
		"from a network": {"http: {listen: '0.0.0.0:8000', api_key_file: '" + key + "'}", false},
	} {
		c, err := load(t, test.text, "small", nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.Knowledge.AnyFolder != test.any {
			t.Errorf("%s: any folder is %t", name, c.Knowledge.AnyFolder)
		}
	}
}

func TestThePlacesOfDocumentsAreMadeAbsolute(t *testing.T) {
	t.Setenv("BESTBOX_STATE_DIR", "/state")
	c, err := load(t, "knowledge: {folders: [books], private_addresses: [10.1.0.0/16]}\ntenants: {acme: {}}", "small", nil)
	if err != nil {
		t.Fatal(err)
	}
	k := c.Knowledge
	if !filepath.IsAbs(k.Folders[0]) || c.KnowledgePath(DefaultTenant) != "/state/knowledge.db" || c.KnowledgePath("acme") != "/state/knowledge-acme.db" || k.MaximumBytes != 64<<20 {
		t.Errorf("%+v, %s", k, c.KnowledgePath("acme"))
	}
	if want := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}; !slices.Equal(k.Private(), want) {
		t.Errorf("private networks %v", k.Private())
	}
}

func TestDocumentsSettingsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, field, allowed string }{
		{"folders: ['']", "knowledge.folders[0]", "/srv/handbooks"},
		{"qdrant: {address: qdrant}", "knowledge.qdrant.address", "127.0.0.1:6334"},
		{"qdrant: {address: 'qdrant.internal:6334', api_key_file: /key}", "knowledge.qdrant.tls", "true"},
		{"qdrant: {address: '127.0.0.1:6334', ca_file: /ca.pem}", "knowledge.qdrant.ca_file", "none without tls"},
		{"qdrant: {prefix: Best Box}", "knowledge.qdrant.prefix", "small letters"},
		{"qdrant: {prefix: -box}", "knowledge.qdrant.prefix", "a letter or a digit first"},
		{"qdrant: {prefix: " + strings.Repeat("b", 41) + "}", "knowledge.qdrant.prefix", "up to 40"},
		{"qdrant: {batch: -1}", "knowledge.qdrant.batch", "0 to 1000"},
		{"qdrant: {batch: 1001}", "knowledge.qdrant.batch", "0 to 1000"},
		{"qdrant: {timeout: 999ms}", "knowledge.qdrant.timeout", "1s to 5m"},
		{"qdrant: {timeout: 301s}", "knowledge.qdrant.timeout", "1s to 5m"},
		{"qdrant: {timeout: '10'}", "knowledge.qdrant.timeout", "1s to 5m"},
		{"qdrant: {patience: 0s}", "knowledge.qdrant.patience", "100ms to 10m"},
		{"qdrant: {patience: 601s}", "knowledge.qdrant.patience", "100ms to 10m"},
		{"qdrant: {shards: 65}", "knowledge.qdrant.shards", "0 to 64"},
		{"qdrant: {replicas: -1}", "knowledge.qdrant.replicas", "0 to 64"},
		{"embedding: {url: 'ftp://127.0.0.1'}", "knowledge.embedding.url", "http://host:port"},
		{"embedding: {url: 'http://127.0.0.1:8082/v1'}", "knowledge.embedding.url", "without a path"},
		{"embedding: {url: 'http://me:hunter2@127.0.0.1:8082'}", "knowledge.embedding.url", "a user"},
		{"embedding: {url: 'http://embed.internal:8082', api_key_file: /key}", "knowledge.embedding.url", "https"},
		{"embedding: {model: bge-m3}", "knowledge.embedding.model", "none without url"},
		{"embedding: {context: 512}", "knowledge.embedding.context", "0 without url"},
		{"embedding: {url: 'http://127.0.0.1:1', context: 256}", "knowledge.embedding.context", "512 to 1048576"},
		{"private_addresses: [10.1.2.3]", "knowledge.private_addresses[0]", "10.1.0.0/16"},
		{"relevance: {words: 13}", "knowledge.relevance.least", "more than 0, up to 1000; or no knowledge.relevance at all"},
		{"relevance: {least: 8, meaning_alone: .5}", "knowledge.relevance.words", "or meaning is"},
		{"relevance: {words: .nan, meaning: 1, least: 1, meaning_alone: .5}", "knowledge.relevance.words", "0 to 1000"},
		{"relevance: {words: 1, meaning: 1, least: 1001, meaning_alone: .5}", "knowledge.relevance.least", "up to 1000"},
		{"relevance: {words: 1, meaning: 1, least: 1}", "knowledge.relevance.meaning_alone", "more than 0"},
		{"relevance: {words: 1, meaning: 1, least: 1, meaning_alone: 1.1}", "knowledge.relevance.meaning_alone", "up to 1"},
		{"relevance: {words: 1, meaning: 1, agree: -1, least: 1, meaning_alone: 1}", "knowledge.relevance.agree", "0 to 1000"},
		{"maximum_bytes: 10", "knowledge.maximum_bytes", "1024 to"},
		{"maximum_bytes: 1000000000", "knowledge.maximum_bytes", "1024 to 943718400"}, // what a row of SQLite may have
	} {
		_, err := load(t, "knowledge: {"+test.text+"}", "small", nil)
		if err == nil || !strings.Contains(err.Error(), test.field) || !strings.Contains(err.Error(), test.allowed) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v; want field %s, allowed %s", test.text, err, test.field, test.allowed)
		}
	}
	for _, text := range []string{"qdrant: {address: 'qdrant.internal:6334', tls: true, ca_file: /ca.pem, api_key_file: /key, prefix: box-2, on_disk: true}",
		"qdrant: {prefix: " + strings.Repeat("b", 40) + ", batch: 1000, timeout: 5m, patience: 10m, shards: 64, replicas: 64}", "qdrant: {batch: 1, timeout: 1s, patience: 100ms, shards: 1, replicas: 1}",
		"embedding: {url: 'https://embed.internal/', model: bge-m3, api_key_file: /key, context: 8192}", "relevance: {words: 1000, meaning: 1000, least: 1000, meaning_alone: 1}",
		"relevance: {words: 9.43, meaning: 8.64, agree: 1.26, least: 9.16, meaning_alone: 0.75}"} {
		if _, err := load(t, "knowledge: {"+text+"}", "small", nil); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
