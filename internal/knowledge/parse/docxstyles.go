package parse

import (
	"regexp"
	"strconv"
	"strings"
)

type xmlValue struct {
	Value string `xml:"val,attr"`
}

// docxStyle is what counts of a style of paragraphs.
type docxStyle struct {
	based   string
	level   int // of a heading, from 1; 10: body text; 0: that of the style it is based on
	isTitle bool
	number  *docxNumber
}

type docxStyles map[string]docxStyle

// headingName is how Word names its own styles of headings, in whatever language it runs.
var headingName = regexp.MustCompile(`(?i)^heading\s*([1-9])$`)

func readStyles(files *officePackage, main string) (docxStyles, error) {
	var all struct {
		Style []struct {
			ID      string   `xml:"styleId,attr"`
			Name    xmlValue `xml:"name"`
			Based   xmlValue `xml:"basedOn"`
			Outline xmlValue `xml:"pPr>outlineLvl"`
			Number  *struct {
				Level xmlValue `xml:"ilvl"`
				ID    xmlValue `xml:"numId"`
			} `xml:"pPr>numPr"`
		} `xml:"style"`
	}
	if _, err := files.decode(files.related(main, "styles"), &all); err != nil {
		return nil, err
	}
	styles := docxStyles{}
	for _, one := range all.Style {
		style := docxStyle{based: one.Based.Value}
		if level, err := strconv.Atoi(one.Outline.Value); err == nil {
			style.level = min(max(level, 0), 9) + 1
		} else if name := headingName.FindStringSubmatch(one.Name.Value); name != nil {
			style.level = int(name[1][0] - '0')
		} else if strings.EqualFold(one.Name.Value, "title") {
			style.level, style.isTitle = 1, true
		}
		if one.Number != nil {
			level, _ := strconv.Atoi(one.Number.Level.Value)
			style.number = &docxNumber{id: one.Number.ID.Value, level: min(max(level, 0), 8)}
		}
		styles[one.ID] = style
	}
	return styles, nil
}

// of is a style with what it takes from those it is based on. A document without styles names Word's own.
func (s docxStyles) of(id string) docxStyle {
	style, ok := s[id]
	if name := headingName.FindStringSubmatch(id); !ok && name != nil {
		return docxStyle{level: int(name[1][0] - '0')}
	}
	seen := 0
	for based := style.based; based != "" && seen < 50; seen++ {
		below := s[based]
		if style.level == 0 {
			style.level, style.isTitle = below.level, below.isTitle
		}
		style.number = style.number.from(below.number)
		based = below.based
	}
	return style
}
