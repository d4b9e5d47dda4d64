package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Knowledge is the company's documents.
type Knowledge struct {
	Path    string   `yaml:"path" json:"path,omitempty" jsonschema:"description=File with the index of the documents. Empty: knowledge.db in the state directory. A further tenant's is knowledge-NAME.db there."`
	Folders []string `yaml:"folders" json:"folders,omitempty" jsonschema:"description=Folders of the worker's machine that may be put in; with what is below. Empty: any without users_file and with a loopback address; else none."`
	// Qdrant and Embedding are servers.
	Qdrant           Qdrant    `yaml:"qdrant" json:"qdrant,omitzero" jsonschema:"description=A Qdrant server that holds the index in place of the file."`
	Embedding        Embedding `yaml:"embedding" json:"embedding,omitzero" jsonschema:"description=An embedding server of one's own in place of the tier embed."`
	PrivateAddresses []string  `yaml:"private_addresses" json:"private_addresses,omitempty" jsonschema:"description=Networks that are not public and that URLs may lead to; such as 10.1.0.0/16."`
	Relevance        Relevance `yaml:"relevance" json:"relevance,omitzero" jsonschema:"description=From when on what was found is about a question; for an embedding model other than all-MiniLM-L6-v2. go run ./evals retrieval prints it."`
	MaximumBytes     int64     `yaml:"maximum_bytes" json:"maximum_bytes,omitempty" jsonschema:"minimum=1024,maximum=943718400,description=The size of the largest file that is put in."`
	// AnyFolder says that every folder may be put in.
	AnyFolder bool `yaml:"-" json:"-"`
}

// Qdrant is a server that holds the index of the documents.
type Qdrant struct {
	Address    string `yaml:"address" json:"address,omitempty" jsonschema:"description=Host and port of its gRPC. Empty: the index is in the file.,example=127.0.0.1:6334"`
	TLS        bool   `yaml:"tls" json:"tls,omitempty" jsonschema:"description=Encrypt; needed where a key goes to another machine."`
	CAFile     string `yaml:"ca_file" json:"ca_file,omitempty" jsonschema:"description=Certificates (PEM) that are trusted in place of the system's; needs tls."`
	APIKeyFile string `yaml:"api_key_file" json:"api_key_file,omitempty" jsonschema:"description=File holding its API key."`
	Prefix     string `yaml:"prefix" json:"prefix,omitempty" jsonschema:"description=Begins the names of all collections; so that several installations can share a server. Empty: bestbox."`
	OnDisk     bool   `yaml:"on_disk" json:"on_disk,omitempty" jsonschema:"description=Keep vectors on disk and not in memory; slower; for more documents than memory holds."`
	// The rest is for servers that are large, slow or far.
	Batch    int      `yaml:"batch" json:"batch,omitempty" jsonschema:"minimum=0,maximum=1000,description=Points that go with one request; 3 MB at most. 0: 128."`
	Timeout  Duration `yaml:"timeout" json:"timeout,omitempty" jsonschema:"description=How long one attempt at a request may take; 1s to 5m. Empty: 10s."`
	Patience Duration `yaml:"patience" json:"patience,omitempty" jsonschema:"description=How long attempts go on while it is away or busy; 100ms to 10m. Empty: 30s."`
	Shards   int      `yaml:"shards" json:"shards,omitempty" jsonschema:"minimum=0,maximum=64,description=Shards of the collections that are made from now on; for a cluster. 0: as many as the server makes."`
	Replicas int      `yaml:"replicas" json:"replicas,omitempty" jsonschema:"minimum=0,maximum=64,description=Copies of each shard of the collections that are made from now on; for a cluster. 0: as many as the server makes."`
}

// Embedding is an embedding server that speaks OpenAI's /v1/embeddings.
type Embedding struct {
	URL        string `yaml:"url" json:"url,omitempty" jsonschema:"description=Its address without a path. Empty: the tier embed of the profile.,example=http://127.0.0.1:8082"`
	Model      string `yaml:"model" json:"model,omitempty" jsonschema:"description=The model's name as the server knows it. Empty: whichever it has."`
	APIKeyFile string `yaml:"api_key_file" json:"api_key_file,omitempty" jsonschema:"description=File holding its API key."`
	Context    int    `yaml:"context" json:"context,omitempty" jsonschema:"minimum=0,maximum=1048576,description=Tokens of a text that it takes; 512 or more; since passages are cut for that. 0: 512; or the context of the tier."`
}

