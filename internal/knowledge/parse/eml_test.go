package parse

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// mailFile puts lines together as a mail has them.
func mailFile(lines ...string) string {
	return strings.Join(lines, "\r\n") + "\r\n"
}

// nestedMails is a mail in a mail, and so on.
func nestedMails(depth int) string {
	mail := mailFile("Subject: inner", "", "needle")
	for at := range depth {
		mail = mailFile("Subject: outer", fmt.Sprintf(`Content-Type: multipart/mixed; boundary="b%d"`, at), "", fmt.Sprintf("--b%d", at), "Content-Type: message/rfc822", "", mail, fmt.Sprintf("--b%d--", at))
	}
	return mail
}

// nestedParts is a mail of parts in parts.
func nestedParts(depth int) string {
	part := "Content-Type: text/plain\r\n\r\nneedle\r\n"
	for at := range depth {
		part = fmt.Sprintf("Content-Type: multipart/mixed; boundary=\"b%[1]d\"\r\n\r\n--b%[1]d\r\n%[2]s\r\n--b%[1]d--\r\n", at, part)
	}
	return "Subject: deep\r\n" + part
}

func inBase64(data []byte) string {
	return base64.StdEncoding.EncodeToString(data)
}

func TestMailWithAlternativesAndAttachments(t *testing.T) {
	t.Parallel()
	gbk, err := simplifiedchinese.GBK.NewEncoder().String("部门,预算\n研发部,30\n")
	must(t, err)
	encrypted, err := excelize.Encrypt(docxFile(t, wordParagraph("", "secret")), &excelize.Options{Password: "x"})
	must(t, err)
	content := readFile(t, "mail.eml", []byte(mailFile(
		"Received: from somewhere", "From: =?utf-8?B?5byg5LiJ?= <zhang@example.com>", "To: a@example.com,", " b@example.com", "Date: Mon, 2 Mar 2026 10:00:00 +0800",
		"Subject: =?gbk?B?"+inBase64([]byte("\xd4\xa4\xcb\xe3"))+"?= for 2026", "MIME-Version: 1.0", `Content-Type: multipart/mixed; boundary="outer"`, "",
		"A preamble that nobody sees", "--outer", `Content-Type: multipart/alternative; boundary="inner"`, "",
		"--inner", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "", "The budget is =E9=A2=84=E7=AE=97=", ", see below.", "", "Regards",
		"--inner", "Content-Type: text/html", "", "<title>No</title><p>The HTML</p>", "--inner--",
		"--outer", `Content-Type: text/csv; name="budget.csv"`, `Content-Disposition: attachment; filename*=utf-8''%E9%A2%84%E7%AE%97.csv`, "Content-Transfer-Encoding: base64", "", inBase64([]byte(gbk)),
		"--outer", `Content-Type: application/pdf; name="plan.pdf"`, "Content-Transfer-Encoding: base64", "", inBase64(pdfFile("Plan", []pdfText{{50, 700, 10, "In the plan"}})),
		"--outer", `Content-Type: application/octet-stream; name="=?utf-8?Q?secret.docx?="`, "Content-Transfer-Encoding: base64", "", inBase64(encrypted),
		"--outer", `Content-Type: image/png; name="logo.png"`, "Content-Transfer-Encoding: base64", "", inBase64([]byte("\x89PNG\r\n\x1a\n")),
		"--outer--",
	)))
	if content.Title != "预算 for 2026" || content.Format != "eml" || content.Pages != 0 {
		t.Errorf("title %q, format %q, pages %d", content.Title, content.Format, content.Pages)
	}
	wantBlocks(t, content,
		heading(1, "预算 for 2026"),
		paragraph("From: 张三 <zhang@example.com>\nTo: a@example.com, b@example.com\nDate: Mon, 2 Mar 2026 10:00:00 +0800"),
		paragraph("The budget is 预算, see below."), paragraph("Regards"),
		heading(1, "预算.csv"), table(1, "部门 | 预算\n研发部 | 30"),
		heading(1, "plan.pdf"), paragraph("In the plan"),
		heading(1, "secret.docx"), heading(1, "logo.png"),
	)
}

func TestMailWithOnlyHTMLIsReadFromIt(t *testing.T) {
	t.Parallel()
	content := readFile(t, "a.eml", []byte(mailFile("Subject: Hi", `Content-Type: multipart/alternative; boundary=b`, "",
		"--b", "Content-Type: text/plain", "", " ", "--b", "Content-Type: text/html; charset=gb2312", "", "<title>No</title><h1>\xb1\xea\xcc\xe2</h1><p>The HTML", "--b--")))
	wantBlocks(t, content, heading(1, "Hi"), heading(1, "标题"), paragraph("The HTML"))
}

