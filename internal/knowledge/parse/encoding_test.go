package parse

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

const (
	chineseText = "员工每年享有三十天年假，其中五天可以保留到下一年三月底。申请需要部门经理批准，The form is F-12。"
	westernText = "Le café de M. Müller – “très bon” – coûte 5 €, señor; naïve façade, Straße."
	russianText = "Сотрудники имеют право на тридцать дней отпуска в год."
)

func encoded(t *testing.T, in encoding.Encoding, text string) []byte {
	t.Helper()
	data, err := in.NewEncoder().String(text)
	must(t, err)
	return []byte(data)
}

func asUTF16(text string, big bool) []byte {
	data := []byte{0xFF, 0xFE}
	if big {
		data = []byte{0xFE, 0xFF}
	}
	for _, half := range utf16.Encode([]rune(text)) {
		if big {
			data = append(data, byte(half>>8), byte(half))
		} else {
			data = append(data, byte(half), byte(half>>8))
		}
	}
	return data
}

func TestEncodingsAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"UTF-8", []byte(chineseText), chineseText},
		{"UTF-8 with a mark", []byte("\xEF\xBB\xBF" + chineseText), chineseText},
		{"UTF-16, little end first", asUTF16(chineseText+" 😀", false), chineseText + " 😀"},
		{"UTF-16, big end first", asUTF16(chineseText+" 😀", true), chineseText + " 😀"},
		{"GBK", encoded(t, simplifiedchinese.GBK, chineseText), chineseText},
		{"GBK, one word", encoded(t, simplifiedchinese.GBK, "年假"), "年假"},
		{"GB18030", encoded(t, simplifiedchinese.GB18030, chineseText+"囍㐂€"), chineseText + "囍㐂€"},
		{"Windows-1252", encoded(t, charmap.Windows1252, westernText), westernText},
		{"Latin-1", encoded(t, charmap.ISO8859_1, "Übergrößen für Männer"), "Übergrößen für Männer"},
		{"Latin-1, accents before letters that make Chinese pairs", encoded(t, charmap.ISO8859_1, "Größe Köln Müll Tür dépôt"), "Größe Köln Müll Tür dépôt"},
		{"Windows-1252 with letters of UTF-8 in it", encoded(t, charmap.Windows1252, westernText+" Ã©Ã¼"), westernText + " Ã©Ã¼"},
		{"a replacement character that the file itself says", []byte("a\uFFFDb"), "a\uFFFDb"},
	} {
		for _, name := range []string{"a.txt", "a.md", "a.csv"} {
			t.Run(c.name+" "+name, func(t *testing.T) {
				t.Parallel()
				content := readFile(t, name, c.data)
				if len(content.Blocks) != 1 || strings.ReplaceAll(content.Blocks[0].Text, " | ", ", ") != c.want && content.Blocks[0].Text != c.want {
					t.Errorf("blocks = %v, want %q", content.Blocks, c.want)
				}
			})
		}
	}
}

// What is read wrongly is worse than what is not read.
func TestEncodingsThatCannotBeToldAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"Cyrillic", encoded(t, charmap.Windows1251, russianText)},
		{"Cyrillic, the other", encoded(t, charmap.KOI8R, russianText)},
		{"Big5", encoded(t, traditionalchinese.Big5, "員工每年享有三十天年假，其中五天可以保留到下一年三月底，申請需要部門經理批准。")},
		{"Big5, a table of few words", encoded(t, traditionalchinese.Big5, strings.Repeat("A-1001,中文,120,2024-01-15\n", 5))},
		{"Cyrillic, a table of few words", encoded(t, charmap.Windows1251, strings.Repeat("A-1001,Иванов,120,2024-01-15\n", 5))},
		{"Shift-JIS", encoded(t, japanese.ShiftJIS, "社員は毎年三十日の休暇を取ることができます。")},
		{"UTF-16 cut off", append(asUTF16(chineseText, false), 'x')},
		{"UTF-16 with half a character", append(asUTF16(chineseText, false), 0x3D, 0xD8)},
		{"UTF-8 with a mark, broken", []byte("\xEF\xBB\xBFabc\xFF")},
		{"UTF-8 with one byte of Windows-1252", []byte("It’s “fine” – naïve caf\xe9s don’t — and won’t — matter.")},
		{"UTF-8 that is cut off in a letter", []byte(chineseText)[:len(chineseText)-1]},
		{"Chinese and Western in one", append(encoded(t, simplifiedchinese.GBK, chineseText), encoded(t, charmap.Windows1252, "é à ü ")...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if bad := refused(t, "a.txt", c.data, DefaultLimits); !strings.Contains(bad.Advice, "UTF-8") {
				t.Errorf("error: %v", bad)
			}
		})
	}
}

