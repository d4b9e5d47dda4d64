package parse

import "testing"

func TestTemplatesOfOfficeAreReadAsDocuments(t *testing.T) {
	t.Parallel()
	word, book := docxFile(t, wordParagraph("", "Text")), xlsxFile(t, []string{"Days"}, map[string][][]any{"Days": {{"Grade", "Days"}, {"A", 30}}})
	for _, name := range []string{"a.dotx", "a.dotm"} {
		wantBlocks(t, readFile(t, name, word), paragraph("Text"))
	}
	for _, name := range []string{"a.xltx", "a.xltm"} {
		wantBlocks(t, readFile(t, name, book), heading(1, "Days"), table(1, "Grade | Days\nA | 30"))
	}
}

func TestPagesThatABrowserHasSavedAreRead(t *testing.T) {
	t.Parallel()
	page := mailFile("From: <Saved by Blink>", "Subject: =?utf-8?Q?Leave?=", "Date: Mon, 2 Mar 2026 10:00:00 +0800", "MIME-Version: 1.0", `Content-Type: multipart/related; type="text/html"; boundary="----MultipartBoundary--x----"`, "",
		"------MultipartBoundary--x----", "Content-Type: text/html", "Content-Transfer-Encoding: quoted-printable", "Content-Location: https://example.com/", "", "<html><body><p>=E5=B9=B4=E5=81=87</p></body></html>",
		"------MultipartBoundary--x----", "Content-Type: text/css", "Content-Location: cid:css", "", "p { color: red }",
		"------MultipartBoundary--x----", "Content-Type: text/vtt", "Content-Location: https://example.com/a.vtt", "", "WEBVTT",
		"------MultipartBoundary--x----", "Content-Type: image/png", "Content-Transfer-Encoding: base64", "Content-Location: https://example.com/a.png", "", "iVBORw==", "------MultipartBoundary--x------")
	for _, name := range []string{"a.mht", "a.mhtml"} {
		content := readFile(t, name, []byte(page))
		if content.Title != "Leave" {
			t.Errorf("title %q", content.Title)
		}
		wantBlocks(t, content, heading(1, "Leave"), paragraph("Date: Mon, 2 Mar 2026 10:00:00 +0800"), paragraph("年假"))
	}
}
