package activities

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bestbox/agents"
	"bestbox/internal/knowledge/cite"
	"bestbox/tools/knowledge"
	"bestbox/tools/wording"
	"bestbox/workflows/run"
)

// documents are what the searches of a run have found, with what else is known.
type documents struct {
	// searched says that the documents were searched, by this run or by an agent that it has asked: only then is an answer held against them.
	searched bool
	passages []cite.Passage
	// facts are what the results of other tools say, one text for each, and answers what agents that were asked have answered.
	facts, answers []string
}

// documentsOf are those of all that is known. A result whose data are not to be read counts as one of another tool.
func documentsOf(results []callResult) (d documents) {
	for _, result := range results {
		found, is := foundIn(result)
		switch {
		case is:
			d.searched = true
			for _, p := range found.Passages {
				d.passages = append(d.passages, cite.Passage{Number: p.Number, Document: p.Document, Title: p.Title, Source: p.Source, Section: p.Section, Page: p.Page, Text: p.Text})
			}
		case result.Searched || len(result.Cited)+len(result.Uncited) > 0: // a result of an earlier version does not say that it has searched
			d.searched = true
			d.passages = append(d.passages, result.Cited...)
			d.answers = append(d.answers, result.Stands)
			d.facts = append(d.facts, result.Sentences[min(1, len(result.Sentences)):]...) // what is told of it besides
		case result.Report.Tool == agents.ToolAskAgent && !result.Report.Failed:
			d.answers = append(d.answers, strings.Join(result.Sentences, " "))
		case !result.Doubted:
			d.facts = append(d.facts, strings.Join(result.Sentences, " "))
		}
	}
	return d
}

// foundIn is what a search of the documents has found.
func foundIn(result callResult) (found knowledge.Found, is bool) {
	if result.Report.Tool != knowledge.Search || result.Report.Failed {
		return found, false
	}
	return found, json.Unmarshal(result.Data, &found) == nil
}

// plain is an answer without what a model has written for numbers of passages. Where nothing was searched it has none, and a number in brackets is its own.
func (d documents) plain(answer string) string {
	if !d.searched {
		return answer
	}
	return cite.Unmarked(answer)
}

// cite puts citations into an answer to a question, and says which sentences have none although they claim something. Of a text that does not count only the nearest place to the question is told.
func (d documents) cite(question string, written *text) {
	if !d.searched {
		return
	}
	if !written.counts() {
		written.nearest = cite.Nearest(question, "", d.passages)
		return
	}
	passages := slices.Clone(d.passages)
	for _, answer := range d.answers {
		passages = append(passages, cite.AnswerOf(answer))
	}
	report := cite.Check(question, written.content, passages, d.facts...)
	written.content, written.citations, written.uncited = report.Answer, report.Citations, report.Uncited
	if len(report.Citations) == 0 && len(report.Uncited) > 0 {
		written.nearest = cite.Nearest(question, report.Answer, d.passages)
	}
}

// overlooked reports whether an answer is to be written from the place nearest to the question: nothing that it claims stands in the documents. A small model knows better than its passages at times,
// and says what they say when it is shown the place alone. Not where there are results of other tools, of which that answer would say nothing, nor where the answer denies something, which may be what
// a text of outsiders wants.
func (d documents) overlooked(written text) bool {
	return written.nearest != nil && len(d.facts)+len(d.answers) == 0 && written.hides == "" && (isDecision(written.content) || !denies.MatchString(written.content))
}

// isSearch reports whether a result is that of a search of the documents, which may have failed.
func isSearch(result callResult) bool { return result.Report.Tool == knowledge.Search }

// made are the results of calls that need not be made again. A search of an agent that has handed the run over is none of them: whose documents it finds is decided by the agent.
func (c conversation) made() []callResult {
	return slices.Concat(slices.DeleteFunc(slices.Clone(c.results[:c.own]), isSearch), c.results[c.own:])
}

