package crash

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bestbox/internal/programs"
	"bestbox/internal/programtest"
)

// mailServer is aiosmtpd, which keeps what it takes in a maildir.
type mailServer struct{ address, maildir string }

func startMailServer(t *testing.T) mailServer {
	t.Helper()
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	s := mailServer{fmt.Sprint("127.0.0.1:", port), filepath.Join(t.TempDir(), "mails")}
	program := filepath.Join(programtest.PythonPackage(t, "aiosmtpd==1.4.6"), "aiosmtpd")
	started(t, exec.Command(program, "--nosetuid", "--smtputf8", "--listen", s.address, "--class", "aiosmtpd.handlers.Mailbox", s.maildir), s.address)
	return s
}

// started runs a server until the test ends, and returns when something listens at its address.
func started(t *testing.T, command *exec.Cmd, address string) {
	t.Helper()
	process, err := programs.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	if err := process.Ready(30*time.Second, func(ctx context.Context) error {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	}); err != nil {
		t.Fatal(err)
	}
}

// mails are the Message-IDs of those with a subject.
func (s mailServer) mails(t *testing.T, subject string) (ids []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.maildir, "new", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		message, err := mail.ReadMessage(file)
		if err != nil {
			t.Fatal(err)
		}
		if message.Header.Get("Subject") == subject {
			ids = append(ids, message.Header.Get("Message-Id"))
		}
		_ = file.Close()
	}
	return ids
}

// through returns the address at which a worker reaches the mail server, line by line.
func (s mailServer) through(t *testing.T, points *points) (address string) {
	return between(t, s.address, func(worker, server net.Conn) {
		talk := &conversation{points, worker, server, bufio.NewReader(worker), bufio.NewReader(server)}
		for alive := talk.reply("the connection"); alive; {
			alive = talk.command()
		}
	})
}

// between listens and connects whoever comes with a server, until either end closes.
func between(t *testing.T, server string, pass func(worker, server net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			worker, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			go func() {
				defer worker.Close()
				connection, err := net.Dial("tcp", server)
				if err != nil {
					return // which the worker sees
				}
				defer connection.Close()
				pass(worker, connection)
			}()
		}
	}()
	return listener.Addr().String()
}

// conversation is one connection of a worker to the mail server, who speak in turns.
type conversation struct {
	points         *points
	worker, server net.Conn
	said, replied  *bufio.Reader
}

// command passes on a command and its reply. It reports whether the conversation goes on.
func (c *conversation) command() bool {
	line, err := c.said.ReadString('\n')
	if err != nil {
		return false
	}
	verb, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	if !c.points.at("mail: before the server gets %s", verb) || !c.give(c.server, line) || !c.reply(verb) {
		return false
	}
	return verb != "DATA" || c.content()
}

// content passes on the mail itself, and the reply to its last line.
func (c *conversation) content() bool {
	for moment := "the first line"; ; moment = "" {
		line, err := c.said.ReadString('\n')
		if err != nil {
			return false
		}
		last := line == ".\r\n"
		if last {
			moment = "the last line"
		}
		if moment != "" && !c.points.at("mail: before the server gets %s", moment) || !c.give(c.server, line) {
			return false
		}
		if last {
			return c.reply(moment)
		}
	}
}

// reply passes on what the server says to something.
func (c *conversation) reply(to string) bool {
	for {
		line, err := c.replied.ReadString('\n')
		if err != nil {
			return false
		}
		last := len(line) > 3 && line[3] == ' '
		if last && !c.points.at("mail: the server's word to %s", to) || !c.give(c.worker, line) {
			return false
		}
		if last {
			return true
		}
	}
}

func (c *conversation) give(to net.Conn, line string) bool {
	_, err := to.Write([]byte(line))
	return err == nil
}
