package workbench

import (
	"encoding/json"
	"os"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnswersAreReadAsPythonReadsThem(t *testing.T) {
	t.Parallel()
	for text, wanted := range map[string][]Call{
		`[]`: {},
		`['email.delete_email.func(email_id="00000479")']`: {{"email_delete_email", json.RawMessage(`{"email_id":"00000479"}`)}},
		`["a.b(c='d')", 'a.e.func()']`:                     {{"a_b", json.RawMessage(`{"c":"d"}`)}, {"a_e", json.RawMessage(`{}`)}},
		`['a.b(c="I\'ve", d="x, y)")']`:                    {{"a_b", json.RawMessage(`{"c":"I've","d":"x, y)"}`)}},
		`['a.b(c="one\\n\\ntwo")']`:                        {{"a_b", json.RawMessage(`{"c":"one\n\ntwo"}`)}},
		`['a.b(c="\\"", d="\\\\")']`:                       {{"a_b", json.RawMessage(`{"c":"\"","d":"\\"}`)}},
	} {
		calls, err := parseCalls(text)
		require.NoError(t, err, text)
		assert.Equal(t, wanted, calls, text)
	}
	for _, text := range []string{``, `[`, `['a.b()'`, `['a.b()' 'a.c()']`, `['a.b(c="d)']`, `['a.b(c)']`, `['b()']`, `['a.b(c=5)']`, `[] x`, `['a.b() x']`,
		`['a.b(c="\\x41")']`, `['a.b(c="d" e="f")']`, `['\`} {
		_, err := parseCalls(text)
		assert.Error(t, err, text)
	}
}

func FuzzAnswersAreReadOrRefused(f *testing.F) {
	f.Add(`['email.send_email.func(recipient="a@b.c", body="x\\ny")', "a.b()"]`)
	f.Add(`['\`)
	f.Fuzz(func(t *testing.T, text string) {
		calls, err := parseCalls(text)
		for _, call := range calls {
			if err == nil && !json.Valid(call.Arguments) {
				t.Errorf("%q gives the arguments %s", text, call.Arguments)
			}
		}
	})
}

func TestAFolderThatIsWrongIsRefused(t *testing.T) {
	t.Parallel()
	const tasks = "queries_and_answers/email_queries_and_answers.csv"
	read := func(name, content string, domains ...string) error {
		_, err := ReadTasks(fstest.MapFS{name: &fstest.MapFile{Data: []byte(content)}}, domains)
		return err
	}
	require.ErrorContains(t, read("x", ""), "queries_and_answers")
	require.ErrorContains(t, read("queries_and_answers/dance_queries_and_answers.csv", ""), `no tools for the domain "dance"`)
	require.ErrorContains(t, read(tasks, "query,answer\n"), "base_template")
	require.ErrorContains(t, read(tasks, "query,answer,base_template\nq,[],t\nq,nonsense,t\n"), "task 2")
	require.ErrorContains(t, read(tasks, "query,answer,base_template\n", "calendar"), `no tasks of the domain "calendar"; the folder has email`)

	_, err := ReadWorld(fstest.MapFS{})
	require.ErrorContains(t, err, "calendar_events.csv")
	_, err = ReadWorld(fstest.MapFS{"sandbox/calendar_events.csv": &fstest.MapFile{Data: []byte("event_id,name\n")}})
	require.ErrorContains(t, err, "the first line must name the columns event_id, event_name")
	_, err = ReadWorld(fstest.MapFS{"sandbox/calendar_events.csv": &fstest.MapFile{Data: []byte("event_id,event_name\na\n")}})
	require.ErrorContains(t, err, "wrong number of fields")
}

// shipped are the tables and tasks of testdata.
func shipped(t testing.TB) (*World, []Task) {
	t.Helper()
	world, err := ReadWorld(os.DirFS("testdata"))
	require.NoError(t, err)
	tasks, err := ReadTasks(os.DirFS("testdata"), nil)
	require.NoError(t, err)
	return world, tasks
}
