package parse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"time"
	"unicode/utf16"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/structs"
)

// maxPDFTime bounds one document: PDF is a language, in which a small file can keep a reader busy for ever. A page of text takes some milliseconds.
const maxPDFTime = 3 * time.Minute

var errNoPDF = unreadable("it is a PDF that is damaged or was cut off", "open it, save it anew and put it in again")

var errSlowPDF = unreadable(fmt.Sprintf("reading it takes longer than %s", maxPDFTime), "split it into smaller files, or print it to a new PDF")

// readPDF reads the text layer of a PDF, with the pages it is on.
func readPDF(out *builder, data []byte) error {
	if out.pdfTime >= maxPDFTime { // in those before it in a mail
		return errSlowPDF
	}
	return readPDFWithin(out, data, maxPDFTime-out.pdfTime)
}

func readPDFWithin(out *builder, data []byte, limit time.Duration) error {
	engine, err := startedEngine(out.ctx)
	if err != nil {
		return err
	}
	// Waiting for others to be read is not the document's fault.
	instance, err := engine.pool.GetInstanceWithContext(out.ctx)
	if err != nil {
		return whyEnded(out, out.ctx, fmt.Errorf("no PDF reader is free: %w", err))
	}
	ctx, cancel := context.WithTimeout(out.ctx, limit)
	defer cancel()
	began := time.Now()
	defer func() { out.pdfTime += time.Since(began) }()
	document := &pdfReader{out: out, ctx: ctx, pdfium: instance}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if failure := recover(); failure != nil {
				done <- fmt.Errorf("%w: %v", errNoPDF, failure)
			}
		}()
		done <- document.read(data)
	}()
	select {
	case err = <-done:
		if closeErr := instance.Close(); err == nil && closeErr != nil {
			err = closeErr
		}
	case <-ctx.Done():
		// Ends it in the middle of whatever it computes.
		_ = instance.Kill()
		err = <-done
	}
	if err != nil || ctx.Err() != nil {
		return whyEnded(out, ctx, err)
	}
	return document.add()
}

// whyEnded tells a caller that gave up from a document that takes too long.
func whyEnded(out *builder, ctx context.Context, err error) error {
	switch {
	case out.ctx.Err() != nil:
		return out.ctx.Err()
	case ctx.Err() != nil:
		return errSlowPDF
	}
	return err
}

type pdfReader struct {
	out    *builder
	ctx    context.Context
	pdfium pdfium.Pdfium
	form   *references.FPDF_FORMHANDLE // nil where the document has none
	pages  []pdfPage
	title  string
}

func (d *pdfReader) read(data []byte) error {
	opened, err := d.pdfium.OpenDocument(&requests.OpenDocument{File: &data})
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword):
		return unreadable("it is protected by a password", "save it without one")
	case errors.Is(err, pdfiumerrors.ErrSecurity):
		return unreadable("it is encrypted in a way that cannot be read", "save it without encryption")
	case err != nil:
		return errNoPDF
	}
	counted, err := d.pdfium.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: opened.Document})
	switch {
	case err != nil || counted.PageCount == 0:
		return errNoPDF
	case counted.PageCount > d.out.limits.Pages:
		return unreadable(fmt.Sprintf("it has %d pages and may have %d", counted.PageCount, d.out.limits.Pages), "split it into smaller files")
	}
	if title, err := d.pdfium.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: opened.Document, Tag: "Title"}); err == nil {
		d.title = title.Value
	}
	d.openForm(opened.Document)
	defer d.closeForm()
	size := 0
	for at := range counted.PageCount {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		page, err := d.page(opened.Document, at)
		if err != nil {
			return err
		}
		d.pages = append(d.pages, page)
		for _, line := range page.lines {
			size += len(line.text) * 4
		}
		if int64(size) > d.out.limits.Unpacked {
			return d.out.grow(size)
		}
	}
	return nil
}

// pdfPage is one page as lines of text.
type pdfPage struct {
	lines []pdfLine
	// known and unknown count the characters that the file says, and those of which it only says how they look.
	known, unknown int
	// scanned says that the page is a picture with hardly any text.
	scanned bool
}

// pdfLine is a line with the box around it, in points from the lower left corner of the page. Its size is the height of its characters' boxes.
type pdfLine struct {
	text                           []rune
	left, right, top, bottom, size float64
	// lefts are where its characters begin, which is asked for only on pages into whose form something was typed.
	lefts []float64
}

