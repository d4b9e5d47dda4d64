package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// maxErrorBody bounds what is read of an error response, in bytes.
const maxErrorBody = 64 << 10

// Options says where a tier is.
type Options struct {
	// Name of the tier, "heavy", "light", "embed" or "rerank"; used in errors.
	Name string
	// BaseURL of the server without a path, for example http://127.0.0.1:8080.
	BaseURL string
	// Model is the catalogue's name of the model; sent with requests and used to find what was fitted for it.
	Model string
	// APIKey is sent as a bearer token when set. It never appears in errors or logs.
	APIKey string
	// HTTPClient is optional. The default has no overall time limit, since a long answer is not an error (bound calls by
	// context), and opens a connection per request.
	HTTPClient *http.Client
}

// Tier is one model server. It is safe for concurrent use.
type Tier struct {
	options    Options
	chat       openai.ChatCompletionService
	embeddings openai.EmbeddingService
	http       *http.Client

	mutex       sync.Mutex
	firstTokens map[string][]labelToken // by joined labels; see labels.go
}

// New returns a client of the server at o.BaseURL. It does not connect.
func New(o Options) (*Tier, error) {
	if o.Name == "" {
		return nil, fmt.Errorf("llm: Options.Name is empty; give the tier's name, for example %q", "heavy")
	}
	address, err := url.Parse(o.BaseURL)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return nil, fmt.Errorf("llm: tier %s: Options.BaseURL must be http://host:port", o.Name)
	}
	if address.User != nil {
		return nil, fmt.Errorf("llm: tier %s: Options.BaseURL must not hold a password; use Options.APIKey", o.Name)
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	client := o.HTTPClient
	if client == nil {
		client = &http.Client{Transport: freshConnections()}
	}
	settings := []option.RequestOption{
		option.WithBaseURL(o.BaseURL + "/v1/"),
		option.WithHTTPClient(client),
		option.WithMaxRetries(0), // Temporal retries; a second layer would hide failures and multiply load
	}
	if o.APIKey != "" {
		settings = append(settings, option.WithAPIKey(o.APIKey))
	}
	// The services are made without openai.NewClient, which would read OPENAI_API_KEY and OPENAI_BASE_URL from the environment and
	// could send the user's key of another service to this server, or questions to another service.
	return &Tier{
		options:     o,
		chat:        openai.NewChatCompletionService(settings...),
		embeddings:  openai.NewEmbeddingService(settings...),
		http:        client,
		firstTokens: map[string][]labelToken{},
	}, nil
}

// freshConnections opens a connection per request. llama-server closes idle ones whenever it likes, and a POST that meets such a close
// fails with EOF, since Go must not send it again by itself; that looks like a dead server. On one machine a connection costs 0.1 ms.
func freshConnections() http.RoundTripper {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	return transport
}

// Name returns the tier's name, for example "heavy".
func (t *Tier) Name() string { return t.options.Name }

// Model returns the catalogue's name of the model.
func (t *Tier) Model() string { return t.options.Model }

// Health returns nil when the server is ready, and an *Error of kind Loading, Gone or another otherwise.
func (t *Tier) Health(ctx context.Context) error {
	return t.request(ctx, "health check", http.MethodGet, "/health", nil, nil)
}

// Properties are what the server says about itself.
type Properties struct {
	Slots         int    `json:"slots"`          // requests served at once
	ContextTokens int    `json:"context_tokens"` // per slot
	Build         string `json:"build"`
	ModelPath     string `json:"model_path"`
}

// Properties asks the server for its slots, context, build and model file.
func (t *Tier) Properties(ctx context.Context) (Properties, error) {
	var reply struct {
		TotalSlots int    `json:"total_slots"`
		BuildInfo  string `json:"build_info"`
		ModelPath  string `json:"model_path"`
		Defaults   struct {
			Context int `json:"n_ctx"`
		} `json:"default_generation_settings"`
	}
	if err := t.request(ctx, "reading properties", http.MethodGet, "/props", nil, &reply); err != nil {
		return Properties{}, err
	}
	return Properties{
		Slots:         reply.TotalSlots,
		ContextTokens: reply.Defaults.Context,
		Build:         reply.BuildInfo,
		ModelPath:     reply.ModelPath,
	}, nil
}

// CountTokens returns how many tokens the model's tokenizer makes of text, without a chat template around it.
func (t *Tier) CountTokens(ctx context.Context, text string) (int, error) {
	tokens, err := t.tokenize(ctx, text)
	return len(tokens), err
}

type token struct {
	ID    int             `json:"id"`
	Piece json.RawMessage `json:"piece"` // a string, or an array of bytes when it is not UTF-8 by itself
}

func (t *Tier) tokenize(ctx context.Context, text string) ([]token, error) {
	var reply struct {
		Tokens []token `json:"tokens"`
	}
	body := map[string]any{"content": text, "with_pieces": true}
	err := t.request(ctx, "counting tokens", http.MethodPost, "/tokenize", body, &reply)
	return reply.Tokens, err
}

// request calls one of llama-server's own addresses, which openai-go does not know.
func (t *Tier) request(ctx context.Context, doing, method, path string, body, reply any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("llm: encoding the request for %s: %w", doing, err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, t.options.BaseURL+path, content)
	if err != nil {
		return fmt.Errorf("llm: building the request for %s: %w", doing, err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if t.options.APIKey != "" {
		request.Header.Set("Authorization", "Bearer "+t.options.APIKey)
	}
	response, err := t.http.Do(request)
	if err != nil {
		return t.classify(ctx, doing, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return t.readError(doing, response)
	}
	if reply == nil {
		return nil
	}
	return t.classify(ctx, doing, json.NewDecoder(response.Body).Decode(reply))
}

func (t *Tier) readError(doing string, response *http.Response) error {
	var body struct {
		Error serverError `json:"error"`
	}
	content, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	_ = json.Unmarshal(content, &body) // a proxy's HTML page has no message: the status then says it all
	return t.statusError(doing, response.StatusCode, body.Error)
}