// searchedBefore reports whether the documents were searched by an agent that has handed the run over, and not yet by the one that has it now.
func (c conversation) searchedBefore() bool {
	return slices.ContainsFunc(c.results[:c.own], isSearch) && !slices.ContainsFunc(c.results[c.own:], isSearch)
}

// foundInDocuments reports whether a search of the agent that has the run has found something about the question.
func (c conversation) foundInDocuments() bool {
	return slices.ContainsFunc(c.results[c.own:], func(result callResult) bool {
		found, is := foundIn(result)
		return is && found.Relevant
	})
}

// notInDocuments reports whether all that was done is to search the documents, by the agent that answers too, and nothing in them is about the question. What is then to be said needs no model, which would
// be tempted to know better.
func (c conversation) notInDocuments() bool {
	return len(c.results) > c.own && len(c.before) == 0 && c.condition() == nil && !slices.ContainsFunc(c.results, func(result callResult) bool {
		found, is := foundIn(result)
		return !is || found.Relevant
	})
}

// notThere says so, in the language of the question, and what was not looked at.
func (c conversation) notThere() string {
	wordsOnly, lost := false, 0
	for _, result := range c.results {
		if found, is := foundIn(result); is {
			wordsOnly, lost = wordsOnly || found.WordsOnly != "", max(lost, found.Lost)
		}
	}
	chinese := agents.InChinese(c.input.Question)
	said := []string{knowledge.NotThere + "."}
	if chinese {
		said[0] = "文件中没有相关内容。"
	}
	switch {
	case wordsOnly && chinese:
		said = append(said, "文件只按字词检索，没有按语义检索：换一种说法也许能找到。")
	case wordsOnly:
		said = append(said, "They were searched by their words alone, not by meaning: asked in other words, it may be found.")
	}
	switch {
	case lost > 0 && chinese:
		said = append(said, fmt.Sprintf("另有 %d 份文件的索引已丢失，未能检索。", lost))
	case lost > 0:
		said = append(said, "Not searched: "+wording.Counted(lost, "document")+" that the index has lost.")
	}
	if chinese {
		return strings.Join(said, "")
	}
	return strings.Join(said, " ")
}

// textsOfFound are what an answer may take from a search. The numbers of passages are not among them: they are no figures of a document.
func textsOfFound(found knowledge.Found) (texts []string) {
	for _, p := range found.Passages {
		texts = append(texts, p.Title, strings.Join(p.Section, "\n"), p.Text, cite.InDigits(p.Text))
		if p.Page > 0 {
			texts = append(texts, fmt.Sprintf("page %d", p.Page))
		}
	}
	return texts
}

// heardCitations puts what another agent has cited, and what it has not, into the result that its answer becomes.
func heardCitations(result *callResult, answered run.Result) {
	said, citations := cite.Said(answered.Answer), answered.Citations
	for _, sentences := range said {
		for index := range sentences {
			sentences[index] = supported(sentences[index], answered.Uncited)
		}
	}
	if answered.Nearest != nil { // of which nothing was said
		citations = append(slices.Clone(citations), *answered.Nearest)
	}
	for _, c := range citations {
		result.Cited = append(result.Cited, cite.Passage{Document: c.Document, Title: c.Title, Source: c.Source, Section: c.Section, Page: c.Page, Text: c.Quote, Said: said[c.Number]})
	}
	result.Uncited, result.Searched = answered.Uncited, hasSearched(answered)
	result.Stands = supported(cite.Unmarked(answered.Answer), answered.Uncited)
}

// hasSearched reports whether a run has searched the documents. Where it has found nothing its answer shows no sign of it.
func hasSearched(answered run.Result) bool {
	return slices.ContainsFunc(answered.Steps, func(step run.Step) bool {
		return slices.ContainsFunc(step.Calls, func(call run.CallReport) bool { return call.Tool == knowledge.Search && !call.Failed })
	})
}

// supported is a text without sentences, or pieces of them, that nothing stands behind.
func supported(text string, uncited []string) string {
	for _, said := range uncited {
		text = strings.ReplaceAll(text, said, "")
	}
	return text
}
