package agents

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"bestbox/internal/place"
)

// FileError says what is wrong in a file of an agent's folder. Line is 0 where the whole file is meant.
type FileError struct {
	File    string
	Line    int
	Problem string
	// cause is fs.ErrNotExist for a file that is missing, or nil.
	cause error
}

func (e *FileError) Error() string {
	return place.Named(e.File, e.Line) + ": " + e.Problem
}

// Unwrap tells a file that is missing from others.
func (e *FileError) Unwrap() error { return e.cause }

// files is one agent's folder.
type files struct {
	source Source
	folder string
}

// fileNames are all files of a folder that are read.
var fileNames = []string{settingsFile, promptFile, examplesFile, routingFile}

// missing says what to do where a file that must be there is not.
var missing = map[string]string{
	settingsFile: "write the agent's name and description into it",
	promptFile:   "write who the agent is into it, in a sentence or two",
}

func (f files) name(file string) string { return path.Join(f.source.Path, f.folder, file) }

// checkNames refuses files that look like an agent's and are not read: who misspells examples.yaml would wait for them in vain.
func (f files) checkNames() error {
	entries, err := fs.ReadDir(f.source.Files, f.folder)
	if err != nil {
		return fmt.Errorf("read %s: %w", f.name(""), err)
	}
	for _, entry := range entries {
		if slices.Contains([]string{".yaml", ".yml", ".csv"}, path.Ext(entry.Name())) && !slices.Contains(fileNames, entry.Name()) {
			return &FileError{File: f.name(entry.Name()), Problem: "it is not read; an agent's files are " + strings.Join(fileNames, ", ")}
		}
	}
	return nil
}

// largestFile is in bytes: many times what people write by hand.
const largestFile = 1 << 20

// byteOrderMark is what spreadsheets and some editors begin a file with.
const byteOrderMark = "\ufeff"

// read returns a file's text, without a mark at its beginning and with lines that end as everywhere else: the same words have one hash.
func (f files) read(file string) ([]byte, error) {
	name := path.Join(f.folder, file)
	found, err := fs.Stat(f.source.Files, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &FileError{File: f.name(file), Problem: "it is missing; " + missing[file], cause: fs.ErrNotExist}
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", f.name(file), err)
	case !found.Mode().IsRegular():
		return nil, &FileError{File: f.name(file), Problem: "it is no file; put a text file in its place"}
	case found.Size() > largestFile:
		return nil, &FileError{File: f.name(file), Problem: fmt.Sprintf("it has %d bytes; allowed: up to %d", found.Size(), largestFile)}
	}
	content, err := fs.ReadFile(f.source.Files, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.name(file), err)
	}
	content = bytes.ReplaceAll(bytes.TrimPrefix(content, []byte(byteOrderMark)), []byte("\r\n"), []byte("\n"))
	return content, f.checkText(file, content)
}

// checkText refuses what is no text: a model and the programs that show it would read something else in its place.
func (f files) checkText(file string, content []byte) error {
	for number, line := range bytes.Split(content, []byte("\n")) {
		problem := ""
		if at := bytes.IndexFunc(line, func(sign rune) bool { return unicode.IsControl(sign) && sign != '\t' }); at >= 0 {
			sign, _ := utf8.DecodeRune(line[at:])
			problem = fmt.Sprintf("it holds the character %U; take it out, or save the file as text in UTF-8", sign)
		}
		if !utf8.Valid(line) {
			problem = "it is no text in UTF-8; save it as UTF-8"
		}
		if problem != "" {
			return &FileError{File: f.name(file), Line: number + 1, Problem: problem}
		}
	}
	return nil
}

// at makes the error for a place in a YAML file, named by a path such as $.tools[2]. An agent that was defined in code has no file.
func (f files) at(file, where, problem string, arguments ...any) error {
	if f.source.Files == nil {
		return fmt.Errorf(problem, arguments...)
	}
	content, _ := f.read(file) // it was read before
	return &FileError{File: f.name(file), Line: place.Line(content, where), Problem: fmt.Sprintf(problem, arguments...)}
}

