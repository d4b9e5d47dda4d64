package bfcl

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	oneQuestion = `{"id":"a","question":[[{"role":"user","content":"q"}]],"function":[{"name":"m.f","description":"d","parameters":{"type":"dict","properties":{}}}]}`
	oneAnswer   = `{"id":"a","ground_truth":[{"m.f":{}}]}`
)

func folderOf(files map[string]string) fstest.MapFS {
	folder := fstest.MapFS{}
	for name, content := range files {
		folder[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return folder
}

func TestTheRowsThatShipAreRead(t *testing.T) {
	t.Parallel()
	categories, err := ReadFolder(os.DirFS("testdata"), nil)
	require.NoError(t, err)
	rows := map[string]int{}
	for _, category := range categories {
		rows[category.Name] = len(category.Rows)
		for _, row := range category.Rows {
			assert.Equal(t, strings.Contains(category.Name, "irrelevance"), len(row.Gold) == 0, row.ID)
		}
	}
	assert.Equal(t, map[string]int{"irrelevance": 3, "live_irrelevance": 2, "live_multiple": 2, "live_simple": 5, "multiple": 3, "simple_python": 4}, rows)
}

func TestUpstreamsFileNamesAreUnderstood(t *testing.T) {
	t.Parallel()
	categories, err := ReadFolder(folderOf(map[string]string{"BFCL_v4_multiple.json": oneQuestion, "possible_answer/BFCL_v4_multiple.json": oneAnswer}), nil)
	require.NoError(t, err)
	require.Len(t, categories, 1)
	assert.Equal(t, "multiple", categories[0].Name)
	assert.Equal(t, "m_f", categories[0].Rows[0].Functions[0].Name, "tool names hold no dots")
	assert.Equal(t, "m_f", categories[0].Rows[0].Gold[0].Name)
}

func TestAFolderThatIsWrongIsRefusedWithFileAndLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files      map[string]string
		categories []string
		says       string
	}{
		"nothing in it":     {map[string]string{"README.md": "x"}, nil, "holds no questions"},
		"unknown category":  {map[string]string{"a.jsonl": oneQuestion}, []string{"b"}, `no category "b"; the folder has a`},
		"no gold file":      {map[string]string{"a.jsonl": oneQuestion}, nil, "possible_answer/a.jsonl"},
		"no gold for a row": {map[string]string{"a.jsonl": oneQuestion, "possible_answer/a.jsonl": `{"id":"b","ground_truth":[{"f":{}}]}`}, nil, "no answer for the row a"},
		"not JSON":          {map[string]string{"irrelevance.jsonl": oneQuestion + "\n\n{"}, nil, "irrelevance.jsonl, line 3"},
		"several turns":     {map[string]string{"irrelevance.jsonl": `{"id":"a","question":[[{"role":"user"}],[{"role":"user"}]]}`}, nil, "2 turns"},
		"no turn":           {map[string]string{"irrelevance.jsonl": `{"id":"a"}`}, nil, "0 turns"},
		"two names in gold": {map[string]string{"a.jsonl": oneQuestion, "possible_answer/a.jsonl": `{"id":"a","ground_truth":[{"f":{},"g":{}}]}`}, nil, "names 2 functions"},
		"two functions of one name": {map[string]string{"irrelevance.jsonl": `{"id":"a","question":[[{"role":"user"}]],"function":[{"name":"a.b"},{"name":"a_b"}]}`}, nil,
			"two functions are named a_b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadFolder(folderOf(test.files), test.categories)
			assert.ErrorContains(t, err, test.says)
		})
	}
}

func FuzzARowIsReadOrRefused(f *testing.F) {
	f.Add(oneQuestion)
	f.Add(`{"id":"a","question":[[{"role":"user"}]],"function":[{"name":"f","parameters":{"type":"dict","properties":{"p":{"type":["a"]}}}}]}`)
	f.Add(`{"id":"a","question":[[{"role":"user"}]],"function":[{"name":"f","parameters":{"type":"dict","properties":{"p":null}}}]}`)
	f.Fuzz(func(t *testing.T, line string) {
		row, err := readRow([]byte(line))
		if err != nil {
			return
		}
		for _, function := range row.Functions {
			if function.Problem == "" && len(slices.Collect(maps.Keys(function.declared))) < len(function.required) {
				t.Errorf("%s requires more than it declares", function.Name)
			}
		}
	})
}
