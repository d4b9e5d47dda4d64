package parse

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"golang.org/x/net/html/charset"
)

// maxParts bounds the files in a package; Office makes some dozens, with many pictures some hundreds.
const maxParts = 10_000

var errDamaged = unreadable("it is damaged or was cut off", "open it in Office, save it anew and put it in again")

// detectPackage says what a ZIP archive is, by what it holds.
func detectPackage(data []byte) (format, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", errDamaged
	}
	holds, binary := map[string]bool{}, false
	for _, file := range archive.File {
		folder, _, _ := strings.Cut(partName(file), "/")
		holds[folder] = true
		binary = binary || strings.EqualFold(partName(file), "xl/workbook.bin")
	}
	switch {
	case holds["word"]:
		return docxFormat, nil
	case binary:
		return "", unreadable("it is a workbook in the binary format of Excel", "save it as .xlsx")
	case holds["xl"]:
		return xlsxFormat, nil
	case holds["ppt"]:
		return "", unreadable("it is a PowerPoint presentation", "save it as .pdf")
	case holds["mimetype"]:
		return "", unreadable("it is an OpenDocument file or an e-book", "save it as .docx, .xlsx or .pdf")
	case holds["OFD.xml"]:
		return "", unreadable("it is an OFD document", "save it as .pdf")
	case holds["Index"] && holds["Metadata"], holds["index.xml"], holds["index.apxl"]:
		return "", unreadable("it is a document of Apple's Pages, Numbers or Keynote", "export it as .docx, .xlsx or .pdf")
	}
	return "", unreadable("it is a ZIP archive", "unpack it and put in the files")
}

// partName is the name of a part; some programs write it as a path of Windows.
func partName(file *zip.File) string {
	return strings.TrimPrefix(strings.ReplaceAll(file.Name, `\`, "/"), "/")
}

// officePackage is the parts of a DOCX or XLSX file.
type officePackage struct {
	parts map[string]*zip.File
	out   *builder
}

// openPackage opens a package whose parts were all unpacked once, to nowhere: sizes that the archive states may be lies, and what is damaged is better known now.
func openPackage(out *builder, data []byte) (*officePackage, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, errDamaged
	}
	if len(archive.File) > maxParts {
		return nil, unreadable(fmt.Sprintf("it packs %d files, as no document of Office does", len(archive.File)), "open it in Office, save it anew and put it in again")
	}
	parts := map[string]*zip.File{}
	left := out.limits.Unpacked
	for _, file := range archive.File {
		if file.Flags&1 != 0 {
			return nil, unreadable("it is protected by a password", "save it without one")
		}
		size, err := unpack(out, file, left)
		if err != nil {
			return nil, err
		}
		left -= size
		parts[partName(file)] = file
	}
	return &officePackage{parts: parts, out: out}, nil
}

func unpack(out *builder, file *zip.File, left int64) (int64, error) {
	reader, err := file.Open()
	if err != nil {
		return 0, errDamaged
	}
	defer reader.Close()
	size, err := io.Copy(io.Discard, io.LimitReader(&contextReader{out: out, from: reader}, left+1))
	switch {
	case out.ctx.Err() != nil:
		return 0, out.ctx.Err()
	case size > left:
		return 0, unreadable("it unpacks to more than "+megabytes(out.limits.Unpacked), "split it into smaller files")
	case err != nil:
		return 0, errDamaged
	}
	return size, nil
}

// open opens a part; nil where there is none.
func (p *officePackage) open(name string) (io.ReadCloser, error) {
	file, ok := p.parts[name]
	if !ok {
		return nil, nil
	}
	reader, err := file.Open()
	if err != nil {
		return nil, errDamaged
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(reader, p.out.limits.Unpacked), reader}, nil
}

// maxSidePart bounds the parts that are held as a whole, such as those of styles and numbers: their elements take many times the memory of their text.
const maxSidePart = 16 << 20

// decode reads a part into value, and reports whether there is one.
func (p *officePackage) decode(name string, value any) (bool, error) {
	reader, err := p.open(name)
	if reader == nil || err != nil {
		return false, err
	}
	defer reader.Close()
	if p.parts[name].UncompressedSize64 > maxSidePart { // it is true: the part was unpacked
		return false, unreadable(fmt.Sprintf("its part %s is larger than %s", name, megabytes(maxSidePart)), "open it in Office, save it anew and put it in again")
	}
	switch err := xmlDecoder(&contextReader{out: p.out, from: reader}).Decode(value); {
	case p.out.ctx.Err() != nil:
		return false, p.out.ctx.Err()
	case err != nil && !errors.Is(err, io.EOF):
		return false, errDamaged
	}
	return true, nil
}

func xmlDecoder(reader io.Reader) *xml.Decoder {
	decoder := xml.NewDecoder(reader)
	decoder.CharsetReader = charset.NewReaderLabel
	return decoder
}

// relationship names a part that belongs to another one.
type relationship struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
}

// relationships are those of a part. The package itself is the part "".
func (p *officePackage) relationships(part string) []relationship {
	folder, name := path.Split(part)
	var all struct {
		Relationship []relationship
	}
	if found, err := p.decode(folder+"_rels/"+name+".rels", &all); err != nil || !found {
		return nil
	}
	for at, one := range all.Relationship {
		if strings.HasPrefix(one.Target, "/") {
			all.Relationship[at].Target = strings.TrimPrefix(path.Clean(one.Target), "/")
		} else {
			all.Relationship[at].Target = path.Join(folder, one.Target)
		}
	}
	return all.Relationship
}

// related is the part that a relationship of another part names, such as that of the styles; empty where there is none.
func (p *officePackage) related(part, kind string) string {
	for _, one := range p.relationships(part) {
		if strings.HasSuffix(one.Type, "/"+kind) {
			return one.Target
		}
	}
	return ""
}

// title is the one among the properties of the file.
func (p *officePackage) title() string {
	var properties struct {
		Title string `xml:"title"`
	}
	part := p.related("", "core-properties")
	if part == "" {
		part = "docProps/core.xml"
	}
	// A file whose properties are broken is as good without them.
	if _, err := p.decode(part, &properties); err != nil {
		return ""
	}
	return properties.Title
}
