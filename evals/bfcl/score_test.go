package bfcl

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rowOf is a row with one function f, whose parameters and gold are written as in the set.
func rowOf(t testing.TB, properties, required, gold string) Row {
	t.Helper()
	row, err := readRow(fmt.Appendf(nil, `{"id":"r","question":[[{"role":"user","content":"q"}]],"function":[{"name":"f","description":"d",
		"parameters":{"type":"dict","properties":%s,"required":%s}}]}`, properties, required))
	require.NoError(t, err)
	answers := map[string][]GoldCall{}
	require.NoError(t, readGold(fmt.Appendf(nil, `{"id":"r","ground_truth":[{"f":%s}]}`, gold), answers))
	row.Gold = answers["r"]
	return row
}

func TestAValueIsComparedByItsDeclaredType(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		declared, accepted string // of the parameter p
		right, wrong       []string
	}{
		"text without case, blanks and punctuation": {`{"type":"string"}`, `["New York, NY", "it's"]`,
			[]string{`"new york ny"`, `"NEW-YORK.NY"`, `"N.e_w^Yo*rk/NY"`, `"it\"s"`}, []string{`"new york"`, `"new york: ny"`, `5`, `null`, `["New York, NY"]`}},
		"a whole number": {`{"type":"integer"}`, `[5, 7]`, []string{`5`, `7`}, []string{`5.0`, `"5"`, `6`, `true`, `5e0`, `[5]`}},
		"a number may be whole": {`{"type":"float"}`, `[5.0, 0.25]`, []string{`5`, `5.0`, `5e0`, `0.25`, `2.5e-1`},
			[]string{`"5"`, `0.2`, `-5`, `true`}},
		"a truth value":            {`{"type":"boolean"}`, `[true]`, []string{`true`}, []string{`false`, `1`, `"true"`}},
		"any is text":              {`{"type":"any"}`, `["x"]`, []string{`"X"`}, []string{`1`, `{"x":1}`}},
		"a list in its order":      {`{"type":"array","items":{"type":"string"}}`, `[["a b","c"]]`, []string{`["A-B","c"]`}, []string{`["c","a b"]`, `["a b"]`, `"a b"`, `["a b","c","c"]`}},
		"no whole floats in lists": {`{"type":"array","items":{"type":"float"}}`, `[[1.0,2.5]]`, []string{`[1.0,2.5]`}, []string{`[1,2.5]`, `["1.0",2.5]`}},
		"whole floats in lists where gold has them": {`{"type":"array","items":{"type":"float"}}`, `[[1,2.5]]`, []string{`[1,2.5]`, `[1.0,2.5]`},
			[]string{`[1,2.6]`}},
		"a tuple is a list":   {`{"type":"tuple","items":{"type":"integer"}}`, `[[1,2]]`, []string{`[1,2]`}, []string{`[2,1]`, `[1.5,2]`}},
		"the second list":     {`{"type":"array","items":{"type":"integer"}}`, `[[1],[2,3]]`, []string{`[1]`, `[2,3]`}, []string{`[]`, `[1,2,3]`}},
		"an empty list is ''": {`{"type":"array","items":{"type":"integer"}}`, `["", [1]]`, []string{`[]`, `[1]`}, []string{`[2]`}},
		"an object by its keys": {`{"type":"dict","properties":{"a":{"type":"integer"},"b":{"type":"string"}}}`, `[{"a":[1,2],"b":["x",""]}]`,
			[]string{`{"a":1}`, `{"a":2,"b":"X"}`}, []string{`{"b":"x"}`, `{"a":3}`, `{"a":1,"c":1}`, `{"a":"1"}`, `[1]`, `{"a":1,"b":"y"}`}},
		"a list of objects": {`{"type":"array","items":{"type":"dict","properties":{"a":{"type":"integer"}}}}`, `[[{"a":[1]},{"a":[2,""]}]]`,
			[]string{`[{"a":1},{"a":2}]`, `[{"a":1},{}]`}, []string{`[{"a":2},{"a":1}]`, `[{"a":1}]`, `[{},{"a":2}]`, `[1,2]`}},
		"a variable's name, to the letter": {`{"type":"integer"}`, `["user_count"]`, []string{`"user_count"`}, []string{`"usercount"`, `5`}},
		"the declared type beside a variable's name": {`{"type":"array","items":{"type":"string"}}`, `["names", ["a b"]]`, []string{`"names"`, `["a b"]`},
			[]string{`["ab"]`, `"Names"`}},
		"nothing can be right": {`{"type":"string"}`, `[]`, nil, []string{`"x"`, `""`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := rowOf(t, `{"p":`+test.declared+`}`, `["p"]`, `{"p":`+test.accepted+`}`)
			for _, value := range test.right {
				assert.Empty(t, Score(row, []Call{{"f", json.RawMessage(`{"p":` + value + `}`)}}), value)
			}
			for _, value := range test.wrong {
				assert.NotEmpty(t, Score(row, []Call{{"f", json.RawMessage(`{"p":` + value + `}`)}}), value)
			}
		})
	}
}