// yaml decodes a file, whose keys are named to who has misspelt one. It reports whether anything is written there: if not, nothing is decoded.
func (f files) yaml(file string, into any, keys string) (bool, error) {
	content, err := f.read(file)
	if err != nil {
		return false, err
	}
	written := 0
	if parsed, err := parser.ParseBytes(content, 0); err == nil { // what is wrong is told by the decoder
		for _, document := range parsed.Docs {
			if document.Body == nil || document.Body.Type() == ast.NullType || document.Body.Type() == ast.CommentType {
				continue
			}
			if written++; written > 1 {
				return false, &FileError{File: f.name(file), Line: place.FirstLine(document.Body), Problem: "it holds a second document, which would not be read; allowed: one"}
			}
		}
		if written == 0 {
			return false, nil
		}
	}
	if err := yaml.UnmarshalWithOptions(content, into, yaml.Strict()); err != nil {
		line := 0
		if coded, ok := errors.AsType[yaml.Error](err); ok && coded.GetToken() != nil {
			line = coded.GetToken().Position.Line
		}
		return false, &FileError{File: f.name(file), Line: line, Problem: yamlProblem(err, keys)}
	}
	return true, nil
}

// yamlProblem shows the place in the file and says what may stand there.
func yamlProblem(err error, keys string) string {
	if wrong, ok := errors.AsType[*yaml.TypeError](err); ok {
		return yaml.FormatErrorWithToken(fmt.Sprintf("it is %s; allowed: %s", kind(wrong.SrcType), kind(wrong.DstType)), wrong.Token, false, true)
	}
	if wrong, ok := errors.AsType[*yaml.UnexpectedNodeTypeError](err); ok {
		return yaml.FormatErrorWithToken(fmt.Sprintf("it is %s; allowed: %s", nodeKind(wrong.Actual), nodeKind(wrong.Expected)), wrong.Token, false, true)
	}
	if unknown, ok := errors.AsType[*yaml.UnknownFieldError](err); ok && keys != "" {
		return yaml.FormatErrorWithToken(unknown.Message+"; allowed: "+keys, unknown.Token, false, true)
	}
	return yaml.FormatError(err, false, true)
}

// What stands in a YAML file, in words.
const (
	aText   = "a text"
	aNumber = "a whole number"
	aList   = "a list"
	aMap    = "keys with values"
)

var kinds = map[reflect.Kind]string{
	reflect.String: aText, reflect.Int: aNumber, reflect.Int64: aNumber, reflect.Uint64: aNumber, reflect.Slice: aList, reflect.Map: aMap, reflect.Struct: aMap,
}

func kind(of reflect.Type) string { return cmp.Or(kinds[of.Kind()], of.String()) }

var nodeKinds = map[ast.NodeType]string{
	ast.StringType: aText, ast.LiteralType: aText, ast.IntegerType: aNumber, ast.SequenceType: aList, ast.MappingType: aMap,
}

func nodeKind(of ast.NodeType) string { return cmp.Or(nodeKinds[of], of.String()) }

// routing reads the questions that are the agent's own: the first column of a CSV file with a heading.
func (f files) routing() (questions []string, err error) {
	content, err := f.read(routingFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	reader := csv.NewReader(bytes.NewReader(content))
	reader.FieldsPerRecord = -1
	heading, err := reader.Read()
	if err != nil || heading[0] != "text" {
		return nil, &FileError{File: f.name(routingFile), Line: 1, Problem: "the first line must be the heading, whose first column is text"}
	}
	lines := map[string]int{}
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return questions, nil
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, &FileError{File: f.name(routingFile), Line: wrong.Line,
				Problem: wrong.Err.Error() + "; write a text that holds quotation marks in quotation marks, and each of its own twice"}
		}
		line, _ := reader.FieldPos(0)
		if problem := rowProblem(row, len(heading), lines[row[0]]); problem != "" {
			return nil, &FileError{File: f.name(routingFile), Line: line, Problem: problem}
		}
		lines[row[0]] = line
		questions = append(questions, row[0])
	}
}

// rowProblem says what is wrong with a question for the router, which stands in an earlier line or in none (0).
func rowProblem(row []string, columns, earlier int) string {
	switch {
	case len(row) > columns:
		return fmt.Sprintf("it has %d columns and the heading %d; write a text that holds a comma in quotation marks", len(row), columns)
	case strings.TrimSpace(row[0]) == "":
		return "the question is empty; write one, or take the line out"
	case earlier > 0:
		return fmt.Sprintf("the question stands in line %d already; take one of them out", earlier)
	}
	return ""
}
