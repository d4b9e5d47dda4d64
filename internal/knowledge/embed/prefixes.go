package embed

import "strings"

// prefixes are what a model was trained to see before a question and before a passage.
type prefixes struct{ query, passage string }

// trained lists them by how the model's name begins, in any case. What is not listed has none: all-MiniLM and bge-m3 were trained without.
var trained = map[string]prefixes{
	"multilingual-e5":  {"query: ", "passage: "},
	"e5-":              {"query: ", "passage: "},
	"nomic-embed-text": {"search_query: ", "search_document: "},
	"bge-small-en":     {"Represent this sentence for searching relevant passages: ", ""},
	"bge-base-en":      {"Represent this sentence for searching relevant passages: ", ""},
	"bge-large-en":     {"Represent this sentence for searching relevant passages: ", ""},
}

// prefixesOf finds those of a model, whose name may stand behind that of its publisher.
func prefixesOf(model string) prefixes {
	name := strings.ToLower(model[strings.LastIndex(model, "/")+1:])
	for begin, found := range trained {
		if strings.HasPrefix(name, begin) {
			return found
		}
	}
	return prefixes{}
}
