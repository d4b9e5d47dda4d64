package oa

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The Markdown of the templates is a small one: headings of two levels, points, tables whose first cell is a label, and paragraphs. What
// people write is escaped, so that it stays text.

// markdownText escapes a text of one line for Markdown.
func markdownText(text string) string {
	var escaped strings.Builder
	text = strings.Join(strings.Fields(text), " ")
	afterNumber := len(text) - len(strings.TrimLeft(text, "0123456789")) // "1." and "1)" would begin a list
	for i, r := range text {
		if strings.ContainsRune("\\`*_[]<>|~&", r) || i == 0 && strings.ContainsRune("#+-", r) || i > 0 && i == afterNumber && numbersAList(text[i:]) {
			escaped.WriteByte('\\')
		}
		escaped.WriteRune(r)
	}
	return escaped.String()
}

// numbersAList tells what behind a number makes it that of a list.
func numbersAList(rest string) bool {
	return rest == "." || rest == ")" || strings.HasPrefix(rest, ". ") || strings.HasPrefix(rest, ") ")
}

// plainText takes the escapes of Markdown away.
func plainText(markdown string) string {
	var text strings.Builder
	escaped := false
	for _, r := range markdown {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		text.WriteRune(r)
		escaped = false
	}
	return text.String()
}

// cells are the texts of a table's row: a bar that is escaped divides nothing.
func cells(row string) (all []string) {
	var cell strings.Builder
	escaped := false
	for _, r := range strings.TrimPrefix(row, "|") {
		switch {
		case r == '|' && !escaped:
			all = append(all, plainText(strings.TrimSpace(cell.String())))
			cell.Reset()
		default:
			cell.WriteRune(r)
		}
		escaped = r == '\\' && !escaped
	}
	return all
}

// docx writes Markdown as an Office Open XML document (ECMA-376). The same text gives the same bytes.
func docx(markdown, title, author string, day time.Time) ([]byte, error) {
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	parts := []struct{ name, content string }{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", packageRelations},
		{"docProps/core.xml", fmt.Sprintf(coreProperties, escapeXML(title), escapeXML(author), day.Format(time.RFC3339), day.Format(time.RFC3339))},
		{"word/_rels/document.xml.rels", documentRelations},
		{"word/styles.xml", styles},
		{"word/numbering.xml", numbering},
		{"word/document.xml", documentXML(markdown)},
	}
	for _, part := range parts {
		into, err := archive.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: day})
		if err != nil {
			return nil, fmt.Errorf("write %s of the document: %w", part.name, err)
		}
		if _, err := io.WriteString(into, part.content); err != nil {
			return nil, fmt.Errorf("write %s of the document: %w", part.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("close the document: %w", err)
	}
	return file.Bytes(), nil
}

func documentXML(markdown string) string {
	var body strings.Builder
	lines := strings.Split(markdown, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		switch {
		case line == "":
		case strings.HasPrefix(line, "|"):
			body.WriteString(`<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="5000" w:type="pct"/></w:tblPr>` +
				`<w:tblGrid><w:gridCol w:w="2500"/><w:gridCol w:w="6500"/></w:tblGrid>`)
			for ; i < len(lines) && strings.HasPrefix(lines[i], "|"); i++ {
				body.WriteString("<w:tr>")
				for _, cell := range cells(lines[i]) {
					body.WriteString("<w:tc><w:tcPr/>" + paragraph("", cell) + "</w:tc>")
				}
				body.WriteString("</w:tr>")
			}
			i--
			body.WriteString("</w:tbl>" + paragraph("", ""))
		case strings.HasPrefix(line, "# "):
			body.WriteString(paragraph(`<w:pStyle w:val="Heading1"/>`, plainText(line[2:])))
		case strings.HasPrefix(line, "## "):
			body.WriteString(paragraph(`<w:pStyle w:val="Heading2"/>`, plainText(line[3:])))
		case strings.HasPrefix(line, "- "):
			body.WriteString(paragraph(`<w:pStyle w:val="ListBullet"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>`, plainText(line[2:])))
		default:
			body.WriteString(paragraph("", plainText(line)))
		}
	}
	return xml.Header + `<w:document xmlns:w="` + wordNamespace + `"><w:body>` + body.String() + `<w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>`
}

func paragraph(properties, text string) string {
	if properties != "" {
		properties = "<w:pPr>" + properties + "</w:pPr>"
	}
	if text == "" {
		return "<w:p>" + properties + "</w:p>"
	}
	return "<w:p>" + properties + `<w:r><w:t xml:space="preserve">` + escapeXML(text) + "</w:t></w:r></w:p>"
}

// escapeXML escapes a text; what XML cannot hold becomes the replacement character.
func escapeXML(text string) string {
	var escaped bytes.Buffer
	if err := xml.EscapeText(&escaped, []byte(text)); err != nil { // a buffer takes everything
		return ""
	}
	return escaped.String()
}

const wordNamespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

const contentTypes = xml.Header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
	`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
	`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>` +
	`<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>` +
	`<Override PartName="/word/numbering.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"/>` +
	`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`

const packageRelations = xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
	`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>` +
	`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`

const documentRelations = xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
	`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>` +
	`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/numbering" Target="numbering.xml"/></Relationships>`

const coreProperties = xml.Header + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" ` +
	`xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
	`<dc:title>%s</dc:title><dc:creator>%s</dc:creator><dcterms:created xsi:type="dcterms:W3CDTF">%s</dcterms:created>` +
	`<dcterms:modified xsi:type="dcterms:W3CDTF">%s</dcterms:modified></cp:coreProperties>`

const styles = xml.Header + `<w:styles xmlns:w="` + wordNamespace + `">` +
	`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:rPr><w:sz w:val="22"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:after="240"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:b/><w:sz w:val="36"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:before="240" w:after="120"/><w:outlineLvl w:val="1"/></w:pPr><w:rPr><w:b/><w:sz w:val="28"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="ListBullet"><w:name w:val="List Bullet"/><w:basedOn w:val="Normal"/></w:style>` +
	`<w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/><w:tblPr><w:tblBorders>` +
	`<w:top w:val="single" w:sz="4"/><w:left w:val="single" w:sz="4"/><w:bottom w:val="single" w:sz="4"/><w:right w:val="single" w:sz="4"/>` +
	`<w:insideH w:val="single" w:sz="4"/><w:insideV w:val="single" w:sz="4"/></w:tblBorders></w:tblPr></w:style></w:styles>`

const numbering = xml.Header + `<w:numbering xmlns:w="` + wordNamespace + `"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/>` +
	`<w:lvlText w:val="•"/><w:pPr><w:ind w:left="720" w:hanging="360"/></w:pPr></w:lvl></w:abstractNum>` +
	`<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>`
