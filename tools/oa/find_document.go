package oa

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"bestbox/tools"
	"bestbox/tools/wording"
)

var findDocumentDefinition = tools.Definition{
	Name: "find_document",
	Description: "The list of the company's documents by words and kind, with where they lie and whose they are: forms, templates, policies, manuals, reports. " +
		"Use it to find a form, a template or another document itself.",
	Effect: tools.Read, Outsiders: true,
}

// FindDocumentArguments are the arguments of find_document.
type FindDocumentArguments struct {
	spellings
	Words      string     `json:"words,omitempty" jsonschema:"maxLength=100,example=travel policy" jsonschema_description:"A few words of the title or the content."`
	Kind       string     `json:"kind,omitempty" jsonschema:"enum=policy,enum=template,enum=form,enum=manual,enum=report,enum=minutes,enum=memo" jsonschema_extras:"x-words=policy:policy|policies|rule|rules|regulation|制度|规定|政策|规则;template:template|templates|模板;form:form|forms|表|表格|申请表|单;manual:manual|guide|handbook|instructions|手册|指南|说明;report:report|reports|报告;minutes:minutes|纪要|会议记录;memo:memo|memos|备忘|通知"`
	DocumentID documentID `json:"document_id,omitempty" jsonschema_description:"This document."`
	Limit      int        `json:"limit,omitempty" jsonschema:"minimum=1,maximum=6" jsonschema_extras:"x-number=named" jsonschema_description:"How many documents to list. Without it: 5."`
	tools.Paged
}

const (
	defaultDocuments = 5
	summaryLength    = 260
)

// Documents are the documents found.
type Documents struct {
	tools.Part
	Note      string     `json:"note,omitempty"`
	Asked     string     `json:"asked"`
	Count     int        `json:"count"`
	AllWords  bool       `json:"all_words"` // false: the documents hold only some of the words
	Documents []Document `json:"documents"`
	More      int        `json:"more,omitempty"`
	chinese   bool       // the words are
}

// Document is a document of the company.
type Document struct {
	ID         string `json:"document_id"`
	Title      string `json:"title"`
	TitleLocal string `json:"title_local"`
	Kind       string `json:"kind"`
	Path       string `json:"path"`
	Summary    string `json:"summary"`
	Owner      Person `json:"owner"`
	UpdatedOn  string `json:"updated_on"`
	local      string // the summary in Chinese
}

func (s store) findDocument(ctx context.Context, in FindDocumentArguments) (*Documents, error) {
	out := &Documents{Documents: []Document{}, chinese: strings.ContainsFunc(in.Words, func(r rune) bool { return unicode.Is(unicode.Han, r) })}
	if in.Kind != "" {
		out.Asked = " of the kind " + in.Kind
	}
	if in.Words != "" {
		out.Asked += fmt.Sprintf(" about “%s”", oneLine(in.Words, wordsLength))
	}
	err := s.read(ctx, func(b *books) error {
		all, err := b.documents(in)
		if err != nil {
			return err
		}
		if in.DocumentID != "" && len(all) == 0 {
			out.Note = fmt.Sprintf("There is no valid document %s; find_document without arguments lists all.", in.DocumentID)
			return nil
		}
		all, out.AllWords = best(all, newNeedle(in.Words), func(d Document) string {
			return strings.Join([]string{d.Title, d.TitleLocal, d.Kind, d.Summary, d.local}, "\n")
		})
		// What is in the title is meant sooner than what is only in the content.
		if titled, whole := best(all, newNeedle(in.Words), func(d Document) string { return d.Title + "\n" + d.TitleLocal }); whole && out.AllWords {
			all = titled
		}
		limit := in.Limit
		if limit == 0 {
			limit = defaultDocuments
		}
		out.Count = len(all)
		shown, part, err := tools.Cut(all, out.Count, limit, in.Paged)
		if err != nil {
			return err
		}
		out.Documents, out.Part, out.More = append(out.Documents, shown...), part, part.Rest()
		return nil
	})
	return out, err
}

func (b *books) documents(in FindDocumentArguments) (all []Document, err error) {
	const query = `SELECT d.id, d.title, d.title_local, d.kind, d.path, d.summary, d.summary_local, d.updated_on, e.id, e.name
		FROM company_documents d JOIN employees e ON e.id = d.owner_id
		WHERE d.status = 'valid' AND (?1 = '' OR d.kind = ?1) AND (?2 = '' OR d.id = ?2) ORDER BY d.id`
	err = b.Each(query, []any{in.Kind, string(in.DocumentID)}, func(scan func(...any) error) error {
		var d Document
		if err := scan(&d.ID, &d.Title, &d.TitleLocal, &d.Kind, &d.Path, &d.Summary, &d.local, &d.UpdatedOn, &d.Owner.ID, &d.Owner.Name); err != nil {
			return err
		}
		all = append(all, d)
		return nil
	})
	return all, err
}

// Sentences implements tools.Outcome.
func (o *Documents) Sentences() []string {
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.Count == 0:
		return []string{fmt.Sprintf("There is no document%s.", o.Asked)}
	}
	head := fmt.Sprintf("There are %s%s.", wording.Counted(o.Count, "document"), o.Asked)
	if o.Count == 1 {
		head = fmt.Sprintf("There is 1 document%s.", o.Asked)
	}
	if !o.AllWords {
		head = fmt.Sprintf("No document holds all of the words “%s”; these hold some of them.", strings.TrimSuffix(strings.SplitN(o.Asked, "“", 2)[1], "”"))
	}
	if o.Later() {
		head += fmt.Sprintf(" This is page %d of %d.", o.Page, o.Pages)
	}
	sentences := []string{head}
	for _, d := range o.Documents {
		title, summary := d.Title, d.Summary
		if o.chinese && d.TitleLocal != "" {
			title, summary = d.TitleLocal, d.local
		}
		sentence := fmt.Sprintf("%s, %s: %s.", wording.Named(d.ID, title), d.Path, wording.Quoted(strings.TrimRight(summary, ".。"), summaryLength))
		if o.Count == 1 {
			sentence += fmt.Sprintf(" It belongs to %s and is of %s.", d.Owner, d.UpdatedOn)
		}
		sentences = append(sentences, sentence)
	}
	if o.More > 0 {
		sentences = append(sentences, fmt.Sprintf("And %d more, ask with %s.", o.More, o.With("words or a kind")))
	}
	return sentences
}
