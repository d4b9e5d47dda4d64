package parse

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"bestbox/internal/knowledge"
)

// mailParts is a part of parts, with its own header.
func mailParts(kind, boundary string, parts ...string) string {
	return fmt.Sprintf("Content-Type: multipart/%s; boundary=%q\r\n\r\n--%[2]s\r\n%s\r\n--%[2]s--\r\n", kind, boundary, strings.Join(parts, "\r\n--"+boundary+"\r\n"))
}

// onePart is a part, with its own header.
func onePart(kind, body string, more ...string) string {
	return mailFile(append(append([]string{"Content-Type: " + kind}, more...), "", body)...)
}

func planPart(kind string, more ...string) string {
	return onePart(kind, inBase64(pdfFile("", []pdfText{{50, 700, 10, "In the plan"}})), append(more, "Content-Transfer-Encoding: base64")...)
}

func TestOfAlternativesOneTextIsReadAndEveryAttachment(t *testing.T) {
	t.Parallel()
	plain, page := onePart("text/plain", "The plain"), onePart("text/html", "<p>The page")
	plan := planPart("application/pdf; name=plan.pdf")
	logo := onePart("image/png; name=logo.png", "x", "Content-Id: <logo>")
	attached := []knowledge.Block{heading(1, "plan.pdf"), paragraph("In the plan")}
	for _, c := range []struct {
		name, source string
		text         []knowledge.Block
		attached     []knowledge.Block
	}{
		{"a PDF amid the page", mailParts("alternative", "a", plain, mailParts("mixed", "m", page, plan, page)), []knowledge.Block{paragraph("The plain")}, attached},
		{"a PDF beside the page", mailParts("alternative", "a", mailParts("mixed", "m", page, plan), page), []knowledge.Block{paragraph("The page")}, attached},
		{"a PDF as an alternative", mailParts("alternative", "a", plain, plan), []knowledge.Block{paragraph("The plain")}, attached},
		{"a PDF deep in the page", mailParts("alternative", "a", plain, mailParts("related", "r", mailParts("mixed", "m", page, plan), logo)), []knowledge.Block{paragraph("The plain")}, attached},
		{"pictures of the page", mailParts("alternative", "a", plain, mailParts("related", "r", page, logo)), []knowledge.Block{paragraph("The plain")}, nil},
		{"a text that is attached", mailParts("alternative", "a", onePart("text/plain; name=a.txt", "Attached", "Content-Disposition: attachment"), page), []knowledge.Block{paragraph("The page")},
			[]knowledge.Block{heading(1, "a.txt"), paragraph("Attached")}},
		{"an invitation", mailParts("alternative", "a", plain, page, onePart("text/calendar; name=invite.ics", "BEGIN:VCALENDAR")), []knowledge.Block{paragraph("The plain")}, nil},
		{"a plain text that is empty behind its encoding", mailParts("alternative", "a", onePart("text/plain", "DQo=", "Content-Transfer-Encoding: base64"), page), []knowledge.Block{paragraph("The page")}, nil},
		{"a plain text of blanks that are written out", mailParts("alternative", "a", onePart("text/plain", "=20=0A", "Content-Transfer-Encoding: quoted-printable"), page), []knowledge.Block{paragraph("The page")}, nil},
		{"no text but in parts", mailParts("alternative", "a", mailParts("mixed", "m", page, plan)), []knowledge.Block{paragraph("The page")}, attached},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := append(append([]knowledge.Block{heading(1, "x")}, c.text...), c.attached...)
			wantBlocks(t, readFile(t, "a.eml", []byte("Subject: x\r\n"+c.source)), want...)
		})
	}
}

func TestContentTypesThatBreakTheStandardLoseNoText(t *testing.T) {
	t.Parallel()
	parts := func(boundary string) []string {
		return []string{"", "--" + boundary, "Content-Type: text/plain", "", "The text", "--" + boundary + "--"}
	}
	for _, c := range []struct {
		name, kind string
		body       []string
	}{
		{"a boundary without quotes", "multipart/mixed; boundary=----=_Part_1", parts("----=_Part_1")},
		{"blanks around it", "multipart/mixed; boundary = ----=_Part_1 ; charset=utf-8", parts("----=_Part_1")},
		{"a quote that does not end", `multipart/mixed; boundary="b`, parts("b")},
		{"a boundary said twice", "multipart/mixed; boundary=b; boundary=b", parts("b")},
		{"a semicolon that is missing", "multipart/mixed boundary=b", parts("b")},
		{"a word alone", "multipart/mixed; broken; boundary=b;", parts("b")},
		{"over two lines", "Multipart/Mixed;\r\n\tBOUNDARY=\"b\"", parts("b")},
		{"text", "text", []string{"", "The text"}},
		{"nothing", "", []string{"", "The text"}},
		{"a comment", "text/plain; charset=us-ascii (Plain text)", []string{"", "The text"}},
		{"an encoding in quotes that do not end", `text/plain; charset="utf-8`, []string{"", "The text"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			source := mailFile(append([]string{"Subject: x", "Content-Type: " + c.kind}, c.body...)...)
			wantBlocks(t, readFile(t, "a.eml", []byte(source)), heading(1, "x"), paragraph("The text"))
		})
	}
	for name, source := range map[string]string{
		"no boundary":                      mailFile("Subject: x", "Content-Type: multipart/mixed", "", "--b", "", "text", "--b--"),
		"a boundary that stands not there": mailFile("Subject: x", "Content-Type: multipart/mixed; boundary=c", "", "--b", "", "text", "--b--"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_ = refused(t, "a.eml", []byte(source), DefaultLimits)
		})
	}
}

