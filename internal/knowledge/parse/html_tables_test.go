package parse

import "testing"

func TestHTMLCellsOverRowsAndColumnsKeepTheirColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, source, want string
		header             int
	}{
		{"over rows", "<tr><th>Region<th>City<th>Sales<tr><td rowspan=2>North<td>A<td>1<tr><td>B<td>2<tr><td>South<td>C<td>3", "Region | City | Sales\nNorth | A | 1\n | B | 2\nSouth | C | 3", 1},
		{"over columns", "<tr><th colspan=2>2024<th>2025<tr><td>1<td>2<td>3", "2024 |  | 2025\n1 | 2 | 3", 1},
		{"over both", "<tr><td colspan=2 rowspan=2>a<td>b<tr><td>c<tr><td>d<td>e<td>f", "a |  | b\n |  | c\nd | e | f", 0},
		{"in the middle", "<tr><td>a<td rowspan=3>b<td>c<tr><td>d<td>e<tr><td>f<td>g<tr><td>h<td>i<td>j", "a | b | c\nd |  | e\nf |  | g\nh | i | j", 0},
		{"to the end of its group", "<tbody><tr><td rowspan=0>a<td>b<tr><td>c<tr><td>d<tbody><tr><td>e<td>f", "a | b\n | c\n | d\ne | f", 0},
		{"longer than its group", "<thead><tr><th rowspan=9>a<th>b<tbody><tr><td>c<td>d", "a | b\nc | d", 1},
		{"no numbers", "<tr><td colspan=x rowspan=-1>a<td>b<tr><td>c<td>d", "a | b\nc | d", 0},
		{"none", "<tr><td>a<td>b<tr><td>c<td>d", "a | b\nc | d", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, "a.html", []byte("<table>"+c.source+"</table>")), table(c.header, c.want))
		})
	}
}

func TestHTMLListsAreNumberedAsAPageShowsThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, source, want string }{
		{"start", "<ol start=4><li>a<li>b</ol>", "4. a\n5. b"},
		{"value", "<ol><li>a<li value=7>b<li>c</ol>", "1. a\n7. b\n8. c"},
		{"letters", "<ol type=a start=25><li>a<li>b<li>c</ol>", "y. a\nz. b\naa. c"},
		{"capitals", "<ol type=A><li>a<li>b</ol>", "A. a\nB. b"},
		{"roman", "<ol type=i start=3><li>a<li>b</ol>", "iii. a\niv. b"},
		{"roman capitals", "<ol type=I><li>a<li type=1>b</ol>", "I. a\n2. b"},
		{"backwards", "<ol reversed><li>a<li>b</ol>", "2. a\n1. b"},
		{"below one", "<ol type=a start=0><li>a<li>b</ol>", "0. a\na. b"},
		{"no numbers", "<ol start=x><li value=y>a<li>b</ol>", "1. a\n2. b"},
		{"bullets with a start", "<ul start=4><li>a</ul>", "- a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, "a.html", []byte(c.source)), list(c.want))
		})
	}
}

func TestHTMLListsKeepWhatIsNoItem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, source, want string }{
		{"a paragraph", "<ul><p>Before</p><li>a<li>b</ul>", "Before\n- a\n- b"},
		{"only a paragraph", "<ul><p>x</p></ul>", "x"},
		{"items in a division", "<ol><div><li>a</li><li>b</li></div><li>c</ol>", "1. a\n2. b\n3. c"},
		{"items in a link", "<ul><a href=x><li>a</li></a><li>b</ul>", "- a\n- b"},
		{"bare text", "<ul>See <b>these</b> rules: <li>a</li> and so on</ul>", "See these rules:\n- a\nand so on"},
		{"a list in a division", "<ul><li>a<div><ul><li>b</ul></div></li><div><ul><li>c</ul></div></ul>", "- a\n  - b\n  - c"},
		{"lines", "<ul><p>a<br>b</p>c<br>d</ul>", "a b\nc d"},
		{"hidden", "<ul><p hidden>x</p><li>a</ul>", "- a"},
		{"white space", "<ul>\n<!-- x --> <li>a</li>\n</ul>", "- a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, "a.html", []byte(c.source)), list(c.want))
		})
	}
}
