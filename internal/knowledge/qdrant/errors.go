package qdrant

import (
	"context"
	"errors"
	"fmt"
	"strings"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"bestbox/internal/knowledge"
)

// explain says what was being done, what went wrong and what to do about it; nil for nil.
func (s *Server) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if isGone(err) {
		return fmt.Errorf("qdrant at %s: %s: %w: %w", s.options.Address, doing, knowledge.ErrReplaced, err)
	}
	if advice := s.advice(err); advice != "" {
		return fmt.Errorf("qdrant at %s: %s: %s: %w", s.options.Address, doing, advice, err)
	}
	return fmt.Errorf("qdrant at %s: %s: %w", s.options.Address, doing, err)
}

func (s *Server) advice(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "No space left on device"):
		return "its disk is full; free some space there, then try again"
	case strings.Contains(text, "looked like an HTTP/1.1 header"):
		return "this is not the port of gRPC, which is 6334 unless it was changed"
	case strings.Contains(text, "does not look like a TLS handshake"):
		return "it does not speak TLS; turn TLS off in the settings, or on at the server"
	case strings.Contains(text, "x509:"):
		return "its certificate is not trusted; name the file of the authority that signed it"
	case isOfTLS(text):
		return "no encrypted connection comes about; check TLS at both ends"
	}
	if _, limited := errors.AsType[*client.QdrantResourceExhaustedError](err); limited {
		return "it is busy, or limits its clients; try again later, or raise the limit of its strict mode"
	}
	switch status.Code(err) { //nolint:exhaustive // the others need no advice
	case codes.Unauthenticated, codes.PermissionDenied:
		return "it refuses the API key; set the one of the server, which must be allowed to make and remove collections"
	case codes.Unavailable:
		if !s.options.TLS && strings.Contains(text, "server preface") {
			return "it hangs up, as a server with TLS does; turn TLS on in the settings"
		}
		return "it cannot be reached; start it, or correct the address"
	case codes.DeadlineExceeded:
		if errors.Is(err, context.DeadlineExceeded) {
			return "" // the caller's time is over, however long that was
		}
		return "it does not answer within " + s.options.Timeout.String() + "; see how busy it is, or wait longer"
	case codes.ResourceExhausted:
		return "it is busy, or limits its clients; try again later, or raise the limit of its strict mode"
	case codes.Unimplemented:
		return fmt.Sprintf("it does not know this request; update it to %d.%d or later", oldestMajor, oldestMinor)
	case codes.InvalidArgument:
		if strings.Contains(text, "dimension error") || strings.Contains(text, "Not existing vector name") {
			return "the collection was changed by another program; index the documents again"
		}
	}
	return ""
}

func isOfTLS(text string) bool {
	return strings.Contains(text, "authentication handshake failed")
}

func isGone(err error) bool { return status.Code(err) == codes.NotFound }

// isThere knows the code of newer servers, and the words of older ones.
func isThere(err error) bool {
	return status.Code(err) == codes.AlreadyExists || status.Code(err) == codes.InvalidArgument && strings.Contains(err.Error(), "already exists")
}
