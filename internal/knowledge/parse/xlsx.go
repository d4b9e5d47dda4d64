package parse

import (
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// readXLSX reads the sheets that are shown, each as a heading with its name and a table of its cells as Excel shows them.
func readXLSX(out *builder, data []byte) error {
	files, err := openPackage(out, data)
	if err != nil {
		return err
	}
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit: out.limits.Unpacked,
		// Above this size the library would unpack to files in a temporary folder.
		UnzipXMLSizeLimit: out.limits.Unpacked,
		// Excel shows such a day as the machine that it runs on does.
		ShortDatePattern: shortDate,
		CultureInfo:      excelize.CultureNameZhCN,
	})
	if err != nil {
		return errDamaged
	}
	defer book.Close()
	defineFormats(book, eastAsianFormats(files))
	out.title(files.title())
	if err := checkSheets(out, files); err != nil {
		return err
	}
	for _, sheet := range book.GetSheetList() {
		if shown, err := book.GetSheetVisible(sheet); err == nil && !shown {
			continue
		}
		if err := readSheet(out, book, sheet); err != nil {
			return err
		}
	}
	return nil
}

// checkSheets refuses a workbook in which the XML of a sheet that is shown breaks off. The library takes that for the end of the sheet, so that part of it would be put in as all of it.
func checkSheets(out *builder, files *officePackage) error {
	hidden := hiddenSheets(files)
	for name := range files.parts {
		if path.Dir(name) != "xl/worksheets" || path.Ext(name) != ".xml" || hidden[name] {
			continue
		}
		reader, err := files.open(name)
		if err != nil {
			return err
		}
		err = wellFormed(&contextReader{out: out, from: reader})
		reader.Close()
		switch {
		case out.ctx.Err() != nil:
			return out.ctx.Err()
		case err != nil:
			return errDamaged
		}
	}
	return nil
}

// hiddenSheets are the parts of sheets that are not shown.
func hiddenSheets(files *officePackage) map[string]bool {
	var book struct {
		Sheets []struct {
			ID    string `xml:"id,attr"`
			State string `xml:"state,attr"`
		} `xml:"sheets>sheet"`
	}
	main := files.related("", "officeDocument")
	// Where that cannot be told, all are checked.
	_, _ = files.decode(main, &book)
	shown := map[string]bool{}
	for _, sheet := range book.Sheets {
		shown[sheet.ID] = shown[sheet.ID] || sheet.State == "" || sheet.State == "visible"
	}
	hidden := map[string]bool{}
	for _, one := range files.relationships(main) {
		if show, named := shown[one.ID]; named && !show {
			hidden[one.Target] = true
		}
	}
	return hidden
}

func wellFormed(reader io.Reader) error {
	decoder := xmlDecoder(reader)
	for {
		switch _, err := decoder.Token(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

func readSheet(out *builder, book *excelize.File, sheet string) error {
	rows, err := sheetRows(out, book, sheet)
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := out.heading(1, sheet); err != nil {
		return err
	}
	// Above a table often stands what it is about, in one cell for each line.
	wide := slices.IndexFunc(rows, func(row []string) bool { return cells(row) > 1 })
	for wide > 0 && len(rows) > 0 && cells(rows[0]) == 1 {
		if err := out.paragraph(strings.ReplaceAll(strings.TrimSpace(strings.Join(rows[0], "")), "\n", string(lineBreak))); err != nil {
			return err
		}
		rows = rows[1:]
	}
	return out.table(rows, headerOf(rows))
}

func cells(row []string) int {
	count := 0
	for _, cell := range row {
		if strings.TrimSpace(cell) != "" {
			count++
		}
	}
	return count
}

// sheetRows are those with text. A short text may stand in very many cells, so that the size is watched on the way.
func sheetRows(out *builder, book *excelize.File, sheet string) ([][]string, error) {
	reader, err := book.Rows(sheet)
	if err != nil {
		return nil, errDamaged
	}
	defer func() { _ = reader.Close() }()
	var rows [][]string
	size := 0
	for count := 0; reader.Next(); count++ {
		if count%100 == 0 && out.ctx.Err() != nil {
			return nil, out.ctx.Err()
		}
		row, err := reader.Columns()
		if err != nil {
			return nil, errDamaged
		}
		if cells(row) == 0 {
			continue
		}
		row = withoutEmptyEnd(row)
		if err := out.hold(len(row)); err != nil {
			return nil, err
		}
		for _, cell := range row {
			size += len(cell) + len(" | ")
		}
		if out.size+int64(size) > out.limits.Unpacked {
			return nil, out.grow(size)
		}
		rows = append(rows, row)
	}
	if reader.Error() != nil {
		return nil, errDamaged
	}
	return rows, nil
}