// Relevance are the weights of what a search has found, and from which sum on it is about its question. All zero: those that were measured with all-MiniLM-L6-v2.
type Relevance struct {
	Words        float64 `yaml:"words" json:"words,omitempty" jsonschema:"minimum=0,maximum=1000,description=Weight of the words of the question that the best passage has."`
	Meaning      float64 `yaml:"meaning" json:"meaning,omitempty" jsonschema:"minimum=0,maximum=1000,description=Weight of the cosine of the nearest passage."`
	Agree        float64 `yaml:"agree" json:"agree,omitempty" jsonschema:"minimum=0,maximum=1000,description=Added where both are of one document."`
	Least        float64 `yaml:"least" json:"least,omitempty" jsonschema:"exclusiveMinimum=0,maximum=1000,description=The sum from which on something is about the question."`
	MeaningAlone float64 `yaml:"meaning_alone" json:"meaning_alone,omitempty" jsonschema:"minimum=0,maximum=1,description=The cosine from which on it is where no passage has a word of the question."`
}

// fillKnowledge says where the index is and whether every folder may be put in.
func (c *Config) fillKnowledge() {
	k := &c.Knowledge
	k.Path = absolute(orDefault(k.Path, filepath.Join(c.Directories.State, "knowledge.db")))
	for i, folder := range k.Folders {
		k.Folders[i] = absoluteOrEmpty(folder)
	}
	host, _, _ := net.SplitHostPort(c.HTTP.Listen)
	k.AnyFolder = len(k.Folders) == 0 && c.Access.UsersFile == "" && isLoopback(host)
	k.Qdrant.CAFile, k.Qdrant.APIKeyFile, k.Embedding.APIKeyFile = absoluteOrEmpty(k.Qdrant.CAFile), absoluteOrEmpty(k.Qdrant.APIKeyFile), absoluteOrEmpty(k.Embedding.APIKeyFile)
}

// KnowledgePath is the file with the index of a tenant's documents.
func (c *Config) KnowledgePath(tenant string) string {
	if tenant == DefaultTenant {
		return c.Knowledge.Path
	}
	return filepath.Join(c.Directories.State, "knowledge-"+tenant+".db")
}

// Private are the networks of PrivateAddresses. Load has checked them.
func (k Knowledge) Private() []netip.Prefix {
	all := make([]netip.Prefix, 0, len(k.PrivateAddresses))
	for _, text := range k.PrivateAddresses {
		if prefix, err := netip.ParsePrefix(text); err == nil {
			all = append(all, prefix)
		}
	}
	return all
}

var collectionPrefix = regexp.MustCompile(`^([a-z0-9][a-z0-9-]{0,39})?$`)

const (
	leastMaximum = 1 << 10
	mostMaximum  = 900 << 20 // the bytes of an upload are in a row of the records, and SQLite's end at 1,000,000,000
)