func TestDeclaredEncodingsCount(t *testing.T) {
	t.Parallel()
	page := func(charset, text string) string {
		return `<html><head><meta charset="` + charset + `"></head><body><p>` + text + `</p></body></html>`
	}
	for _, c := range []struct {
		name string
		in   encoding.Encoding
		as   string
		text string
	}{
		{"Cyrillic", charmap.Windows1251, "windows-1251", russianText},
		{"Big5", traditionalchinese.Big5, "big5", "員工每年享有三十天年假"},
		{"GB2312", simplifiedchinese.GBK, "gb2312", chineseText},
		{"ISO-2022-JP", japanese.ISO2022JP, "iso-2022-jp", "社員は毎年三十日の休暇"},
		{"wrongly declared", simplifiedchinese.GBK, "utf-8", chineseText},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantBlocks(t, readFile(t, "a.html", encoded(t, c.in, page(c.as, c.text))), paragraph(c.text))
		})
	}
	t.Run("but for a half character", func(t *testing.T) {
		t.Parallel()
		// A program has cut the text off by bytes; between the tags there is more ASCII than Chinese.
		source := strings.Replace(page("gb2312", chineseText+"\x00"), "</p>", "</p>"+strings.Repeat("<!-- filler -->", 50), 1)
		data := bytes.ReplaceAll(encoded(t, simplifiedchinese.GBK, source), []byte{0}, []byte("\xb5"))
		wantBlocks(t, readFile(t, "a.html", data), paragraph(chineseText+"\uFFFD"))
		_ = refused(t, "a.html", bytes.ReplaceAll(encoded(t, simplifiedchinese.GBK, page("gb2312", strings.ReplaceAll("三十天年假", "天", "天\x00<b>"))), []byte{0}, []byte("\xb5")), DefaultLimits)
	})
	t.Run("UTF-8 that declares another", func(t *testing.T) {
		t.Parallel()
		wantBlocks(t, readFile(t, "a.html", []byte(page("gb2312", chineseText))), paragraph(chineseText))
	})
	t.Run("in a mail", func(t *testing.T) {
		t.Parallel()
		mail := append([]byte("Subject: x\r\nContent-Type: text/plain; charset=windows-1251\r\n\r\n"), encoded(t, charmap.Windows1251, russianText)...)
		wantBlocks(t, readFile(t, "a.eml", mail), heading(1, "x"), paragraph(russianText))
	})
}

func TestARefusalOfBrokenUTF8SaysWhere(t *testing.T) {
	t.Parallel()
	bad := refused(t, "a.txt", []byte("It’s fine\r\nDon’t – worry\r\nCaf\xe9 “X”\r\n"), DefaultLimits)
	if !strings.Contains(bad.Reason, "first in line 3") {
		t.Errorf("reason %q", bad.Reason)
	}
}

