package mcp

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"bestbox/tools/wording"
)

const (
	// maxReply bounds what is kept of a reply's texts, in bytes.
	maxReply = 64 << 10
	// longestPiece is how many characters of a reply one sentence holds: prompts are shortened by whole sentences.
	longestPiece = 400
	// maxOthers bounds the list of what is not shown.
	maxOthers = 10
)

// Reply is what a server has answered to a call.
type Reply struct {
	Server string `json:"server"`
	// Failed says that the server could not do what was asked for.
	Failed bool `json:"failed,omitempty"`
	// Refused is why there is no answer, in words of BestBox.
	Refused string   `json:"refused,omitempty"`
	Texts   []string `json:"texts,omitempty"`
	// Structured is the answer as data, where the server gives that.
	Structured json.RawMessage `json:"structured,omitempty"`
	// Others are the parts that are no text, named.
	Others []string `json:"others,omitempty"`
	// Cut says that the texts were longer than what is kept.
	Cut bool `json:"cut,omitempty"`
}

// newReply keeps what can be used of a result.
func newReply(server string, result *sdk.CallToolResult) (*Reply, error) {
	reply := &Reply{Server: server, Failed: result.IsError}
	for _, part := range result.Content {
		reply.add(part)
	}
	if result.StructuredContent != nil {
		text, err := json.Marshal(result.StructuredContent)
		if err != nil {
			return nil, err
		}
		if len(text) <= maxReply {
			reply.Structured = text
		}
		if len(reply.Texts) == 0 { // else these say the same
			reply.text(string(text))
		}
	}
	return reply, nil
}

func (r *Reply) add(part sdk.Content) {
	switch content := part.(type) {
	case *sdk.TextContent:
		r.text(content.Text)
	case *sdk.ImageContent:
		r.other("an image (%s, %d kB)", content.MIMEType, kilobytes(len(content.Data)))
	case *sdk.AudioContent:
		r.other("a sound (%s, %d kB)", content.MIMEType, kilobytes(len(content.Data)))
	case *sdk.ResourceLink:
		r.other("a link to “%.200s” (%.200s)", clean(content.Name), clean(content.URI))
	case *sdk.EmbeddedResource:
		switch resource := content.Resource; {
		case resource == nil:
		case resource.Text != "":
			r.text(resource.Text)
		default:
			r.other("a file (%.200s, %s, %d kB)", clean(resource.URI), resource.MIMEType, kilobytes(len(resource.Blob)))
		}
	default:
		r.other("a part of an unknown kind")
	}
}

func kilobytes(count int) int { return (count + 1023) >> 10 }

func (r *Reply) text(text string) {
	left := maxReply
	for _, kept := range r.Texts {
		left -= len(kept)
	}
	text = clean(text)
	if len(text) > left {
		end := max(0, left)
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text, r.Cut = text[:end], true
	}
	if text != "" {
		r.Texts = append(r.Texts, text)
	}
}

func (r *Reply) other(format string, arguments ...any) {
	if len(r.Others) < maxOthers {
		r.Others = append(r.Others, clean(fmt.Sprintf(format, arguments...)))
	}
}

// Sentences implements tools.Outcome. What the server says stands between “ and ”, which it cannot write itself.
func (r *Reply) Sentences() []string {
	if r.Refused != "" {
		return []string{"Not done: " + strings.TrimSuffix(r.Refused, ".") + "."}
	}
	said, goesOn := r.Server+" answers: “%s”", r.Server+" goes on: “%s”"
	if r.Failed {
		said = r.Server + " could not do it and says: “%s”"
	}
	var sentences []string
	for _, text := range r.Texts {
		for _, piece := range pieces(text) {
			sentences = append(sentences, fmt.Sprintf(said, piece))
			said = goesOn
		}
	}
	if len(sentences) == 0 {
		sentences = append(sentences, map[bool]string{false: r.Server + " has done it and says nothing.", true: r.Server + " could not do it and does not say why."}[r.Failed])
	}
	for _, other := range r.Others {
		sentences = append(sentences, r.Server+" has also sent "+other+", which is not shown.")
	}
	if r.Cut {
		sentences = append(sentences, fmt.Sprintf("The answer was longer; the first %d kB of it are here.", maxReply>>10))
	}
	return sentences
}

// pieces cuts a text at blanks.
func pieces(text string) []string {
	var cut []string
	for runes := []rune(text); len(runes) > 0; {
		end := len(runes)
		if end > longestPiece {
			end = longestPiece
			for at := end; at > longestPiece/2; at-- {
				if runes[at-1] == ' ' {
					end = at
					break
				}
			}
		}
		cut = append(cut, strings.TrimSpace(string(runes[:end])))
		runes = runes[end:]
	}
	return cut
}

// clean puts a text of outsiders on one line.
func clean(text string) string { return wording.Line(text) }
