package parse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"bestbox/internal/knowledge"
)

// The reader is one for the process, so it is closed after all tests.
func TestMain(m *testing.M) {
	code := m.Run()
	used := theEngine
	if err := Close(); err != nil {
		fmt.Fprintln(os.Stderr, "Close:", err)
		code = 1
	}
	if used != nil {
		if _, err := used.pool.GetInstance(time.Second); err == nil || theEngine != nil {
			fmt.Fprintln(os.Stderr, "The PDF reader still runs after Close.")
			code = 1
		}
	}
	if err := Close(); err != nil {
		fmt.Fprintln(os.Stderr, "Close where none runs:", err)
		code = 1
	}
	os.Exit(code)
}

func TestPDFKeepsPagesHeadingsAndParagraphs(t *testing.T) {
	t.Parallel()
	content := readFile(t, "handbook.pdf", pdfFile("员工手册 Handbook",
		[]pdfText{
			{50, 750, 20, "Leave"},
			{50, 720, 10, "Everybody has thirty days of leave in each year, of"},
			{50, 708, 10, "which five may be kept until the end of next March."},
			{50, 670, 10, "A request needs the consent of the head of the team."},
		},
		[]pdfText{
			{50, 750, 20, "年假"},
			{50, 720, 10, "员工每年享有三十天年假，其中五天可以保留到下一年三"},
			{50, 708, 10, "月底，需要部门经理批准。表情 😀 也在。"},
		},
	))
	if content.Title != "员工手册 Handbook" || content.Format != "pdf" || content.Pages != 2 {
		t.Errorf("title %q, format %q, pages %d", content.Title, content.Format, content.Pages)
	}
	wantBlocks(t, content,
		onPage(1, heading(1, "Leave")),
		onPage(1, paragraph("Everybody has thirty days of leave in each year, of which five may be kept until the end of next March.")),
		onPage(1, paragraph("A request needs the consent of the head of the team.")),
		onPage(2, heading(1, "年假")),
		onPage(2, paragraph("员工每年享有三十天年假，其中五天可以保留到下一年三月底，需要部门经理批准。表情 😀 也在。")),
	)
}

func TestPDFPutsHyphenatedWordsTogetherAndKeepsNumbers(t *testing.T) {
	t.Parallel()
	content := readFile(t, "a.pdf", pdfFile("",
		[]pdfText{
			{50, 750, 10, "The order that has this long number and much infor-"},
			{50, 738, 10, "mation about its kind and its origin is named PO-2025-"},
			{50, 726, 10, "0031, which is what the suppliers use to talk of it"},
		},
	))
	wantBlocks(t, content, onPage(1, paragraph("The order that has this long number and much information about its kind and its origin is named PO-2025-0031, "+
		"which is what the suppliers use to talk of it")))
}

func TestPDFKeepsRowsAndItemsAsLines(t *testing.T) {
	t.Parallel()
	content := readFile(t, "a.pdf", pdfFile("",
		[]pdfText{
			{50, 750, 10, "1. First bring the form with your name on it to us"},
			{50, 738, 10, "2. Then wait for the answer that comes by the post"},
			{50, 700, 10, "Mon 5"},
			{50, 688, 10, "Tue 6"},
			{50, 676, 10, "Every other day is free for whatever one likes"},
		},
	))
	wantBlocks(t, content,
		onPage(1, paragraph("1. First bring the form with your name on it to us\n2. Then wait for the answer that comes by the post")),
		onPage(1, paragraph("Mon 5\nTue 6\nEvery other day is free for whatever one likes")),
	)
}

func TestPDFTitleThatOnlyNamesAFileIsNone(t *testing.T) {
	t.Parallel()
	page := []pdfText{{50, 750, 10, "Some text"}}
	for _, title := range []string{"Microsoft Word - plan.doc", "plan_v3.docx", "Untitled-1"} {
		if content := readFile(t, "a.pdf", pdfFile(title, page)); content.Title != "" {
			t.Errorf("title %q is kept as %q", title, content.Title)
		}
	}
}

func TestPDFOfPicturesOnlyIsRefused(t *testing.T) {
	t.Parallel()
	bad := refused(t, "scan.pdf", pdfObjects("Scan", []string{"q 100 0 0 100 50 50 cm 0 0 1 1 re f Q", "0 0 10 10 re f"}, ""), DefaultLimits)
	if !strings.Contains(bad.Reason, "only pictures") || !strings.Contains(bad.Advice, "OCR") {
		t.Errorf("error: %v", bad)
	}
}

// Inline images, drawn over the whole page and over a corner of it. The former is in each file as a form, too.
const (
	wholePicture = "q 600 0 0 800 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID A EI Q\n"
	smallPicture = "q 100 0 0 100 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID A EI Q\n"
)

