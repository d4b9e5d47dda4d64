package parse

import (
	"strings"
	"testing"
)

func TestDOCXSymbolsAreCharacters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, font, char, want string }{
		{"at least", "Symbol", "F0B3", "≥"},
		{"at most", "Symbol", "F0A3", "≤"},
		{"without F0", "Symbol", "00B1", "±"},
		{"short", "Symbol", "B4", "×"},
		{"lower case", "symbol", "f0b0", "°"},
		{"Greek", "Symbol", "F061", "α"},
		{"Greek capital", "Symbol", "F057", "Ω"},
		{"micro", "Symbol", "F06D", "µ"},
		{"digit", "Symbol", "F035", "5"},
		{"tick", "Wingdings", "F0FC", "✓"},
		{"cross", "Wingdings", "F0FB", "✗"},
		{"box", "Wingdings", "F0A8", "◻"},
		{"ticked box", "Wingdings", "F0FE", "☑"},
		{"figure in a circle", "Wingdings", "F083", "③"},
		{"black figure in a circle", "Wingdings", "F08E", "❸"},
		{"arrow", "Wingdings", "F0E0", "→"},
		{"tick of Wingdings 2", "Wingdings 2", "F050", "✓"},
		{"ticked box of Wingdings 2", "Wingdings 2", "F052", "☑"},
		{"an ordinary font", "Calibri", "2265", "≥"},
		{"unknown", "Wingdings", "F021", "□"},
		{"unknown font", "Logos", "F035", "□"},
		{"no number", "Symbol", "zz", "□"},
		{"a control", "Calibri", "0001", "□"},
		{"too large", "Calibri", "FFFFFFFF", "□"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			body := `<w:p><w:r><w:t xml:space="preserve">after </w:t><w:sym w:font="` + c.font + `" w:char="` + c.char + `"/><w:t xml:space="preserve"> 5 days</w:t></w:r></w:p>`
			wantBlocks(t, readFile(t, "a.docx", docxFile(t, body)), paragraph("after "+c.want+" 5 days"))
		})
	}
	hidden := `<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:sym w:font="Symbol" w:char="F0B3"/></w:r><w:r><w:t>5</w:t></w:r></w:p>`
	wantBlocks(t, readFile(t, "a.docx", docxFile(t, hidden)), paragraph("5"))
}

func TestDOCXEquationsKeepTheirMeaning(t *testing.T) {
	t.Parallel()
	text := func(text string) string { return `<m:r><m:t>` + text + `</m:t></m:r>` }
	part := func(name string, inner ...string) string {
		return `<m:` + name + `>` + strings.Join(inner, "") + `</m:` + name + `>`
	}
	fraction := func(above, below string) string { return part("f", part("num", above), part("den", below)) }
	square := part("sSup", part("e", text("x")), part("sup", text("2")))
	for _, c := range []struct{ name, equation, want string }{
		{"fraction", fraction(text("1"), text("2")), "1/2"},
		{"fraction of sums", fraction(text("a+b"), text("c")), "(a+b)/c"},
		{"fraction in a fraction", fraction(fraction(text("1"), text("2")), text("3")), "(1/2)/3"},
		{"power", square, "x^2"},
		{"power of several", part("sSup", part("e", text("x+1")), part("sup", text("n-1"))), "(x+1)^(n-1)"},
		{"index", part("sSub", part("e", text("a")), part("sub", text("10"))), "a_10"},
		{"index and power", part("sSubSup", part("e", text("a")), part("sub", text("i")), part("sup", text("2"))), "a_i^2"},
		{"index in front", part("sPre", part("sub", text("6")), part("sup", text("14")), part("e", text("C"))), "_6^14 C"},
		{"root", part("rad", part("deg"), part("e", text("x+1"))), "√(x+1)"},
		{"cube root", part("rad", part("deg", text("3")), part("e", text("x"))), "^3√x"},
		{"brackets", text("f") + part("d", part("e", text("x")), part("e", text("y"))), "f(x|y)"},
		{"other brackets", part("d", `<m:dPr><m:begChr m:val="["/><m:sepChr m:val=","/><m:endChr m:val="]"/></m:dPr>`, part("e", text("x")), part("e", text("y"))), "[x,y]"},
		{"a bracket that is none", part("d", `<m:dPr><m:begChr m:val="{"/><m:endChr m:val=""/></m:dPr>`, part("e", text("x"))), "{x"},
		{"sum", part("nary", `<m:naryPr><m:chr m:val="∑"/></m:naryPr>`, part("sub", text("i=1")), part("sup", text("n")), part("e", text("i"))), "∑_(i=1)^n i"},
		{"integral", part("nary", part("sub"), part("sup"), part("e", text("x"))), "∫ x"},
		{"function", part("func", part("fName", text("sin")), part("e", text("x"))), "sin x"},
		{"limit", part("func", part("fName", part("limLow", part("e", text("lim")), part("lim", text("n→0")))), part("e", square)), "lim_(n→0) x^2"},
		{"matrix", part("d", part("e", part("m", part("mr", part("e", text("1")), part("e", text("0"))), part("mr", part("e", text("0")), part("e", text("1")))))), "(1 0; 0 1)"},
		{"plain", text("a+b"), "a+b"},
		{"a number before a fraction", text("2") + fraction(text("1"), text("2")), "2 1/2"},
		{"a number after a fraction", fraction(text("1"), text("2")) + text("3"), "1/2 3"},
		{"a number after a power", square + text("3"), "x^2 3"},
		{"a factor before a power", text("2") + square, "2x^2"},
		{"a number before a power of one", text("2") + part("sSup", part("e", text("3")), part("sup", text("2"))), "2 3^2"},
		{"a sign after a power", square + text("+1"), "x^2+1"},
		{"Chinese after a power", square + text("的值"), "x^2的值"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			body := `<w:p xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><w:r><w:t>y=</w:t></w:r><m:oMath>` + c.equation + `</m:oMath><w:r><w:t>.</w:t></w:r></w:p>`
			wantBlocks(t, readFile(t, "a.docx", docxFile(t, body)), paragraph("y="+c.want+"."))
		})
	}
	deep := strings.Repeat("<m:num>", 200) + strings.Repeat("</m:num>", 200)
	body := `<w:p xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">` + deep + `</w:p>`
	if bad := refused(t, "a.docx", docxFile(t, body), DefaultLimits); !strings.Contains(bad.Reason, "too deep") {
		t.Errorf("reason %q", bad.Reason)
	}
}
