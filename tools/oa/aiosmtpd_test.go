package oa

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/config"
	"bestbox/internal/programs"
	"bestbox/internal/programtest"
	"bestbox/internal/records/recordstest"
	"bestbox/tools/toolstest"
)

// TestAServerOfAnotherKindTakesTheMailOnce sends to aiosmtpd, a mail server that is neither ours nor written in Go, which keeps what it takes in a maildir.
func TestAServerOfAnotherKindTakesTheMailOnce(t *testing.T) {
	t.Parallel()
	certificate, authority := certified(t)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	keyFile := written(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address, maildir := fmt.Sprint("127.0.0.1:", port), filepath.Join(t.TempDir(), "mails")
	process, err := programs.Start(exec.Command(filepath.Join(programtest.PythonPackage(t, "aiosmtpd==1.4.6"), "aiosmtpd"), "--nosetuid", "--smtputf8", "--listen", address, "--tlscert", authority, "--tlskey", keyFile,
		"--class", "aiosmtpd.handlers.Mailbox", maildir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	err = process.Ready(30*time.Second, func(ctx context.Context) error {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, recordstest.Stores()[0], Options{SMTP: &config.SMTP{Address: address, TLS: config.TLSStart, CAFile: authority}})
	d.Apply(t, "draft_email", "run/draft", someDraft, nil)
	var sent SentMail
	for range 2 {
		d.Apply(t, "send_email", "run/send", `{"draft_id":"DRF-2026-0002"}`, &sent)
	}
	mails, err := filepath.Glob(filepath.Join(maildir, "new", "*"))
	if err != nil || len(mails) != 1 {
		t.Fatalf("%d mails, %v\n%s", len(mails), err, process.Log())
	}
	content, err := os.ReadFile(mails[0])
	if err != nil {
		t.Fatal(err)
	}
	message, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(message.Body))
	if err != nil {
		t.Fatal(err)
	}
	if message.Header.Get("Message-ID") != sent.MessageID || message.Header.Get("X-RcptTo") != strings.Join(append(append([]string{}, sent.To...), sent.Cc...), ", ") {
		t.Errorf("%v", message.Header)
	}
	var draft DraftArguments
	toolstest.Decode(t, json.RawMessage(someDraft), &draft)
	if diff := cmp.Diff(draft.Body, strings.TrimSpace(strings.ReplaceAll(string(body), "\r\n", "\n"))); diff != "" {
		t.Error(diff)
	}
}