func TestPDFOfWhichMostPagesAreScannedIsRefused(t *testing.T) {
	t.Parallel()
	text := func(characters int) string {
		return "BT /F1 10 Tf 50 700 Td <" + strings.Repeat("0001", characters) + "> Tj ET\n"
	}
	stamped, cover := wholePicture+text(21), text(300)
	for _, c := range []struct {
		name    string
		pages   []string
		refused string
	}{
		{"a cover before scans", []string{cover, wholePicture, wholePicture, wholePicture}, "3 of its 4 pages"},
		{"a stamp on each page", []string{stamped, stamped}, "2 of its 2 pages"},
		{"strips", []string{cover, strings.Repeat("q 600 0 0 200 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID A EI Q\n", 4), wholePicture}, "2 of its 3 pages"},
		{"pictures in forms", []string{"/Form Do\n", "/Form Do\n" + text(10)}, "2 of its 2 pages"},
		{"blank pages count for nothing", []string{cover, "", "", "", wholePicture, wholePicture}, "2 of its 6 pages"},
		{"half of the pages", []string{cover, wholePicture}, ""},
		{"blank pages are no scans", []string{cover, "", "", ""}, ""},
		{"recognized text over scans", []string{wholePicture + text(300), wholePicture + text(300)}, ""},
		{"slides with small pictures", []string{smallPicture + text(20), smallPicture + text(20)}, ""},
		{"drawings", []string{cover, strings.Repeat("0 0 600 800 re f\n", 3), strings.Repeat("0 0 600 800 re f\n", 3)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := pdfObjects("", c.pages, toUnicode([]rune("A")))
			if c.refused == "" {
				if content := readFile(t, "scan.pdf", data); content.Pages != len(c.pages) {
					t.Errorf("%d pages", content.Pages)
				}
				return
			}
			if bad := refused(t, "scan.pdf", data, DefaultLimits); !strings.Contains(bad.Reason, c.refused) || !strings.Contains(bad.Advice, "OCR") {
				t.Errorf("error: %v", bad)
			}
		})
	}
}

func TestPDFWhoseFontsDoNotSayTheirCharactersIsRefused(t *testing.T) {
	t.Parallel()
	private := strings.Map(func(r rune) rune { return 0xE000 + r }, "This text is only known by its looks.")
	bad := refused(t, "odd.pdf", pdfFile("", []pdfText{{50, 750, 10, private}}), DefaultLimits)
	if !strings.Contains(bad.Reason, "fonts") || !strings.Contains(bad.Advice, "OCR") {
		t.Errorf("error: %v", bad)
	}
}

func TestBadPDFsAreRefused(t *testing.T) {
	t.Parallel()
	whole := pdfFile("", []pdfText{{50, 750, 10, "Some text"}})
	encrypted, err := os.ReadFile("testdata/encrypted.pdf")
	must(t, err)
	for _, c := range []struct {
		name   string
		data   []byte
		reason string
	}{
		{"encrypted.pdf", encrypted, "protected by a password"},
		{"head only.pdf", whole[:40], "damaged"},
		{"rubbish.pdf", []byte("%PDF-1.7\n" + strings.Repeat("rubbish ", 500)), "damaged"},
		{"no pages.pdf", pdfObjects("", nil, ""), "damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if bad := refused(t, c.name, c.data, DefaultLimits); !strings.Contains(bad.Reason, c.reason) {
				t.Errorf("reason %q, want %q", bad.Reason, c.reason)
			}
		})
	}
}

func TestPDFWithTooManyPagesIsRefused(t *testing.T) {
	t.Parallel()
	page := []pdfText{{50, 750, 10, "Some text"}}
	limits := DefaultLimits
	limits.Pages = 2
	if bad := refused(t, "long.pdf", pdfFile("", page, page, page), limits); !strings.Contains(bad.Reason, "3 pages") {
		t.Errorf("reason %q", bad.Reason)
	}
}

// A stream that draws forever is a bomb; whoever gives up must not wait for it, and the reader must be free for others afterwards.
func TestPDFReadingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	page := []pdfText{{50, 750, 10, "Some text"}}
	readFile(t, "first.pdf", pdfFile("", page)) // so that it is started
	var slow strings.Builder
	for at := range 400_000 {
		fmt.Fprintf(&slow, "BT /F1 10 Tf %d %d Td <0001> Tj ET\n", at%500, at%700)
	}
	endless := pdfObjects("", []string{slow.String()}, toUnicode([]rune("A")))
	for range pdfReaders + 1 {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		began := time.Now()
		_, err := Read(ctx, "endless.pdf", endless, DefaultLimits)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Read after %s: %v, want the context's error", time.Since(began), err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("giving up took %s", took)
		}
	}
	readFile(t, "after.pdf", pdfFile("", page))
}

// Whoever waits for its turn must not be told that it takes too long.
func TestPDFTimeBeginsWhenAReaderIsFree(t *testing.T) {
	t.Parallel()
	running, err := startedEngine(t.Context())
	must(t, err)
	var free []func() error
	for range pdfReaders {
		instance, err := running.pool.GetInstanceWithContext(t.Context())
		must(t, err)
		free = append(free, instance.Close)
	}
	const limit = 2 * time.Second
	read := make(chan error, 1)
	go func() {
		out := &builder{ctx: t.Context(), limits: DefaultLimits}
		read <- readPDFWithin(out, pdfFile("", []pdfText{{50, 750, 10, "Some text"}}), limit)
	}()
	time.Sleep(limit + limit/4)
	for _, closing := range free {
		must(t, closing())
	}
	if err := <-read; err != nil {
		t.Error(err)
	}
}

func TestPDFsAreReadAtTheSameTime(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for at := range 8 {
		all.Go(func() {
			text := fmt.Sprintf("This is number %d of them", at)
			content, err := Read(t.Context(), "a.pdf", pdfFile("", []pdfText{{50, 750, 10, text}}), DefaultLimits)
			if err != nil || len(content.Blocks) != 1 || content.Blocks[0].Text != text {
				t.Errorf("Read = %v, %v", content.Blocks, err)
			}
		})
	}
	all.Wait()
}

func TestPDFLinesOfOneSizeAreNoHeadings(t *testing.T) {
	t.Parallel()
	content := readFile(t, "a.pdf", pdfFile("", []pdfText{{50, 750, 20, "Large text"}, {50, 700, 20, "All of it"}}))
	for _, block := range content.Blocks {
		if block.Kind == knowledge.Heading {
			t.Errorf("%q is a heading", block.Text)
		}
	}
}
