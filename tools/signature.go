package tools

import (
	"encoding/json"
	"fmt"
	"strings"

	"bestbox/tools/wording"
)

// Parameters describes each argument in the fewest tokens a small model understands, in the order of the schema, for example
// `warehouse_id?="WH-001"` or `status?=open|paid`. A question mark says that the argument may be left out. Arguments with the
// hint x-quiet are not described: they may be given all the same, where the question asks for them.
func (t *Tool) Parameters() []string {
	parameters := make([]string, 0, len(t.schema.properties))
	for _, property := range t.schema.properties {
		if property.definition.Extra["x-quiet"] == true {
			continue
		}
		name := property.name
		if !property.required {
			name += "?"
		}
		if shape := property.shape(); shape != "" {
			name += "=" + shape
		}
		parameters = append(parameters, name)
	}
	return parameters
}

// longestWords bounds the allowed words that are shown; the grammar knows them all.
const longestWords = 400

// shape shows what a value looks like: the allowed words, else an example, else the type. Words that another server has chosen stay on their line.
func (p property) shape() string {
	words := make([]string, len(p.definition.Enum))
	for index, word := range p.definition.Enum {
		words[index] = fmt.Sprint(word)
	}
	listed := strings.Join(words, "|")
	switch {
	case listed != "" && len(listed) <= longestWords && listed == wording.Line(listed):
		return listed
	case len(p.definition.Examples) > 0:
		if example, err := json.Marshal(p.definition.Examples[0]); err == nil && len(example) <= longestWords {
			return wording.Line(string(example))
		}
	}
	return p.definition.Type
}
