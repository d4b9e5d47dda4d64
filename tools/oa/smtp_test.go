package oa

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/tools"
	"bestbox/tools/toolstest"
)

// mailServer is a real SMTP server that keeps what it takes, and misbehaves on demand.
type mailServer struct {
	mutex    sync.Mutex
	taken    []takenMail
	user     string                            // who has logged in last
	refuse   func(recipient string) error      // nil: takes all
	atTheEnd func(connection *smtp.Conn) error // after the whole mail has come, before the answer
	address  string
}

type takenMail struct {
	from    string
	to      []string
	content []byte
}

func (m *mailServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &mailSession{server: m, connection: c}, nil
}

type mailSession struct {
	server     *mailServer
	connection *smtp.Conn
	mail       takenMail
}

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "secret" {
			return smtp.ErrAuthFailed
		}
		s.server.mutex.Lock()
		defer s.server.mutex.Unlock()
		s.server.user = user
		return nil
	}), nil
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	s.mail = takenMail{from: from}
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mutex.Lock()
	defer s.server.mutex.Unlock()
	if s.server.refuse != nil {
		if err := s.server.refuse(to); err != nil {
			return err
		}
	}
	s.mail.to = append(s.mail.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mutex.Lock()
	defer s.server.mutex.Unlock()
	if s.server.atTheEnd != nil {
		if err := s.server.atTheEnd(s.connection); err != nil {
			return err
		}
	}
	s.mail.content = content
	s.server.taken = append(s.server.taken, s.mail)
	return nil
}

func (*mailSession) Reset()        {}
func (*mailSession) Logout() error { return nil }

// misbehave tells the server, which runs already, what to refuse and what to do at the end of a mail.
func (m *mailServer) misbehave(refuse func(recipient string) error, atTheEnd func(*smtp.Conn) error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.refuse, m.atTheEnd = refuse, atTheEnd
}

func (m *mailServer) mails() []takenMail {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return append([]takenMail{}, m.taken...)
}

