package router

import (
	"crypto/sha256"
	_ "embed" // the prompt and the words are data
	"encoding/hex"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"bestbox/internal/llm"
	"bestbox/tools"
)

// Labels are the domains that the prompt names, as the model writes them, in its order, which is part of every fitted head. Agents that it does not
// name are learned (see Learned).
var Labels = labelsOf(promptText)

// labelsOf reads the lines of a prompt that say what belongs to a label.
func labelsOf(prompt string) (labels []string) {
	description, _, _ := strings.Cut(prompt, "\nQuestion:")
	for line := range strings.Lines(description) {
		if label, _, found := strings.Cut(line, ": "); found && !strings.Contains(label, " ") {
			labels = append(labels, label)
		}
	}
	return labels
}

// maxQuestionRunes bounds what of a question is routed. A longer one is cut in the middle: what is wanted stands at the beginning
// or at the end, and a pasted text of 100 kB must not fill the slot's context.
const maxQuestionRunes = 1200

//go:embed prompt.txt
var promptText string

//go:embed words.txt
var wordsText string

// Words are the beginnings of a reply whose probabilities are read: the labels first, in their order, then words of each domain.
// One token is generated in any case; the words say more about what the model saw in the question than the five labels alone.
// No two may begin with the same token.
func Words() []string { return strings.Fields(wordsText) }

// Prompt returns the messages of one routing request. All before the question is byte-stable, so the server keeps it cached.
func Prompt(question string) []llms.MessageContent {
	return []llms.MessageContent{
		llm.System(strings.TrimSpace(promptText)),
		llm.User("Question: " + shorten(question) + "\nLabel:"),
	}
}

// describe says behind a question what the things are that it calls by their names. People of the company are in questions of every kind.
func describe(question string, names []tools.Name) string {
	var words []string
	for _, name := range names {
		if name.Kind != "" && name.Kind != "employee" {
			words = append(words, name.Kind+" "+name.ID)
		}
	}
	if len(words) == 0 {
		return question
	}
	return question + " (" + strings.Join(words, ", ") + ")"
}

// PromptVersion names the prompt and the words together. A head is valid only for the version it was fitted with.
func PromptVersion() string {
	sum := sha256.Sum256([]byte(promptText + "\x00" + wordsText))
	return hex.EncodeToString(sum[:6])
}

func shorten(question string) string {
	question = strings.ToValidUTF8(question, "\uFFFD")
	runes := []rune(question)
	if len(runes) <= maxQuestionRunes {
		return question
	}
	half := maxQuestionRunes / 2
	return string(runes[:half]) + " … " + string(runes[len(runes)-half:])
}
