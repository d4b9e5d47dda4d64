package parse

import (
	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

const (
	// mostStamp is how many characters a scanned page may have that were not scanned, such as a number and the name of the program that made it.
	mostStamp = 40
	// leastPicture is how much of a scanned page is picture; slides with few words have smaller ones.
	leastPicture = 0.5
	// mostObjects is how many things a scanned page consists of at most: some scanners cut it into strips. What has more is a drawing.
	mostObjects = 1000
	// mostForms is how deep pictures are looked for in forms, as programs that stamp pages make them.
	mostForms = 5
)

// pictured reports whether a page is mostly pictures. One that cannot be looked at is not.
func (d *pdfReader) pictured(document references.FPDF_DOCUMENT, index int) bool {
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: document, Index: index}}
	size, err := d.pdfium.FPDF_GetPageSizeByIndex(&requests.FPDF_GetPageSizeByIndex{Document: document, Index: index})
	if err != nil {
		return false
	}
	counted, err := d.pdfium.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: page})
	if err != nil || counted.Count > mostObjects {
		return false
	}
	area := 0.0
	for at := range counted.Count {
		if d.ctx.Err() != nil {
			return false
		}
		object, err := d.pdfium.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: page, Index: at})
		if err != nil || !d.picture(object.PageObject, 0) {
			continue
		}
		if box, err := d.pdfium.FPDFPageObj_GetBounds(&requests.FPDFPageObj_GetBounds{PageObject: object.PageObject}); err == nil {
			area += float64(box.Right-box.Left) * float64(box.Top-box.Bottom)
		}
	}
	return area >= leastPicture*size.Width*size.Height
}

// picture reports whether an object is a picture, or a form that holds one.
func (d *pdfReader) picture(object references.FPDF_PAGEOBJECT, depth int) bool {
	kind, err := d.pdfium.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: object})
	if err != nil || kind.Type != enums.FPDF_PAGEOBJ_FORM || depth == mostForms {
		return err == nil && kind.Type == enums.FPDF_PAGEOBJ_IMAGE
	}
	counted, err := d.pdfium.FPDFFormObj_CountObjects(&requests.FPDFFormObj_CountObjects{PageObject: object})
	if err != nil || counted.Count > mostObjects {
		return false
	}
	for at := range counted.Count {
		inner, err := d.pdfium.FPDFFormObj_GetObject(&requests.FPDFFormObj_GetObject{PageObject: object, Index: uint64(at)})
		if err == nil && d.picture(inner.PageObject, depth+1) {
			return true
		}
	}
	return false
}
