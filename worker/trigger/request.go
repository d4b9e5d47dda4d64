package trigger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"bestbox/worker/api"
	"bestbox/workflows/run"
)

const shape = `one JSON object such as {"question": "How much stock of A-100 is left?", "domain": "erp", "wait": true}; only question is needed`

// longestKey bounds an Idempotency-Key; clients send UUIDs or ids of their own records.
const longestKey = 255

// parseRequest decodes and checks the body of POST /v1/runs. What is not JSON is 400; JSON that is no request is 422.
func parseRequest(body []byte, domains []string) (api.Request, *huma.ErrorModel) {
	var request api.Request
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return api.Request{}, decodeProblem(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return api.Request{}, badInput(http.StatusBadRequest,
			&run.InputError{Field: "input", Problem: "there is more after the JSON object", Allowed: shape}, nil)
	}
	var wrong *run.InputError
	if err := (run.Input{Question: request.Question, Domain: request.Domain}).Check(domains); errors.As(err, &wrong) {
		value := map[string]any{"question": request.Question, "domain": request.Domain}[wrong.Field]
		return api.Request{}, badInput(http.StatusUnprocessableEntity, wrong, value)
	}
	return request, nil
}

func decodeProblem(err error) *huma.ErrorModel {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		if wrong.Field == "" {
			return badInput(http.StatusUnprocessableEntity,
				&run.InputError{Field: "input", Problem: "it is a JSON " + wrong.Value, Allowed: shape}, nil)
		}
		allowed := "a JSON string"
		if wrong.Field == "wait" || wrong.Field == "untrusted" {
			allowed = "true or false"
		}
		return badInput(http.StatusUnprocessableEntity,
			&run.InputError{Field: wrong.Field, Problem: "it is a JSON " + wrong.Value, Allowed: allowed}, nil)
	}
	// encoding/json has no type for this error.
	if name, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
		name = strings.Trim(name, `"`)
		if len(name) > 40 {
			name = strings.ToValidUTF8(name[:40], "") + "…"
		}
		return badInput(http.StatusUnprocessableEntity,
			&run.InputError{Field: name, Problem: "there is no such field", Allowed: "question, domain, wait, untrusted"}, nil)
	}
	return badInput(http.StatusBadRequest,
		&run.InputError{Field: "input", Problem: "it is not JSON (" + err.Error() + ")", Allowed: shape}, nil)
}

// checkContentType refuses what a web form of another site could send without asking the browser first.
func checkContentType(header string) error {
	media, parameters, err := mime.ParseMediaType(header)
	charset := parameters["charset"]
	if err == nil && media == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8")) {
		return nil
	}
	message := fmt.Sprintf("the Content-Type is %.100q; allowed: application/json", header)
	return problem(http.StatusUnsupportedMediaType, message, &huma.ErrorDetail{Location: "header.Content-Type", Message: message})
}

func checkIdempotencyKey(key string) error {
	if len(key) <= longestKey && !strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil
	}
	return problem(http.StatusBadRequest, "the Idempotency-Key is not usable", &huma.ErrorDetail{
		Location: "header.Idempotency-Key", Message: fmt.Sprintf("allowed: 1 to %d visible ASCII characters, such as a UUID", longestKey),
	})
}

// fingerprint tells two requests under one Idempotency-Key apart. Whether the client waits is no part of what is asked.
func fingerprint(request api.Request) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d:%s%s", len(request.Question), request.Question, request.Domain)
	if request.Untrusted {
		sum.Write([]byte("\x00untrusted"))
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}