func TestThePDFsOfAMailHaveTheTimeOfOne(t *testing.T) {
	t.Parallel()
	source := []byte("Subject: x\r\n" + mailParts("mixed", "m", onePart("text/plain", "The text"), planPart("application/pdf; name=a.pdf"), planPart("application/pdf; name=b.pdf")))
	text := []knowledge.Block{heading(1, "x"), paragraph("The text"), heading(1, "a.pdf")}
	for used, want := range map[time.Duration][]knowledge.Block{0: {paragraph("In the plan"), heading(1, "b.pdf"), paragraph("In the plan")}, maxPDFTime: {heading(1, "b.pdf")}} {
		out := &builder{ctx: t.Context(), limits: DefaultLimits, pdfTime: used}
		must(t, read(out, "a.eml", source, 0))
		wantBlocks(t, out.content, slices.Concat(text, want)...)
		if out.pdfTime == 0 {
			t.Errorf("the time of PDFs is %s", out.pdfTime)
		}
	}
}

// Some of these would take minutes if each parameter made all of the others be looked at.
func TestHeadersOfAnyLengthAreReadAtOnce(t *testing.T) {
	t.Parallel()
	var pieces strings.Builder
	for at := range 10_000 {
		fmt.Fprintf(&pieces, "name*%d=;", at)
	}
	for name, parameters := range map[string]string{
		"words": strings.Repeat("a;", 500_000), "pieces of a name": pieces.String(), "blanks": strings.Repeat(" ", 500_000), "encoded words": strings.Repeat("=?", 500_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			source := mailFile("Subject: x", "Content-Type: text/plain; charset=gbk;"+parameters, "", "\xd4\xa4")
			wantBlocks(t, readFile(t, "a.eml", []byte(source)), heading(1, "x"), paragraph("预"))
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestAttachmentsAreToldByTypeAndContentWhereTheNameDoesNotSay(t *testing.T) {
	t.Parallel()
	gbk, err := simplifiedchinese.GBK.NewEncoder().String("预算")
	must(t, err)
	percent := strings.ToUpper(fmt.Sprintf("%%%x%%%x%%%x%%%x", gbk[0], gbk[1], gbk[2], gbk[3]))
	word := inBase64(docxFile(t, wordParagraph("", "In Word")))
	base64 := "Content-Transfer-Encoding: base64"
	for _, c := range []struct {
		name, part string
		want       []knowledge.Block
	}{
		{"a mail named by its subject", onePart(`message/rfc822; name="Fwd: Budget"`, "Subject: y\r\n\r\nInner"), []knowledge.Block{heading(1, "Fwd: Budget"), heading(2, "y"), paragraph("Inner")}},
		{"a mail named as a document", onePart(`message/rfc822; name="Re: plan.docx"`, "Subject: y\r\n\r\nInner"), []knowledge.Block{heading(1, "Re: plan.docx"), heading(2, "y"), paragraph("Inner")}},
		{"a PDF without an extension", planPart(`application/pdf; name="Invoice March"`), []knowledge.Block{heading(1, "Invoice March"), paragraph("In the plan")}},
		{"a PDF with a point in its name", planPart(`application/pdf; name="Invoice No. 5"`), []knowledge.Block{heading(1, "Invoice No. 5"), paragraph("In the plan")}},
		{"a PDF without a name", planPart("application/pdf"), []knowledge.Block{heading(1, "attachment.pdf"), paragraph("In the plan")}},
		{"a PDF of no type", planPart(`application/octet-stream; name="Invoice March"`), []knowledge.Block{heading(1, "Invoice March"), paragraph("In the plan")}},
		{"a Word document of no type", onePart("application/octet-stream; name=report", word, base64), []knowledge.Block{heading(1, "report"), paragraph("In Word")}},
		{"blanks without quotes", onePart("application/octet-stream", word, base64, "Content-Disposition: attachment; filename=my report.docx"), []knowledge.Block{heading(1, "my report.docx"), paragraph("In Word")}},
		{"a name in GBK", onePart("application/octet-stream", word, base64, "Content-Disposition: attachment; filename*=gbk''"+percent+".docx"), []knowledge.Block{heading(1, "预算.docx"), paragraph("In Word")}},
		{"a name in pieces", onePart("application/octet-stream", word, base64, "Content-Disposition: attachment; filename*0*=gbk''"+percent+"; filename*1=\" 2\"; filename*2*=%2Edocx"),
			[]knowledge.Block{heading(1, "预算 2.docx"), paragraph("In Word")}},
		{"a name in both forms", onePart("application/octet-stream", word, base64, "Content-Disposition: attachment; filename=a.bin; filename*=utf-8''b.docx"), []knowledge.Block{heading(1, "b.docx"), paragraph("In Word")}},
		{"a path", onePart("application/octet-stream", word, base64, `Content-Disposition: attachment; filename="C:\dir\a.docx"`), []knowledge.Block{heading(1, `C:\dir\a.docx`), paragraph("In Word")}},
		{"text", onePart("text/plain; name=Notes", "Some notes"), []knowledge.Block{heading(1, "Notes"), paragraph("Some notes")}},
		{"code", onePart("text/plain; name=main.go", "package main"), []knowledge.Block{heading(1, "main.go")}},
		{"a picture", onePart("image/png; name=logo", "\x89PNG"), []knowledge.Block{heading(1, "logo")}},
		{"a picture that is called a PDF", onePart("application/pdf; name=plan", "\x89PNG"), []knowledge.Block{heading(1, "plan")}},
		{"an archive", onePart("application/zip; name=all.zip", inBase64(zipFile(t, zipEntry{"a.txt", "x"})), base64), []knowledge.Block{heading(1, "all.zip")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			source := "Subject: x\r\n" + mailParts("mixed", "m", onePart("text/plain", "The text"), c.part)
			wantBlocks(t, readFile(t, "a.eml", []byte(source)), append([]knowledge.Block{heading(1, "x"), paragraph("The text")}, c.want...)...)
		})
	}
}

func TestABrokenAttachmentLeavesItsNameAndTheRestOfTheMail(t *testing.T) {
	t.Parallel()
	const base64, quoted = "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable"
	notes := inBase64([]byte("Some notes here"))
	long := strings.Repeat("words ", 2000)
	for _, c := range []struct{ name, part, want string }{
		{"a blank behind it", onePart("text/plain; name=a.txt", notes+" \r\n\t", base64), "Some notes here"},
		{"signs that are none", onePart("text/plain; name=a.txt", notes[:4]+"!"+notes[4:], base64), "Some notes here"},
		{"pieces with their own ends", onePart("text/plain; name=a.txt", inBase64([]byte("Some "))+"\r\n"+inBase64([]byte("notes here")), base64), "Some notes here"},
		{"cut off", onePart("text/plain; name=a.txt", notes[:9], base64), ""},
		{"cut off before its end", onePart("text/plain; name=a.txt", notes[:10], base64), ""},
		{"nothing that is base64", onePart("text/plain; name=a.txt", "!!!!", base64), ""},
		{"one long line", onePart("text/plain; name=a.txt", long, quoted), strings.TrimSpace(long)},
		{"an equals sign that stands for itself", onePart("text/plain; name=a.txt", "a =ZZ b", quoted), "a =ZZ b"},
		{"broken quoted-printable", onePart("text/plain; name=a.txt", "a \x01 b", quoted), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			source := "Subject: x\r\n" + mailParts("mixed", "m", onePart("text/plain", "The text"), c.part, onePart("text/plain", "The end"))
			want := []knowledge.Block{heading(1, "x"), paragraph("The text"), paragraph("The end"), heading(1, "a.txt")}
			if c.want != "" {
				want = append(want, paragraph(c.want))
			}
			wantBlocks(t, readFile(t, "a.eml", []byte(source)), want...)
		})
	}
	for name, text := range map[string]string{"a blank behind it": onePart("text/plain", notes+" ", base64), "one long line": onePart("text/plain", "Some notes here=\r\n"+strings.Repeat("=20", 2000), quoted)} {
		t.Run("text with "+name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, "a.eml", []byte("Subject: x\r\n"+text)), heading(1, "x"), paragraph("Some notes here"))
		})
	}
	for name, body := range map[string]string{"cut off": notes[:10], "more behind its end": inBase64([]byte("Some ")) + "Sent by a scanner", "signs that are none": notes[:4] + "!" + notes[4:]} {
		t.Run("text with "+name+" is refused", func(t *testing.T) {
			t.Parallel()
			if bad := refused(t, "a.eml", []byte("Subject: x\r\n"+onePart("text/plain", body, base64)), DefaultLimits); !strings.Contains(bad.Reason, "damaged") {
				t.Errorf("reason %q", bad.Reason)
			}
		})
	}
}
