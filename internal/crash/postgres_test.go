package crash

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
)

// throughPostgres returns the address at which a worker reaches PostgreSQL, message by message.
func throughPostgres(t *testing.T, server string, points *points) (address string) {
	return between(t, server, func(worker, server net.Conn) {
		session := &session{transaction: transaction{points: points, store: "records"}, statements: map[string]string{}}
		if !session.greet(worker, server) {
			return
		}
		go func() { session.replies(server, worker); _ = worker.Close() }()
		session.statementsOf(worker, server)
	})
}

// session is one connection of a worker to PostgreSQL.
type session struct {
	transaction
	statements map[string]string // SQL of those that were prepared, by their names
}

// greet passes the first message on, which has no type and says which schema is meant.
func (s *session) greet(worker, server net.Conn) bool {
	length := make([]byte, 4)
	if _, err := io.ReadFull(worker, length); err != nil {
		return false
	}
	parameters := make([]byte, binary.BigEndian.Uint32(length)-4)
	if _, err := io.ReadFull(worker, parameters); err != nil {
		return false
	}
	if bytes.Contains(parameters, []byte("transcript")) {
		s.store = "transcript"
	}
	_, err := server.Write(append(length, parameters...))
	return err == nil
}

// message reads one message with its type.
func message(from io.Reader) (kind byte, whole []byte, err error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(from, head); err != nil {
		return 0, nil, err
	}
	whole = make([]byte, 1+binary.BigEndian.Uint32(head[1:]))
	copy(whole, head)
	_, err = io.ReadFull(from, whole[5:])
	return head[0], whole, err
}

// The types of messages that hold statements, and that end one.
const (
	query, parse, bind = 'Q', 'P', 'B'
	commandComplete    = 'C'
)

func (s *session) statementsOf(worker, server net.Conn) {
	for {
		kind, whole, err := message(worker)
		if err != nil {
			return
		}
		fields := strings.Split(string(whole[5:]), "\x00")
		sql := ""
		switch kind {
		case parse:
			s.statements[fields[0]] = fields[1]
		case bind:
			sql = s.statements[fields[1]]
		case query:
			sql = fields[0]
		}
		if what := change(sql); what != "" && !s.at(what) {
			return
		}
		if _, err := server.Write(whole); err != nil {
			return
		}
	}
}

func (s *session) replies(server, worker net.Conn) {
	for {
		kind, whole, err := message(server)
		if err != nil {
			return
		}
		if kind == commandComplete && (s.alone() || bytes.HasPrefix(whole[5:], []byte(commit))) && !s.at(committed) {
			return
		}
		if _, err := worker.Write(whole); err != nil {
			return
		}
	}
}

var statement = regexp.MustCompile(`(?i)^\s*(INSERT INTO|UPDATE|DELETE FROM|BEGIN|COMMIT)\s*(\w*)`)

// change says what a statement changes; empty: nothing.
func change(sql string) string {
	found := statement.FindStringSubmatch(sql)
	if found == nil {
		return ""
	}
	verb, _, _ := strings.Cut(strings.ToUpper(found[1]), " ")
	if verb == begin || verb == commit {
		return verb
	}
	return verb + " " + found[2]
}