func (d *pdfReader) page(document references.FPDF_DOCUMENT, index int) (pdfPage, error) {
	var page pdfPage
	loaded, err := d.pdfium.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: requests.Page{ByIndex: &requests.PageByIndex{Document: document, Index: index}}})
	if err != nil {
		return page, unreadable(fmt.Sprintf("page %d of the PDF is damaged", index+1), "open it, save it anew and put it in again")
	}
	text := loaded.TextPage
	defer func() { _, _ = d.pdfium.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text}) }()
	counted, err := d.pdfium.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: text})
	if err != nil {
		return page, err
	}
	typed := d.typed(document, index)
	var line pdfLine
	first, last := -1, -1
	end := func() {
		if first >= 0 {
			d.measure(text, &line, first, last)
			page.lines = append(page.lines, line)
		}
		line = pdfLine{}
		first, last = -1, -1
	}
	for at := range counted.Count {
		read, err := d.pdfium.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: text, Index: at})
		if err != nil {
			return page, err
		}
		char := rune(read.Unicode & 0x1FFFFF)
		switch {
		case char == '\n':
			end()
			continue
		case char == '\r':
			continue
		case unmapped(char):
			page.unknown++
			continue
		case char > ' ':
			page.known++
			last = at
			if first < 0 {
				first = at
			}
		}
		line.write(char)
		if len(typed) > 0 && len(line.lefts) < len(line.text) {
			line.lefts = append(line.lefts, d.leftOf(text, at, char))
		}
	}
	end()
	for _, value := range typed {
		page.known += len(value.text)
	}
	page.lines = withTyped(page.lines, typed)
	if page.known+page.unknown <= mostStamp {
		page.scanned = d.pictured(document, index)
	}
	return page, nil
}

// write appends a character; those beyond the first 65536 come in two halves.
func (l *pdfLine) write(char rune) {
	if before := len(l.text) - 1; before >= 0 && utf16.IsSurrogate(l.text[before]) && utf16.IsSurrogate(char) {
		l.text[before] = utf16.DecodeRune(l.text[before], char)
		return
	}
	l.text = append(l.text, char)
}

// leftOf is where a character begins; a blank, which the library may have put there, has no place of its own.
func (d *pdfReader) leftOf(text references.FPDF_TEXTPAGE, at int, char rune) float64 {
	box, err := d.pdfium.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: text, Index: at})
	if err != nil || char <= ' ' {
		return math.Inf(-1)
	}
	return float64(box.Rect.Left)
}

// unmapped reports whether a character is none of Unicode's own: fonts without a table show it, and do not say what it is.
func unmapped(char rune) bool {
	return char == 0 || char == 0xFFFD || char >= 0xE000 && char <= 0xF8FF && char != symbolBullet
}

// symbolBullet is the bullet of Microsoft's Symbol font.
const symbolBullet = 0xF0B7

// measure takes the box of a line from three of its characters: one alone may be of another font.
func (d *pdfReader) measure(text references.FPDF_TEXTPAGE, line *pdfLine, first, last int) {
	var boxes []structs.FPDF_FS_RECTF
	for _, at := range []int{first, (first + last) / 2, last} {
		box, err := d.pdfium.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: text, Index: at})
		if err != nil {
			return
		}
		boxes = append(boxes, box.Rect)
	}
	line.left, line.right = float64(boxes[0].Left), float64(boxes[2].Right)
	slices.SortFunc(boxes, func(a, b structs.FPDF_FS_RECTF) int { return cmp.Compare(a.Top-a.Bottom, b.Top-b.Bottom) })
	line.top, line.bottom = float64(boxes[1].Top), float64(boxes[1].Bottom)
	line.size = line.top - line.bottom
}

// madeBy are titles that programs put there, which say where a file was and not what it is.
var madeBy = regexp.MustCompile(`(?i)^(?:microsoft \w+ - .*|untitled.*|.*\.(?:docx?|xlsx?|pptx?|pdf|odt|rtf|txt|tex|indd|html?))$`)

// add makes blocks of the lines of all pages.
func (d *pdfReader) add() error {
	known, unknown, scanned, written := 0, 0, 0, 0
	for _, page := range d.pages {
		known += page.known
		unknown += page.unknown
		switch {
		case page.scanned:
			scanned++
		case page.known+page.unknown > 0:
			written++
		}
	}
	switch {
	case known+unknown == 0:
		return unreadable("its pages are only pictures: there is no text in it", "run text recognition (OCR) over it and put in the result")
	case scanned > written:
		return unreadable(fmt.Sprintf("%d of its %d pages are only pictures with hardly any text", scanned, len(d.pages)), "run text recognition (OCR) over it and put in the result")
	case unknown*5 > known:
		return unreadable("its fonts do not say which characters they show", "run text recognition (OCR) over it and put in the result")
	}
	if !madeBy.MatchString(tidy(d.title)) {
		d.out.title(d.title)
	}
	d.out.content.Pages = len(d.pages)
	look := lookOf(d.pages)
	for at, page := range d.pages {
		for _, block := range look.blocks(page.lines) {
			block.Page = at + 1
			if err := d.out.add(block); err != nil {
				return err
			}
		}
	}
	return nil
}
