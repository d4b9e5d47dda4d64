package parse

import (
	"math"
	"slices"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/structs"
)

// ticked stands for a box that is ticked.
const ticked = "☒"

// passwordField is the flag of a field whose text is not shown.
const passwordField enums.FPDF_FORMFLAG = 1 << 13

// openForm makes the fields of a form readable. A document that has none, or one that is broken, is read without.
func (d *pdfReader) openForm(document references.FPDF_DOCUMENT) {
	kind, err := d.pdfium.FPDF_GetFormType(&requests.FPDF_GetFormType{Document: document})
	if err != nil || kind.FormType == enums.FPDF_FORMTYPE_NONE {
		return
	}
	// The library wants functions by which a form is shown and filled; it is only read.
	opened, err := d.pdfium.FPDFDOC_InitFormFillEnvironment(&requests.FPDFDOC_InitFormFillEnvironment{Document: document, FormFillInfo: structs.FPDF_FORMFILLINFO{
		FFI_Invalidate:         func(references.FPDF_PAGE, float64, float64, float64, float64) {},
		FFI_SetCursor:          func(enums.FXCT) {},
		FFI_SetTimer:           func(int, func(int)) int { return 0 },
		FFI_KillTimer:          func(int) {},
		FFI_GetLocalTime:       func() structs.FPDF_SYSTEMTIME { return structs.FPDF_SYSTEMTIME{} },
		FFI_GetPage:            func(references.FPDF_DOCUMENT, int) *references.FPDF_PAGE { return nil },
		FFI_GetRotation:        func(references.FPDF_PAGE) enums.FPDF_PAGE_ROTATION { return 0 },
		FFI_ExecuteNamedAction: func(string) {},
	}})
	if err == nil {
		d.form = &opened.FormHandle
	}
}

// closeForm frees what openForm has taken: the next document is read by the same instance.
func (d *pdfReader) closeForm() {
	if d.form != nil {
		_, _ = d.pdfium.FPDFDOC_ExitFormFillEnvironment(&requests.FPDFDOC_ExitFormFillEnvironment{FormHandle: *d.form})
	}
}

// typed is what was typed into the form on a page, which the text of the page has not in it, with the boxes of the fields.
func (d *pdfReader) typed(document references.FPDF_DOCUMENT, index int) []pdfLine {
	if d.form == nil {
		return nil
	}
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: document, Index: index}}
	counted, err := d.pdfium.FPDFPage_GetAnnotCount(&requests.FPDFPage_GetAnnotCount{Page: page})
	if err != nil {
		return nil
	}
	var all []pdfLine
	for at := range counted.Count {
		field, err := d.pdfium.FPDFPage_GetAnnot(&requests.FPDFPage_GetAnnot{Page: page, Index: at})
		if err != nil {
			continue
		}
		if value := d.valueOf(field.Annotation); value != "" {
			if box, err := d.pdfium.FPDFAnnot_GetRect(&requests.FPDFAnnot_GetRect{Annotation: field.Annotation}); err == nil {
				text := []rune(value)
				all = append(all, pdfLine{text: text, lefts: slices.Repeat([]float64{float64(box.Rect.Left)}, len(text)), left: float64(box.Rect.Left), right: float64(box.Rect.Right), top: float64(box.Rect.Top), bottom: float64(box.Rect.Bottom)})
			}
		}
		_, _ = d.pdfium.FPDFPage_CloseAnnot(&requests.FPDFPage_CloseAnnot{Annotation: field.Annotation})
	}
	return all
}