func TestPlainMailWithRawChineseHeaders(t *testing.T) {
	t.Parallel()
	content := readFile(t, "a.eml", []byte(mailFile("Subject: 预算", "From: a@example.com", "", "第一行", "第二行")))
	wantBlocks(t, content, heading(1, "预算"), paragraph("From: a@example.com"), paragraph("第一行\n第二行"))
}

func TestEmptyLinesBeforeAMailArePassedOver(t *testing.T) {
	t.Parallel()
	wantBlocks(t, readFile(t, "a.eml", []byte("\r\n\n"+mailFile("Subject: x", "", "The text"))), heading(1, "x"), paragraph("The text"))
}

func TestMailInAMailIsReadBelowIt(t *testing.T) {
	t.Parallel()
	content := readFile(t, "a.eml", []byte(nestedMails(1)))
	wantBlocks(t, content, heading(1, "outer"), heading(1, "message.eml"), heading(2, "inner"), paragraph("needle"))
}

func TestBadMailsAreRefused(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n", maxMailParts+1)
	for _, c := range []struct{ name, source, reason string }{
		{"no mail", "Just a text, without any header.\n", "other text"},
		{"binary", "\x00\x01\x02\x03\x04", "no text"},
		{"a broken header", mailFile("Subject: x", "no header \xff\x00 "+strings.Repeat("long", 100), "", "text"), "its header cannot be read"},
		{"cut off", mailFile("Subject: x", "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: image/png", "", "text"), "cut off"},
		{"broken base64", mailFile("Subject: x", "Content-Transfer-Encoding: base64", "", "!!!!"), "damaged"},
		{"encrypted by S/MIME", mailFile("Subject: x", "From: a@example.com", `Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"`, "Content-Transfer-Encoding: base64", "", "MIAG"), "encrypted"},
		{"signed by S/MIME with the text inside", mailFile("Subject: x", `Content-Type: application/x-pkcs7-mime; smime-type=signed-data`, "Content-Transfer-Encoding: base64", "", "MIAG"), "signed"},
		{"encrypted by PGP", mailFile("Subject: x", `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b`, "", "--b", "Content-Type: application/pgp-encrypted", "", "Version: 1", "--b--"), "encrypted"},
		{"too many parts", mailFile("Subject: x", "Content-Type: multipart/mixed; boundary=b", "", many+"--b--"), "more than 1000 parts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if bad := refused(t, "a.eml", []byte(c.source), DefaultLimits); !strings.Contains(bad.Reason, c.reason) {
				t.Errorf("reason %q, want %q", bad.Reason, c.reason)
			}
		})
	}
}

func TestMailsThatAreEncryptedUnderAnotherTypeAreRefused(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"S/MIME by its name":     mailFile("Subject: x", `Content-Type: application/octet-stream; name="smime.p7m"`, "Content-Transfer-Encoding: base64", "", "MIAG"),
		"S/MIME as a file":       mailFile("Subject: x", "Content-Type: application/octet-stream", `Content-Disposition: attachment; filename="SMIME.p7m"`, "Content-Transfer-Encoding: base64", "", "MIAG"),
		"PGP in the text":        mailFile("Subject: x", "", "-----BEGIN PGP MESSAGE-----", "", "hQEMA", "-----END PGP MESSAGE-----"),
		"PGP with a file beside": mailFile("Subject: x", "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain", "", "", "-----BEGIN PGP MESSAGE-----", "", "hQEMA", "--b--"),
	} {
		if bad := refused(t, "a.eml", []byte(source), DefaultLimits); !strings.Contains(bad.Reason, "encrypted") {
			t.Errorf("%s: reason %q", name, bad.Reason)
		}
	}
	signed := mailFile("Subject: x", `Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b`, "", "--b", "Content-Type: text/plain", "", "The text",
		"--b", `Content-Type: application/pkcs7-signature; name="smime.p7s"`, "Content-Transfer-Encoding: base64", "", "MIAG", "--b--")
	wantBlocks(t, readFile(t, "a.eml", []byte(signed)), heading(1, "x"), paragraph("The text"), heading(1, "smime.p7s"))
}

func TestAPlainTextThatOnlyPointsToTheHTMLIsNotRead(t *testing.T) {
	t.Parallel()
	mail := func(plain, page string) []byte {
		return []byte(mailFile("Subject: x", "Content-Type: multipart/alternative; boundary=b", "", "--b", "Content-Type: text/plain", "", plain, "--b", "Content-Type: text/html", "", page, "--b--"))
	}
	const stub = "This mail is HTML, use a program that shows it."
	wantBlocks(t, readFile(t, "a.eml", mail(stub, "<p>Thirty days</p>")), heading(1, "x"), paragraph("Thirty days"))
	wantBlocks(t, readFile(t, "a.eml", mail(stub, "<p><img src=a></p>")), heading(1, "x"), paragraph(stub))
	long := "How HTML is written: " + strings.TrimSpace(strings.Repeat("a tag has a name ", 12))
	wantBlocks(t, readFile(t, "a.eml", mail(long, "<p>Thirty days</p>")), heading(1, "x"), paragraph(long))
}