// newMailServer starts one on a free port. With a certificate it offers STARTTLS, and with implicit it speaks TLS from the first byte.
func newMailServer(t *testing.T, certificate *tls.Certificate, implicit bool) *mailServer {
	t.Helper()
	backend := &mailServer{}
	server := smtp.NewServer(backend)
	server.Domain, server.AllowInsecureAuth = "localhost", certificate == nil
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	backend.address = listener.Addr().String()
	if certificate != nil {
		config := &tls.Config{Certificates: []tls.Certificate{*certificate}}
		if implicit {
			listener = tls.NewListener(listener, config)
		} else {
			server.TLSConfig = config
		}
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return backend
}

// written puts a text into a file of the test's own.
func written(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// certified makes a certificate for 127.0.0.1, and the file with which it is trusted.
func certified(t *testing.T) (certificate *tls.Certificate, authority string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	authority = written(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, authority
}

const someDraft = `{"from":"EMP-002","to":["EMP-003","orders@kestrel-bearings.example"],"cc":["EMP-001"],"subject":"Re: 预算 Q4, and a subject that is long enough to be folded twice 预算预算预算预算预算预算预算预算预算",
	"body":"Dear Chen Wei,\n\n.a line with a dot\nthe increase of $295,000.00 is approved = 批准。\n\nLin Xiaoyan"}`

// mailDesk is a desk with a mail server and a draft to send.
func mailDesk(t *testing.T, store recordstest.Store, server *mailServer) (d desk, send string) {
	t.Helper()
	d = newDesk(t, store, Options{SMTP: &config.SMTP{Address: server.address, TLS: config.TLSNone, Timeout: "10s"}})
	var draft Draft
	d.Apply(t, "draft_email", "run/draft", someDraft, &draft)
	return d, `{"draft_id":"` + draft.ID + `"}`
}

func (d desk) send(t testing.TB, key, arguments string) error {
	t.Helper()
	_, err := d.Tool(t, "send_email").Apply(t.Context(), key, json.RawMessage(arguments))
	return err
}

func TestASentMailIsTheDraft(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, nil, false)
	d, send := mailDesk(t, recordstest.Stores()[0], server)
	change := d.Preview(t, "send_email", send)
	if len(server.mails()) != 0 || change.Facts["outside"] != true || change.Facts["recipients"] != 3 {
		t.Fatalf("the preview is %+v, the server has %d mails", change, len(server.mails()))
	}
	var sent SentMail
	d.Apply(t, "send_email", "run/send", send, &sent)
	var again SentMail
	d.Apply(t, "send_email", "run/send", send, &again) // the attempt that is repeated
	mails := server.mails()
	if len(mails) != 1 || sent.MessageID != again.MessageID {
		t.Fatalf("the server has %d mails", len(mails))
	}
	if diff := cmp.Diff([]string{"wei.chen@yunqiao.example", "orders@kestrel-bearings.example", "minghua.zhao@yunqiao.example"}, mails[0].to); diff != "" {
		t.Error(diff)
	}
	message, err := mail.ReadMessage(bytes.NewReader(mails[0].content))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := (&mime.WordDecoder{}).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(message.Body))
	if err != nil {
		t.Fatal(err)
	}
	var draft DraftArguments
	toolstest.Decode(t, json.RawMessage(someDraft), &draft)
	if subject != draft.Subject {
		t.Errorf("the subject is %q, want %q", subject, draft.Subject)
	}
	if got := strings.TrimSpace(strings.ReplaceAll(string(body), "\r\n", "\n")); got != draft.Body {
		t.Errorf("the text is %q, want %q", got, draft.Body)
	}
	for header, want := range map[string]string{"Message-ID": sent.MessageID, "From": `"Lin Xiaoyan" <xiaoyan.lin@yunqiao.example>`, "Cc": "<minghua.zhao@yunqiao.example>"} {
		if got := message.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	if _, err := message.Header.Date(); err != nil {
		t.Error(err)
	}
	for line := range strings.SplitSeq(string(mails[0].content), "\r\n") {
		if len(line) > 998 {
			t.Errorf("a line of %d octets", len(line))
		}
	}
	toolstest.Refused(t, toolstest.Mistake{Tool: "send_email", Arguments: send, Field: "draft_id", Allowed: "was sent"}, d.send(t, "run/other", send))
	if len(server.mails()) != 1 {
		t.Error("a second key has sent the draft again")
	}
	if _, err := d.Tool(t, "draft_email").Undo(t.Context(), "run/draft"); err == nil {
		t.Error("a draft that was sent was discarded")
	}
}

// TestACutOffAttemptIsRepeatedOnlyWhenTheServerCannotHaveTheMail puts the records into the state in which a worker that ends there leaves them.
func TestACutOffAttemptIsRepeatedOnlyWhenTheServerCannotHaveTheMail(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		delivery string // the row's state, empty: none
		mails    int
		unknown  bool
	}{
		"before the last byte":           {"", 1, false},
		"between last byte and the word": {"handing over", 0, true},
		"after the server's word":        {"accepted", 0, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, store := range recordstest.Stores() {
				t.Run(store.Name, func(t *testing.T) {
					t.Parallel()
					server := newMailServer(t, nil, false)
					d, send := mailDesk(t, store, server)
					d.Execute(t, "INSERT INTO effects (key, tool, arguments, state, begun_at) VALUES ('run/send', 'send_email', ?, 'pending', '2026-01-15T00:00:00Z')", send)
					if test.delivery != "" {
						d.Execute(t, "UPDATE mail_drafts SET status = 'sent' WHERE id = 'DRF-2026-0002'")
						d.Execute(t, "INSERT INTO mail_deliveries VALUES (?, 'DRF-2026-0002', ?, '2026-01-15T00:00:00Z')", messageID("run/send", "xiaoyan.lin@yunqiao.example"), test.delivery)
					}
					for range 2 {
						err := d.send(t, "run/send", send)
						var unknown *records.UnknownEffectError
						if errors.As(err, &unknown) != test.unknown || err != nil && !test.unknown {
							t.Errorf("got %v", err)
						}
					}
					if n := len(server.mails()); n != test.mails {
						t.Errorf("the server has %d mails, want %d", n, test.mails)
					}
					state := "done"
					if test.unknown {
						state = "unknown"
					}
					if d.Number(t, "SELECT count(*) FROM effects WHERE key = 'run/send' AND state = ?", state) != 1 {
						t.Errorf("the ledger does not say %s", state)
					}
				})
			}
		})
	}
}

