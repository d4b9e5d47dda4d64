package parse

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bestbox/internal/knowledge"
)

// pdfField is a field of 200 by 20 points. It has a value, or its dictionary says what it is.
type pdfField struct {
	x, y, flags      int
	value, otherwise string
}

// pdfForm is a form with two labels at the left and one at the right, and a page behind it.
func pdfForm(fields ...pdfField) []byte {
	stream := func(text string) string {
		return fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(text), text)
	}
	objects := []string{
		"", "<< /Type /Pages /Kids [3 0 R 6 0 R] /Count 2 >>", "",
		stream("BT /F1 10 Tf 50 705 Td (The name of the applicant:) Tj 0 -30 Td (The day of the request:) Tj 100 -100 Td (It was granted) Tj ET"),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 5 0 R >> >> /Contents 7 0 R >>",
		stream("BT /F1 10 Tf 50 705 Td (The page behind it) Tj ET"),
	}
	all, roots := "", ""
	for _, field := range fields {
		at := len(objects) + 1
		said, state := field.otherwise, "Off"
		if strings.Contains(said, "/V /On") {
			state = "On"
		}
		if field.value != "" {
			said = "/FT /Tx /V <" + hexUTF16(field.value) + ">"
		}
		all += fmt.Sprintf("%d 0 R ", at)
		roots += fmt.Sprintf("%d 0 R ", at+1)
		objects = append(objects, fmt.Sprintf("<< /Type /Annot /Subtype /Widget /Parent %d 0 R /Rect [%d %d %d %d] /P 3 0 R /F %d /AS /%s /AP << /N << /On 4 0 R /Off 4 0 R >> >> >>",
			at+1, field.x, field.y, field.x+200, field.y+20, field.flags, state),
			fmt.Sprintf("<< /T (f%d) /Kids [%d 0 R] %s >>", at, at, said))
	}
	objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [" + roots + "] /DA (/F1 10 Tf 0 g) /DR << /Font << /F1 5 0 R >> >> >> >>"
	objects[2] = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R /Annots [" + all + "] >>"
	return pdfOf("%PDF-1.7\n", objects, "")
}

func TestPDFFormsHaveWhatWasTypedIntoThemBesideItsLabel(t *testing.T) {
	t.Parallel()
	const name, day, granted = "The name of the applicant:", "The day of the request:", "It was granted"
	for _, c := range []struct {
		name   string
		fields []pdfField
		want   []string
	}{
		{"values in any order", []pdfField{{200, 670, 4, "5 May", ""}, {200, 700, 4, "李伟 Li Wei", ""}}, []string{name + " 李伟 Li Wei", day + " 5 May", granted}},
		{"a tick before its label", []pdfField{{100, 570, 4, "", "/FT /Btn /V /On"}}, []string{name, day, "☒ " + granted}},
		{"no tick", []pdfField{{100, 570, 4, "", "/FT /Btn /V /Off"}}, []string{name, day, granted}},
		{"a tick within a line", []pdfField{{177, 570, 4, "", "/FT /Btn /V /On"}}, []string{name, day, "It was ☒ granted"}},
		{"values within a line, in any order", []pdfField{{177, 570, 4, "two", ""}, {160, 570, 4, "one", ""}, {240, 570, 4, "four", ""}, {100, 570, 4, "none", ""}},
			[]string{name, day, "none It one was two granted four"}},
		{"a value over a word", []pdfField{{190, 570, 4, "", "/FT /Btn /V /On"}}, []string{name, day, granted + " ☒"}},
		{"values beside each other without a label", []pdfField{{300, 620, 4, "b", ""}, {50, 620, 4, "a", ""}}, []string{name, day, "a b", granted}},
		{"a choice", []pdfField{{200, 670, 4, "", "/FT /Ch /Ff 131072 /V (Monday) /Opt [(Monday) (Friday)]"}}, []string{name, day + " Monday", granted}},
		{"lines", []pdfField{{200, 700, 4, "Li\rWei", ""}}, []string{name + " Li Wei", day, granted}},
		{"a value below its label", []pdfField{{50, 620, 4, "Some remarks", ""}}, []string{name, day, "Some remarks", granted}},
		{"a value above all", []pdfField{{50, 750, 4, "No. 5", ""}}, []string{"No. 5", name, day, granted}},
		{"a hidden one", []pdfField{{200, 700, 2, "Li Wei", ""}}, []string{name, day, granted}},
		{"a password", []pdfField{{200, 700, 4, "", "/FT /Tx /Ff 8192 /V (secret)"}}, []string{name, day, granted}},
		{"a button", []pdfField{{200, 700, 4, "", "/FT /Btn /Ff 65536 /V (Print)"}}, []string{name, day, granted}},
		{"empty fields", []pdfField{{200, 700, 4, "", "/FT /Tx"}, {200, 670, 4, "", "/FT /Tx /V ()"}}, []string{name, day, granted}},
		{"no fields", nil, []string{name, day, granted}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			content := readFile(t, "form.pdf", pdfForm(c.fields...))
			var got []string
			for _, block := range content.Blocks {
				if block.Kind != knowledge.Paragraph {
					t.Errorf("%q is no paragraph", block.Text)
				}
				got = append(got, block.Text)
			}
			want := slices.Concat(c.want, []string{"The page behind it"})
			if diff := cmp.Diff(strings.Join(want, " "), strings.ReplaceAll(strings.Join(got, " "), "\n", " ")); diff != "" {
				t.Errorf("text differs (-want +got):\n%s", diff)
			}
		})
	}
}
