package mcp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

const (
	// maxMessage bounds one message of a server, in bytes. A longer one is read over, and an error takes its place.
	maxMessage = 1 << 20
	// maxSkipped bounds what is read over; a server that sends more is disconnected.
	maxSkipped = 64 << 20
	// What a server may send: bytes a second, and how many at once. A line counts as lineCost bytes more, so that many short messages count too.
	sustained, burst = 4 << 20, 16 << 20
	lineCost         = 4 << 10
)

// codeTooLong is the JSON-RPC error code of the error that takes the place of a reply that is too long.
const codeTooLong = -32090

var errFloods = errors.New("it sends a message that has no end")

// lineForm is how messages lie in a stream of lines.
type lineForm string

const (
	plainLines lineForm = ""      // a message is a line; lines that are none are left out
	eventLines lineForm = "data:" // server-sent events: a message is what stands behind data:
)

// lineReader reads the messages of a server and bounds them, in length and in number. Read slows down with a server that sends too much, which then has
// to wait.
type lineReader struct {
	ctx     context.Context //nolint:containedctx // that of the stream
	source  *bufio.Reader
	form    lineForm
	limit   *rate.Limiter
	pending []byte
}

func newLineReader(ctx context.Context, source io.Reader, form lineForm) *lineReader {
	return &lineReader{ctx: ctx, source: bufio.NewReaderSize(source, 32<<10), form: form, limit: rate.NewLimiter(sustained, burst)}
}

// Read implements io.Reader.
func (r *lineReader) Read(into []byte) (int, error) {
	for len(r.pending) == 0 {
		line, err := r.line()
		if err != nil && len(line) == 0 {
			return 0, err
		}
		r.pending = line
	}
	n := copy(into, r.pending)
	r.pending = r.pending[n:]
	return n, nil
}

// line reads the next line, or what takes its place; empty for one that is left out.
func (r *lineReader) line() ([]byte, error) {
	var line []byte
	length, form := 0, r.form
	scan := &idScanner{}
	for {
		piece, err := r.source.ReadSlice('\n')
		cost := len(piece)
		if !errors.Is(err, bufio.ErrBufferFull) {
			cost += lineCost
		}
		if waiting := r.limit.WaitN(r.ctx, cost); waiting != nil {
			return nil, waiting
		}
		length += len(piece)
		if length > maxSkipped {
			return nil, errFloods
		}
		scanned := piece
		if len(line) == 0 && length == len(piece) && form == eventLines {
			scanned = bytes.TrimPrefix(piece, []byte(eventLines))
		}
		scan.feed(scanned)
		if length <= maxMessage {
			line = append(line, piece...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if length > maxMessage {
			return r.instead(scan), err
		}
		if form == plainLines && !json.Valid(line) {
			return nil, err // programs greet people on their standard output, though they should not
		}
		return line, err
	}
}

// instead is the line in the place of one that is too long: an error for the call that it answers.
func (r *lineReader) instead(scan *idScanner) []byte {
	if scan.id == "" || scan.method {
		return nil
	}
	return fmt.Appendf(nil, "%s%s\n", r.form, tooLong(scan.id))
}

func tooLong(id string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":"the reply is longer than %d kB and was not read"}}`, id, codeTooLong, maxMessage>>10)
}

// idScanner finds the id of a JSON-RPC message while its text passes by, wherever in it that stands.
type idScanner struct {
	id     string // as JSON
	method bool   // it is no reply

	depth           int
	inText, escaped bool
	isKey           bool // the next text on the first level is a key
	key             string
	token           []byte
}

// longestToken bounds what is kept of a key or an id.
const longestToken = 100

func (s *idScanner) feed(text []byte) {
	for _, sign := range text {
		if s.inText {
			s.text(sign)
			continue
		}
		switch sign {
		case '"':
			s.inText, s.token = true, s.token[:0]
			s.keep(sign)
		case '{', '[':
			s.depth++
			s.isKey = s.depth == 1
		case '}', ']', ',':
			s.value()
			if sign != ',' {
				s.depth--
			}
			s.isKey = s.depth == 1
		case ':':
			s.isKey, s.token = false, s.token[:0]
		case ' ', '\t', '\r', '\n':
		default:
			s.keep(sign)
		}
	}
}

func (s *idScanner) text(sign byte) {
	s.keep(sign)
	switch {
	case s.escaped:
		s.escaped = false
	case sign == '\\':
		s.escaped = true
	case sign == '"':
		s.inText = false
		if s.depth == 1 && s.isKey {
			s.key = strings.Trim(string(s.token), `"`)
			s.method = s.method || s.key == "method"
		}
	}
}

func (s *idScanner) keep(sign byte) {
	if s.depth == 1 && len(s.token) < longestToken {
		s.token = append(s.token, sign)
	}
}

// value ends a value on the first level.
func (s *idScanner) value() {
	if s.depth == 1 && s.key == "id" && json.Valid(s.token) && string(s.token) != "null" {
		s.id = string(s.token)
	}
	if s.depth == 1 {
		s.key, s.token = "", s.token[:0]
	}
}

const (
	longestComplaint    = 1 << 10
	complaintsPerSecond = 5
	complaintsAtOnce    = 50
)

// logComplaints logs what a program writes to standard error, line by line, so many as a person can read.
func logComplaints(from io.ReadCloser, hide *strings.Replacer, log *slog.Logger) {
	defer from.Close()
	reader := bufio.NewReaderSize(from, longestComplaint)
	bytes, lines := rate.NewLimiter(sustained, burst), rate.NewLimiter(complaintsPerSecond, complaintsAtOnce)
	left, beginning := 0, true
	for {
		piece, err := reader.ReadSlice('\n')
		_ = bytes.WaitN(context.Background(), len(piece)+1)
		whole := !errors.Is(err, bufio.ErrBufferFull)
		text := strings.TrimSpace(strings.ToValidUTF8(string(piece), ""))
		switch {
		case !beginning || text == "": // the rest of a line that is too long
		case lines.AllowN(time.Now(), 1):
			if left > 0 {
				log.Info("lines of an MCP server are left out", "lines", left)
				left = 0
			}
			log.Info("an MCP server says", "line", hide.Replace(text))
		default:
			left++
		}
		beginning = whole
		if err != nil && whole {
			return
		}
	}
}