func TestAServerThatEndsAfterTheLastByteLeavesTheMailUnknown(t *testing.T) {
	t.Parallel()
	server := newMailServer(t, nil, false)
	server.misbehave(nil, func(c *smtp.Conn) error { return c.Conn().Close() }) // it has the mail, and its word never comes
	d, send := mailDesk(t, recordstest.Stores()[0], server)
	for range 2 { // the attempt itself, and the next one, which asks
		var unknown *records.UnknownEffectError
		if err := d.send(t, "run/send", send); !errors.As(err, &unknown) {
			t.Errorf("got %v", err)
		} else if !strings.Contains(unknown.Where, messageID("run/send", "xiaoyan.lin@yunqiao.example")) {
			t.Errorf("it does not say where to look: %s", unknown.Where)
		}
	}
	if n := len(server.mails()); n != 1 {
		t.Errorf("the server has %d mails", n)
	}
	toolstest.Refused(t, toolstest.Mistake{Tool: "send_email", Arguments: send, Field: "draft_id", Allowed: "was sent"}, d.send(t, "run/other", send))
}

func TestARefusedMailIsSentByNobodyAndTheDraftStays(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		refuse   func(string) error
		atTheEnd func(*smtp.Conn) error
		forGood  bool
		holds    string
	}{
		"a recipient for good": {refuse: func(to string) error {
			if strings.HasPrefix(to, "orders@") {
				return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
			}
			return nil
		}, forGood: true, holds: "orders@kestrel-bearings.example"},
		"a recipient for now": {refuse: func(string) error {
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "try later"}
		}, holds: "try later"},
		"the mail for good": {atTheEnd: func(*smtp.Conn) error {
			return &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: "too big"}
		}, forGood: true, holds: "too big"},
		"the mail for now": {atTheEnd: func(*smtp.Conn) error {
			return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "disk full"}
		}, holds: "disk full"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newMailServer(t, nil, false)
			server.misbehave(test.refuse, test.atTheEnd)
			d, send := mailDesk(t, recordstest.Stores()[0], server)
			err := d.send(t, "run/send", send)
			var wrong *tools.ArgumentError
			if err == nil || errors.As(err, &wrong) != test.forGood || !strings.Contains(err.Error(), test.holds) {
				t.Errorf("got %v", err)
			}
			if n := len(server.mails()) + d.Number(t, "SELECT count(*) FROM mail_deliveries") + d.Number(t, "SELECT count(*) FROM mail_drafts WHERE status = 'sent'"); n != 0 {
				t.Errorf("%d traces of a mail that nobody took", n)
			}
			server.misbehave(nil, nil)
			if err := d.send(t, "run/send", send); err != nil {
				t.Errorf("the next attempt: %v", err)
			}
			if n := len(server.mails()); n != 1 {
				t.Errorf("the server has %d mails", n)
			}
		})
	}
}

func TestOneDraftIsSentOnceByTwoCallsSideBySide(t *testing.T) {
	t.Parallel()
	for _, store := range recordstest.Stores() {
		t.Run(store.Name, func(t *testing.T) {
			t.Parallel()
			server := newMailServer(t, nil, false)
			d, send := mailDesk(t, store, server)
			var group sync.WaitGroup
			for _, key := range []string{"run/1", "run/2", "run/3", "run/4"} {
				group.Go(func() {
					if err := d.send(t, key, send); err != nil {
						t.Logf("%s: %v", key, err)
					}
				})
			}
			group.Wait()
			if n := len(server.mails()); n != 1 {
				t.Errorf("the server has %d mails", n)
			}
		})
	}
}