func TestShortTextsThatAreUTF8ByChanceAreWhatTheyDeclare(t *testing.T) {
	t.Parallel()
	catalogue := encoded(t, simplifiedchinese.GBK, "目录")
	word := func(charset string, data []byte) string { return "=?" + charset + "?B?" + inBase64(data) + "?=" }
	for _, c := range []struct{ name, subject, want string }{
		{"GB2312", word("gb2312", catalogue), "目录"},
		{"GBK", word("GBK", catalogue) + " 2", "目录 2"},
		{"UTF-8 that declares GBK", word("gbk", []byte("目录")), "目录"},
		{"UTF-8", word("utf-8", []byte("Ŀ¼")), "Ŀ¼"},
		{"UTF-8 that declares Windows-1251", word("windows-1251", []byte("café")), "café"},
		{"what does not decode as declared", word("euc-kr", []byte("ɡ")), "ɡ"},
		{"ASCII that declares GBK", word("gbk", []byte("Plan")), "Plan"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if content := readFile(t, "a.eml", []byte("Subject: "+c.subject+"\r\n\r\nText\r\n")); content.Title != c.want {
				t.Errorf("title %q, want %q", content.Title, c.want)
			}
		})
	}
	for name, c := range map[string]struct {
		declared, text string
		data           []byte
	}{
		"a short part":                 {"gb2312", "目录", catalogue},
		"a short part that is UTF-8":   {"gb2312", "部门预算", []byte("部门预算")},
		"a part that declares nothing": {"us-ascii", "Ŀ¼", catalogue},
		"a long part":                  {"gb2312", strings.TrimSpace(strings.Repeat("café ", 50)), []byte(strings.Repeat("café ", 50))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mail := append([]byte("Subject: x\r\nContent-Type: text/plain; charset="+c.declared+"\r\n\r\n"), c.data...)
			wantBlocks(t, readFile(t, "a.eml", mail), heading(1, "x"), paragraph(c.text))
		})
	}
}

const koreanText = "직원은 매년 삼십 일의 휴가를 사용할 수 있으며, 그중 오 일은 다음 해 삼월 말까지 이월할 수 있다. 신청은 부서장의 승인이 필요하다."

func TestKoreanIsNoChinese(t *testing.T) {
	t.Parallel()
	for _, text := range []string{koreanText, "이름,부서,전화번호,입사일,직급,비고", "The form of 휴가 신청서 is F-12, 부서장의 승인이 필요합니다"} {
		if got, err := decode(encoded(t, korean.EUCKR, text), ""); err != nil || got != text {
			t.Errorf("decode = %q, %v; want %q", got, err, text)
		}
	}
	for _, text := range []string{
		chineseText, "姓名,部门,工号,职务,入职日期,联系电话", "张伟、王芳、李娜、刘洋、陈静、杨敏、黄磊", "公司各部门负责人会议纪要", "办公楼安保管理办法，共八条。", "不可不可不可不可不可不可不可",
		"本公司员工必须不迟到、不早退，离开岗位须报告本部门负责人。", "陈红 冯刚 何华 郭海 黄红 胡刚 高华", "产品编码,规格,单价,库存,备注", "根据国家规定，病假工资按百分之八十发给。",
	} {
		if got, err := decode(encoded(t, simplifiedchinese.GBK, text), ""); err != nil || got != text {
			t.Errorf("decode = %q, %v; want %q", got, err, text)
		}
	}
}

func TestTheEncodingOfAnXMLDeclarationCounts(t *testing.T) {
	t.Parallel()
	page := `<?xml version="1.0" encoding="iso-8859-2"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body><p>` + "Zażółć gęślą jaźń" + `</p></body></html>`
	wantBlocks(t, readFile(t, "a.xhtml", encoded(t, charmap.ISO8859_2, page)), paragraph("Zażółć gęślą jaźń"))
	// What a browser reads, since it does not look at the declaration, counts first.
	both := strings.Replace(strings.Replace(page, "<head>", `<head><meta charset="iso-8859-2"/>`, 1), `encoding="iso-8859-2"`, `encoding="utf-16"`, 1)
	wantBlocks(t, readFile(t, "a.xhtml", encoded(t, charmap.ISO8859_2, both)), paragraph("Zażółć gęślą jaźń"))
}

func TestUTF16WithoutAMarkIsTold(t *testing.T) {
	t.Parallel()
	for _, big := range []bool{false, true} {
		data := asUTF16("name;days\r\nJürgen;30\r\n张三;25\r\n", big)[2:]
		wantBlocks(t, readFile(t, "a.csv", data), table(1, "name | days\nJürgen | 30\n张三 | 25"))
	}
	_ = refused(t, "a.txt", bytes.Repeat([]byte{'a', 0, 0, 0}, 20), DefaultLimits)
	_ = refused(t, "a.txt", []byte("a\x00b\x00c\x00d"), DefaultLimits)
}
