package mcp

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// dialTimeout is how long a server may take to accept a connection.
const dialTimeout = 5 * time.Second

// httpTransport speaks with a server over HTTP. Redirects are not followed: the token is for that address.
func httpTransport(address string, headers map[string]string, token string) sdk.Transport {
	wire := http.DefaultTransport.(*http.Transport).Clone()
	wire.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
	wire.MaxResponseHeaderBytes = 64 << 10
	client := &http.Client{
		Transport:     &boundedTransport{wire: wire, headers: headers, token: token},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &sdk.StreamableClientTransport{Endpoint: address, HTTPClient: client, MaxEventSize: maxMessage + 1024, MaxRetries: 2}
}

// boundedTransport adds the server's credentials to requests, and bounds what comes back.
type boundedTransport struct {
	wire    http.RoundTripper
	headers map[string]string
	token   string
}

// RoundTrip implements http.RoundTripper.
func (t *boundedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	for name, value := range t.headers {
		request.Header.Set(name, value)
	}
	if t.token != "" {
		request.Header.Set("Authorization", "Bearer "+t.token)
	}
	response, err := t.wire.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if media == "text/event-stream" && response.StatusCode == http.StatusOK {
		response.Body = readCloser{newLineReader(request.Context(), response.Body, eventLines), response.Body}
		return response, nil
	}
	response.Body = &boundedBody{body: response.Body, request: request}
	response.ContentLength = -1
	return response, nil
}

// boundedBody is a whole reply, or an error in its place where it is too long.
type boundedBody struct {
	body    io.ReadCloser
	request *http.Request
	content *bytes.Reader
}

// Read implements io.Reader.
func (b *boundedBody) Read(into []byte) (int, error) {
	if b.content == nil {
		content, err := io.ReadAll(io.LimitReader(b.body, maxMessage+1))
		if err != nil {
			return 0, err
		}
		if len(content) > maxMessage {
			content = []byte(tooLong(requestID(b.request)))
			_ = b.body.Close() // the rest is not wanted
		}
		b.content = bytes.NewReader(content)
	}
	return b.content.Read(into)
}

// Close implements io.Closer.
func (b *boundedBody) Close() error { return b.body.Close() }

// requestID is the id of the call that a request makes, as JSON.
func requestID(request *http.Request) string {
	var call struct {
		ID json.RawMessage `json:"id"`
	}
	if request.GetBody == nil {
		return "null"
	}
	body, err := request.GetBody()
	if err != nil || json.NewDecoder(body).Decode(&call) != nil || len(call.ID) == 0 {
		return "null"
	}
	return string(call.ID)
}