func (k Knowledge) validate(refuse refusal) {
	for i, folder := range k.Folders {
		refuse(folder != "", fmt.Sprintf("knowledge.folders[%d]", i), folder, "a folder such as /srv/handbooks")
	}
	q := k.Qdrant
	refuse(q.Address == "" || splits(q.Address), "knowledge.qdrant.address", q.Address, "host:port, for example 127.0.0.1:6334, or none")
	host, _, _ := net.SplitHostPort(q.Address)
	refuse(q.APIKeyFile == "" || q.TLS || q.Address == "" || isLoopback(host), "knowledge.qdrant.tls", q.TLS, "true, where a key goes to another machine")
	refuse(q.CAFile == "" || q.TLS, "knowledge.qdrant.ca_file", q.CAFile, "none without tls")
	refuse(collectionPrefix.MatchString(q.Prefix), "knowledge.qdrant.prefix", q.Prefix, "up to 40 small letters, digits and -, a letter or a digit first")
	refuse(q.Batch >= 0 && q.Batch <= 1000, "knowledge.qdrant.batch", q.Batch, "0 to 1000 points; 0 is 128")
	refuse(q.Timeout == "" || within(q.Timeout, time.Second, 5*time.Minute), "knowledge.qdrant.timeout", q.Timeout, "1s to 5m")
	refuse(q.Patience == "" || within(q.Patience, 100*time.Millisecond, 10*time.Minute), "knowledge.qdrant.patience", q.Patience, "100ms to 10m")
	refuse(q.Shards >= 0 && q.Shards <= 64, "knowledge.qdrant.shards", q.Shards, "0 to 64; 0 is as many as the server makes")
	refuse(q.Replicas >= 0 && q.Replicas <= 64, "knowledge.qdrant.replicas", q.Replicas, "0 to 64; 0 is as many as the server makes")
	e := k.Embedding
	refuse(e.URL == "" || validServer(e.URL), "knowledge.embedding.url", redacted(e.URL), "http://host:port or https://host without a path, a user or a query, or none")
	server, _ := url.Parse(e.URL)
	refuse(e.APIKeyFile == "" || server == nil || server.Scheme != "http" || isLoopback(server.Hostname()), "knowledge.embedding.url", redacted(e.URL), "https, where a key goes to another machine")
	for field, value := range map[string]string{"model": e.Model, "api_key_file": e.APIKeyFile} {
		refuse(value == "" || e.URL != "", "knowledge.embedding."+field, value, "none without url: the tier embed has its own")
	}
	refuse(e.Context == 0 || e.Context >= 512 && e.Context <= 1<<20 && e.URL != "", "knowledge.embedding.context", e.Context, "0, or 512 to 1048576, since passages are cut for 512; 0 without url")
	for i, text := range k.PrivateAddresses {
		_, err := netip.ParsePrefix(text)
		refuse(err == nil, fmt.Sprintf("knowledge.private_addresses[%d]", i), text, "a network such as 10.1.0.0/16 or fd00::/8")
	}
	k.Relevance.validate(refuse)
	refuse(k.MaximumBytes >= leastMaximum && k.MaximumBytes <= mostMaximum, "knowledge.maximum_bytes", k.MaximumBytes, fmt.Sprintf("%d to %d", leastMaximum, mostMaximum))
}

func (r Relevance) validate(refuse refusal) {
	if r == (Relevance{}) {
		return
	}
	for field, weight := range map[string]float64{"words": r.Words, "meaning": r.Meaning, "agree": r.Agree} {
		refuse(weight >= 0 && weight <= 1000, "knowledge.relevance."+field, weight, "0 to 1000")
	}
	refuse(r.Words > 0 || r.Meaning > 0, "knowledge.relevance.words", r.Words, "more than 0, or meaning is, since nothing would be about any question; or no knowledge.relevance at all")
	for field, one := range map[string]struct{ least, most float64 }{"least": {r.Least, 1000}, "meaning_alone": {r.MeaningAlone, 1}} {
		refuse(one.least > 0 && one.least <= one.most, "knowledge.relevance."+field, one.least, fmt.Sprintf("more than 0, up to %v; or no knowledge.relevance at all", one.most))
	}
}

func validServer(raw string) bool {
	server, err := url.Parse(raw)
	return err == nil && (server.Scheme == "http" || server.Scheme == "https") && validHTTPURL(strings.TrimSuffix(raw, "/"))
}

// APIKey returns the key of the Qdrant server; empty where it has none.
func (q Qdrant) APIKey() (string, error) { return keyIn("knowledge.qdrant.api_key_file", q.APIKeyFile) }

// APIKey returns the key of the embedding server; empty where it has none.
func (e Embedding) APIKey() (string, error) {
	return keyIn("knowledge.embedding.api_key_file", e.APIKeyFile)
}

// keyIn reads a file that holds one line.
func keyIn(field, file string) (string, error) {
	if file == "" {
		return "", nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", field, err)
	}
	key := strings.TrimSpace(string(content))
	if key == "" || strings.ContainsAny(key, "\r\n\x00") {
		return "", fmt.Errorf("read %s: %s is empty, or more than one line", field, file)
	}
	return key, nil
}