func TestAServerThatIsNotThereOrHangsIsAnErrorInTime(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	t.Cleanup(func() { _ = listener.Close() })
	for name, address := range map[string]string{"hangs": listener.Addr().String(), "not there": gone.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, send := mailDesk(t, recordstest.Stores()[0], &mailServer{address: address})
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			started := time.Now()
			_, err := d.Tool(t, "send_email").Apply(ctx, "run/send", json.RawMessage(send))
			if err == nil || !strings.Contains(err.Error(), address) || time.Since(started) > 5*time.Second {
				t.Errorf("got %v after %v", err, time.Since(started))
			}
			if d.Number(t, "SELECT count(*) FROM mail_drafts WHERE status = 'sent'") != 0 {
				t.Error("the draft counts as sent")
			}
		})
	}
}

func TestMailGoesOverTLSOrNotAtAll(t *testing.T) {
	t.Parallel()
	certificate, authority := certified(t)
	login := config.Credentials{User: "bot", PasswordFile: written(t, "secret\n")}
	tests := map[string]struct {
		offered  *tls.Certificate
		implicit bool
		use      config.SMTP
		sent     bool
	}{
		"starttls":               {certificate, false, config.SMTP{TLS: config.TLSStart, Credentials: login, CAFile: authority}, true},
		"implicit":               {certificate, true, config.SMTP{TLS: config.TLSImplicit, Credentials: login, CAFile: authority}, true},
		"starttls not offered":   {nil, false, config.SMTP{TLS: config.TLSStart, Credentials: login, CAFile: authority}, false},
		"certificate of another": {certificate, false, config.SMTP{TLS: config.TLSStart, Credentials: login}, false},
		"wrong password": {certificate, false, config.SMTP{TLS: config.TLSStart, CAFile: authority,
			Credentials: config.Credentials{User: "bot", PasswordFile: written(t, "wrong")}}, false},
		"password in the clear": {nil, false, config.SMTP{TLS: config.TLSNone, Credentials: login}, true}, // this machine only
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newMailServer(t, test.offered, test.implicit)
			use := test.use
			use.Address, use.Timeout = server.address, "10s"
			d := newDesk(t, recordstest.Stores()[0], Options{SMTP: &use})
			d.Apply(t, "draft_email", "run/draft", someDraft, nil)
			err := d.send(t, "run/send", `{"draft_id":"DRF-2026-0002"}`)
			if (err == nil) != test.sent || (len(server.mails()) == 1) != test.sent {
				t.Errorf("got %v and %d mails", err, len(server.mails()))
			}
			if _, is := errors.AsType[*tools.ArgumentError](err); is {
				t.Errorf("a fault of the configuration is told to the model: %v", err)
			}
			if test.sent && server.user != "bot" {
				t.Error("nobody has logged in")
			}
		})
	}
}

func TestAMailServerWhoseFilesCannotBeReadIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	for want, server := range map[string]config.SMTP{
		"connections.smtp.password_file": {Credentials: config.Credentials{User: "bot", PasswordFile: "/nowhere"}},
		"connections.smtp.ca_file":       {CAFile: written(t, "no certificate")},
	} {
		server.Address, server.TLS = "mail.example:587", config.TLSStart
		if _, err := (Options{SMTP: &server}).Tools(area.Reading(t).DB); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestWithoutAMailServerNothingCanBeSent(t *testing.T) {
	t.Parallel()
	list, err := Options{}.Tools(area.Reading(t).DB)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range list {
		if tool.Name() == "send_email" {
			t.Error("there is a send_email without a server")
		}
	}
	if _, err := (Options{}).Tools(nil); err == nil {
		t.Error("tools without a database")
	}
}
