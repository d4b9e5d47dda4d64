package bfcl

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func functionOf(parameters string) Function {
	return newFunction(functionDefinition{Name: "a.f", Description: "Does it.", Parameters: json.RawMessage(parameters)})
}

func TestPythonsTypesBecomeJSONSchemaInTheirOrder(t *testing.T) {
	t.Parallel()
	function := functionOf(`{"type":"dict","required":["z"],"properties":{"z":{"type":"float","description":"Z."},"a":{"type":"tuple","items":{"type":"any"}},
		"m":{"type":"dict","properties":{"k":{"type":"array","items":{"type":"dict","properties":{"q":{"type":"integer","enum":[1,2]}}}}}},
		"free":{"type":"dict"}}}`)
	require.Empty(t, function.Problem)
	wanted := `{"properties":{"z":{"type":"number","description":"Z."},"a":{"items":{"type":"string"},"type":"array"},` +
		`"m":{"properties":{"k":{"items":{"properties":{"q":{"type":"integer","enum":[1,2]}},"additionalProperties":false,"type":"object"},"type":"array"}},` +
		`"additionalProperties":false,"type":"object"},"free":{"type":"object"}},"additionalProperties":false,"type":"object","required":["z"]}`
	assert.Equal(t, wanted, string(function.text), "to the byte: a model writes the arguments in this order")
	assert.Equal(t, "- a_f: Does it.\n"+
		"    z (number): Z.\n"+
		"    a (list of string, optional)\n"+
		"    m (object, optional)\n"+
		"        k (list of object, optional)\n"+
		"            q (integer, one of 1, 2, optional)\n"+
		"    free (object, optional)\n", function.describe())
}

func TestWhatIsNoSchemaIsReported(t *testing.T) {
	t.Parallel()
	for parameters, says := range map[string]string{
		`{"type":"dict","properties":{"p":{"type":"hashmap"}}}`:                      `p: type "hashmap"`,
		`{"type":"dict","properties":{"p":{"type":"array","items":{"type":"set"}}}}`: `items: type "set"`,
		`{"type":"dict","properties":{"p":{"description":"no type"}}}`:               `p: type ""`,
		`{"type":"string"}`: "wanted is an object",
		`{"type":"dict","properties":{},"required":["p"]}`:                                             `"p" is required and not declared`,
		`{"type":"dict","properties":{"p":{"type":["string","integer"]}}}`:                             "cannot unmarshal",
		`{"type":"dict","properties":{"p":{"type":"dict","properties":{"q":{"type":"linked list"}}}}}`: `p: q: type "linked list"`,
		``: "the parameters of a.f",
	} {
		assert.Contains(t, functionOf(parameters).Problem, says, parameters)
	}
}

func TestACallIsHeldAgainstItsSchema(t *testing.T) {
	t.Parallel()
	row := Row{Functions: []Function{functionOf(`{"type":"dict","required":["n"],"properties":{"n":{"type":"integer"},"s":{"type":"string","enum":["x","y"]}}}`)}}
	for arguments, fits := range map[string]bool{
		`{"n":1}`: true, `{"n":1,"s":"y"}`: true, `{"s":"x"}`: false, `{"n":"1"}`: false, `{"n":1.5}`: false, `{"n":1,"s":"z"}`: false, `{"n":1,"q":2}`: false, `{`: false,
	} {
		err := valid(row, Call{"a_f", json.RawMessage(arguments)})
		assert.Equal(t, fits, err == nil, "%s: %v", arguments, err)
	}
	assert.ErrorContains(t, valid(row, Call{"a.f", json.RawMessage(`{"n":1}`)}), "not offered")
}

func TestEveryShippedRowHasAGrammarOfItsFunctions(t *testing.T) {
	t.Parallel()
	categories, err := ReadFolder(os.DirFS("testdata"), nil)
	require.NoError(t, err)
	for _, category := range categories {
		for _, row := range category.Rows {
			schema, err := decisionSchema(row)
			require.NoError(t, err)
			for _, function := range row.Functions {
				require.Empty(t, function.Problem)
				assert.Contains(t, string(schema), `{"tool":{"const":"`+function.Name+`"},"arguments":`+string(function.text), "the tool's name is written first")
				assert.Contains(t, requestText(row), function.Name+": ")
			}
			for _, word := range []string{`"dict"`, `"float"`, `"tuple"`, `"any"`} {
				assert.NotContains(t, string(schema), `"type":`+word)
			}
		}
	}
}

func TestTheWorkedExamplesAreRightAndBelongToNoSet(t *testing.T) {
	t.Parallel()
	messages, err := workedExamples()
	require.NoError(t, err)
	assert.Len(t, messages, 1+2*strings.Count(string(examples), "\n"))
	for line := range strings.Lines(string(examples)) {
		row, err := readRow([]byte(line))
		require.NoError(t, err)
		var shown struct {
			Calls []struct {
				Tool      string
				Arguments json.RawMessage
			}
		}
		require.NoError(t, json.Unmarshal([]byte(line), &shown))
		for _, call := range shown.Calls {
			require.NoError(t, valid(row, Call{call.Tool, call.Arguments}), "a model copies what it sees")
		}
	}
}

func TestACallIsHandedOverWithoutWhatSaysNothing(t *testing.T) {
	t.Parallel()
	row := rowOf(t, `{"city":{"type":"string"},"at":{"type":"array","items":{"type":"float"}},"days":{"type":"array","items":{"type":"integer"}},"with":{"type":"dict"},"note":{"type":"string"}}`,
		`["city"]`, `{}`)
	name := row.Functions[0].Name
	for written, want := range map[string]string{
		`{"city":"Oslo","note":"null"}`:                  `{"city":"Oslo"}`,
		`{"city":"Oslo","note":"","at":[],"with":{}}`:    `{"city":"Oslo"}`,
		`{"city":"Oslo","note":null}`:                    `{"city":"Oslo"}`,
		`{"city":""}`:                                    `{"city":""}`, // it is needed
		`{"city":"Oslo","note":"nullable"}`:              `{"city":"Oslo","note":"nullable"}`,
		`{"city":"Oslo","at":[1,2.5],"days":[1,2]}`:      `{"at":[1.0,2.5],"city":"Oslo","days":[1,2]}`,
		`{"city":"Oslo","with":{"a":""},"days":[false]}`: `{"city":"Oslo","days":[false],"with":{"a":""}}`,
		`no JSON`: `no JSON`,
	} {
		got := settled(row, Call{Name: name, Arguments: json.RawMessage(written)})
		assert.Equal(t, want, string(got.Arguments))
	}
	unknown := Call{Name: "unknown", Arguments: json.RawMessage(`{"note":""}`)}
	assert.Equal(t, unknown, settled(row, unknown))
}