func TestParametersAreRequiredOptionalOrUnexpected(t *testing.T) {
	t.Parallel()
	const properties = `{"a":{"type":"integer"},"b":{"type":"integer"},"c":{"type":"integer"},"d":{"type":"integer"}}`
	row := rowOf(t, properties, `["a","d"]`, `{"a":[1],"b":[2,""],"c":[3],"d":[4,""]}`)
	for arguments, wrong := range map[string]string{
		`{"a":1,"b":2,"c":3,"d":4}`: "",
		`{"a":1,"c":3,"d":4}`:       "",
		`{"b":2,"c":3,"d":4}`:       "a is missing",
		`{"a":1,"b":2,"d":4}`:       "c is missing", // gold wants it, though the function does not
		`{"a":1,"b":2,"c":3}`:       "d is missing", // required, though gold would do without
		`{"a":1,"b":9,"c":3,"d":4}`: "b is 9, which is not among the accepted values",
		`{"a":1,"c":3,"d":4,"e":5}`: "e is unexpected",
		`[1]`:                       "the arguments of f are no JSON object",
		`null`:                      "the arguments of f are no JSON object",
		`{"a":1,"c":3,"d":4} {}`:    "the arguments of f are no JSON object",
		``:                          "the arguments of f are no JSON object",
	} {
		assert.Equal(t, wrong, Score(row, []Call{{"f", json.RawMessage(arguments)}}), arguments)
	}
	row = rowOf(t, properties, `[]`, `{"a":[1]}`)
	assert.Equal(t, "b is unexpected", Score(row, []Call{{"f", json.RawMessage(`{"a":1,"b":2}`)}}), "declared, and not in gold")
}

func TestCallsAreCountedAndNamed(t *testing.T) {
	t.Parallel()
	row := rowOf(t, `{"p":{"type":"integer"}}`, `["p"]`, `{"p":[1]}`)
	call := func(name, value string) Call { return Call{name, json.RawMessage(`{"p":` + value + `}`)} }
	assert.Equal(t, "0 calls instead of 1", Score(row, nil))
	assert.Equal(t, "2 calls instead of 1", Score(row, []Call{call("f", "1"), call("f", "1")}))
	assert.Equal(t, "calls F instead of f", Score(row, []Call{call("F", "1")}))

	row.Gold = append(row.Gold, GoldCall{"f", map[string][]any{"p": {json.Number("2")}}})
	assert.Empty(t, Score(row, []Call{call("f", "2"), call("f", "1")}), "the order of several calls is free")
	assert.NotEmpty(t, Score(row, []Call{call("f", "1"), call("f", "1")}), "each gold call needs its own")
	row.Gold[1] = row.Gold[0]
	assert.NotEmpty(t, Score(row, []Call{call("f", "1"), call("f", "2")}), "one call answers one gold call")

	row.Gold = nil
	assert.Empty(t, Score(row, nil))
	assert.NotEmpty(t, Score(row, []Call{call("f", "1")}), "no function fits")
}

func FuzzScoreTakesWhateverAModelWrites(f *testing.F) {
	f.Add("f", `{"p":[{"a":1}],"q":"x"}`)
	f.Add("f", `{"p":null}`)
	f.Add("", `5.0`)
	f.Fuzz(func(t *testing.T, name, arguments string) {
		row := rowOf(t, `{"p":{"type":"array","items":{"type":"dict"}},"q":{"type":"float"}}`, `["p"]`, `{"p":[[{"a":[1]}],""],"q":["v",1.5]}`)
		call := Call{name, json.RawMessage(arguments)}
		if Score(row, []Call{call}) == "" && valid(row, call) != nil && name != "f" {
			t.Errorf("%s(%s) is right and not offered", name, arguments)
		}
	})
}
