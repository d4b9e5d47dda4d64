package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// naming is a value that names something: an identifier, or an address of mail.
var naming = regexp.MustCompile(`^(?:[A-Za-z]+(?:-[A-Za-z0-9]+)*-[0-9]+|[^\s@]+@[^\s@]+)$`)

// whence says of the things that a write is about, and that the question does not name, which call has named them: a mail, say.
func (a asked) whence(ctx context.Context) (told []string, err error) {
	names, err := a.who.named(ctx, a.known.input.Question)
	if err != nil {
		return nil, err
	}
	meant := []string{a.who.Employee}
	for _, name := range names {
		meant = append(meant, name.ID)
	}
	found := a.known.found()
	for _, value := range textsOf(a.report.Arguments) {
		if !naming.MatchString(value) || holds(a.known.input.Question, value) || slices.Contains(meant, value) {
			continue
		}
		first := slices.IndexFunc(found, func(result callResult) bool {
			return slices.ContainsFunc(result.Sentences, func(sentence string) bool { return holds(sentence, value) })
		})
		if first >= 0 {
			told = append(told, fmt.Sprintf("the question does not name %s; %s has found it", value, found[first].Report.Tool))
		}
	}
	return told, nil
}

func holds(text, value string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(value))
}

// textsOf are the texts among the values of arguments, each once, in the order of their places.
func textsOf(arguments json.RawMessage) (texts []string) {
	decoder := json.NewDecoder(strings.NewReader(string(arguments)))
	for {
		token, err := decoder.Token()
		if err != nil {
			return texts
		}
		if text, isText := token.(string); isText && !slices.Contains(texts, strings.TrimSpace(text)) {
			texts = append(texts, strings.TrimSpace(text))
		}
	}
}