// valueOf is what a field shows, empty for what is no field, and for one that is hidden or holds a password.
func (d *pdfReader) valueOf(field references.FPDF_ANNOTATION) string {
	kind, err := d.pdfium.FPDFAnnot_GetFormFieldType(&requests.FPDFAnnot_GetFormFieldType{FormHandle: *d.form, Annotation: field})
	if err != nil {
		return ""
	}
	seen, err := d.pdfium.FPDFAnnot_GetFlags(&requests.FPDFAnnot_GetFlags{Annotation: field})
	if err != nil || seen.Flags&(enums.FPDF_ANNOT_FLAG_HIDDEN|enums.FPDF_ANNOT_FLAG_NOVIEW) != 0 {
		return ""
	}
	switch kind.FormFieldType {
	case enums.FPDF_FORMFIELD_TYPE_CHECKBOX, enums.FPDF_FORMFIELD_TYPE_RADIOBUTTON:
		// The state of its look is what a reader sees, whatever the value of the field.
		if state, err := d.pdfium.FPDFAnnot_GetStringValue(&requests.FPDFAnnot_GetStringValue{Annotation: field, Key: "AS"}); err == nil && state.Value != "" && state.Value != "Off" {
			return ticked
		}
	case enums.FPDF_FORMFIELD_TYPE_TEXTFIELD, enums.FPDF_FORMFIELD_TYPE_COMBOBOX, enums.FPDF_FORMFIELD_TYPE_LISTBOX:
		flags, err := d.pdfium.FPDFAnnot_GetFormFieldFlags(&requests.FPDFAnnot_GetFormFieldFlags{FormHandle: *d.form, Annotation: field})
		if err != nil || flags.Flags&passwordField != 0 && kind.FormFieldType == enums.FPDF_FORMFIELD_TYPE_TEXTFIELD {
			return ""
		}
		if value, err := d.pdfium.FPDFAnnot_GetFormFieldValue(&requests.FPDFAnnot_GetFormFieldValue{FormHandle: *d.form, Annotation: field}); err == nil {
			return tidy(value.FormFieldValue)
		}
	default: // buttons, signatures, and forms of XFA
	}
	return ""
}

// withTyped puts what was typed into a form where a reader sees it: into the line that it stands in, which may have several labels and boxes, or below what stands above.
func withTyped(printed, typed []pdfLine) []pdfLine {
	for _, value := range typed {
		left, right, above := -1, -1, -1
		for at, line := range printed {
			switch beside := value.beside(line); {
			case beside && line.left <= value.left && (left < 0 || line.left > printed[left].left):
				left = at
			case beside && line.left > value.left && (right < 0 || line.left < printed[right].left):
				right = at
			case !beside && line.bottom > value.bottom && (above < 0 || line.bottom <= printed[above].bottom):
				above = at
			}
		}
		switch {
		case left >= 0:
			printed[left].insert(value)
		case right >= 0:
			printed[right].insert(value)
		default:
			printed = slices.Insert(printed, above+1, value.asLarge(printed, above))
		}
	}
	return printed
}

// beside reports whether two lines are at one height.
func (l *pdfLine) beside(other pdfLine) bool {
	return math.Abs(l.top+l.bottom-other.top-other.bottom) < max(l.top-l.bottom, other.top-other.bottom)
}

// insert puts a value before the first character that begins where it does or further right, but not into a word.
func (l *pdfLine) insert(value pdfLine) {
	at := slices.IndexFunc(l.lefts, func(left float64) bool { return left > value.left-0.2*l.size })
	if at < 0 {
		at = len(l.text)
	}
	for at > 0 && at < len(l.text) && isWord(l.text[at-1]) && isWord(l.text[at]) {
		at++
	}
	said := slices.Concat([]rune{' '}, value.text, []rune{' '})
	l.text = slices.Insert(l.text, at, said...)
	l.lefts = slices.Insert(l.lefts, at, slices.Repeat([]float64{value.left}, len(said))...)
	l.right = max(l.right, value.right)
}

// asLarge is a value as large as the lines around it: its box says nothing of its letters, and would make a heading of it.
func (l *pdfLine) asLarge(printed []pdfLine, above int) pdfLine {
	line := *l
	if len(printed) > 0 {
		line.size = printed[max(above, 0)].size
	}
	line.bottom = line.top - line.size
	return line
}