func TestAByteOrderMarkBeforeAMailIsPassedOver(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.eml", "mail"} {
		wantBlocks(t, readFile(t, name, []byte("\xEF\xBB\xBF"+mailFile("MIME-Version: 1.0", "Subject: x", "", "Text"))), heading(1, "x"), paragraph("Text"))
	}
	wantBlocks(t, readFile(t, "a.eml", []byte("\xEF\xBB\xBF"+mailFile("Subject: x", "", "Text"))), heading(1, "x"), paragraph("Text"))
}

func TestTheLineThatBeginsAMailInAMailboxIsPassedOver(t *testing.T) {
	t.Parallel()
	one := "From - Sat Nov 28 2026\r\n" + mailFile("X-Status: 1", "Subject: x", "", "From here on", "", "From the first day on:", "thirty days")
	wantBlocks(t, readFile(t, "a.eml", []byte(one)), heading(1, "x"), paragraph("From here on"), paragraph("From the first day on:\nthirty days"))
	if bad := refused(t, "a.eml", []byte(one+"\r\n"+one), DefaultLimits); !strings.Contains(bad.Reason, "several mails") {
		t.Errorf("reason %q", bad.Reason)
	}
}

func TestAMailWithoutItsLastBoundaryIsReadWhereItEndsWithText(t *testing.T) {
	t.Parallel()
	mixed := []string{"Subject: x", "Content-Type: multipart/mixed; boundary=b", "", "--b"}
	wantBlocks(t, readFile(t, "a.eml", []byte(mailFile(append(mixed, "Content-Type: text/plain", "", "One", "--b", "Content-Type: text/plain", "", "Two")...))), heading(1, "x"), paragraph("One"), paragraph("Two"))
	wantBlocks(t, readFile(t, "a.eml", []byte(mailFile(append(mixed, "Content-Type: multipart/alternative; boundary=c", "", "--c", "", "One", "--c--")...))), heading(1, "x"), paragraph("One"))
	for _, kind := range []string{"text/plain\r\nContent-Transfer-Encoding: base64", "application/pdf", "multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: image/png"} {
		if bad := refused(t, "a.eml", []byte(mailFile(append(mixed, "Content-Type: "+kind, "", "VGV4")...)), DefaultLimits); !strings.Contains(bad.Reason, "cut off") || !strings.Contains(bad.Advice, ".txt") {
			t.Errorf("%s: %v", kind, bad)
		}
	}
}

func TestOtherTextsOfAMailAreRead(t *testing.T) {
	t.Parallel()
	invitation := []string{"Content-Type: text/calendar; method=REQUEST; charset=utf-8", "", "BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "BEGIN:STANDARD", "DTSTART:19701025T030000", "END:STANDARD", "END:VTIMEZONE",
		"BEGIN:VEVENT", "DTSTART;TZID=Europe/Berlin:20261130T090000", "DTEND:20261130T090000Z", `SUMMARY:Budget\, 2027`, "LOCATION;LANGUAGE=de:Room 3", `DESCRIPTION:Bring the fig`, ` ures\nand a pen`,
		"BEGIN:VALARM", "DESCRIPTION:REMINDER", "END:VALARM", "END:VEVENT", "END:VCALENDAR"}
	event := paragraph("Start: 2026-11-30 09:00 (Europe/Berlin)\nEnd: 2026-11-30 09:00 (UTC)\nSummary: Budget, 2027\nLocation: Room 3\nDescription: Bring the figures\nand a pen")
	wantBlocks(t, readFile(t, "a.eml", []byte(mailFile(append([]string{"Subject: x"}, invitation...)...))), heading(1, "x"), event)
	alternatives := append([]string{"Subject: x", "Content-Type: multipart/alternative; boundary=b", "", "--b", "Content-Type: text/plain", "", "Come", "--b"}, invitation...)
	wantBlocks(t, readFile(t, "a.eml", []byte(mailFile(append(alternatives, "--b--")...))), heading(1, "x"), paragraph("Come"))
	wantBlocks(t, readFile(t, "a.eml", []byte(mailFile("Subject: x", "Content-Type: text/enriched", "", "<bold>Thirty</bold> days, <param>red</param>a << b"))), heading(1, "x"), paragraph("Thirty days, a < b"))
	wantBlocks(t, readFile(t, "a.eml", []byte(mailFile("Subject: x", "Content-Type: text/enriched", "", strings.Repeat("<param>", 500_000)))), heading(1, "x")) // at once, and not after hours
	wantBlocks(t, readFile(t, "a.eml", []byte(mailFile("Subject: x", "Content-Type: text/markdown", "", "Thirty days"))), heading(1, "x"), paragraph("Thirty days"))
}
