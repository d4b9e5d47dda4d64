package tools

import "slices"

// Fact is one thing that a write's Change may tell a policy. It is made by Number, Text or Truth.
type Fact struct {
	// Name has members with a dot: total, supplier.new.
	Name string
	// Kind is what JSON Schema calls it: number, string or boolean.
	Kind string
	// Words are all that a text may be; empty: any text.
	Words []string
}

// Number is a fact that is an int, int64 or float64.
func Number(name string) Fact { return Fact{Name: name, Kind: "number"} }

// Text is a fact that is a string: one of the words, if there are any. A policy that compares it with another word is refused at the start, so words are named only where
// there can be no others, as where the records check them.
func Text(name string, words ...string) Fact { return Fact{Name: name, Kind: "string", Words: words} }

// Truth is a fact that is a bool.
func Truth(name string) Fact { return Fact{Name: name, Kind: "boolean"} }

// may reports whether the fact can be the value. A type of its own is none of these, even one of strings: to the expression language it equals no string.
func (f Fact) may(value any) bool {
	switch v := value.(type) {
	case nil: // it says nothing, and a policy that speaks of it asks
		return true
	case int, int64, float64:
		return f.Kind == "number"
	case bool:
		return f.Kind == "boolean"
	case string:
		return f.Kind == "string" && (len(f.Words) == 0 || slices.Contains(f.Words, v))
	}
	return false
}
