// Package stops lets a test stop a worker inside a transaction of SQLite, where nothing from outside can see how far it has come. No program that is shipped
// imports it: the tests of internal/crash build a worker that does.
//
// Before each change of a row, and before each commit, the worker writes a line to the socket that Variable names, and goes on when it has got one back.
package stops

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Variable holds the path of the socket at which the test listens.
const Variable = "BESTBOX_TEST_STOPS"

func init() {
	if path := os.Getenv(Variable); path != "" {
		sqlite.RegisterConnectionHook(func(connection sqlite.ExecQuerierContext, name string) error {
			hooks, can := connection.(sqlite.HookRegisterer)
			if !can {
				return fmt.Errorf("%T has no hooks", connection)
			}
			return register(hooks, path, name)
		})
	}
}

var operations = map[int32]string{sqlite3.SQLITE_INSERT: "INSERT", sqlite3.SQLITE_UPDATE: "UPDATE", sqlite3.SQLITE_DELETE: "DELETE"}

// register gives a connection to a database the hooks that ask the test.
func register(hooks sqlite.HookRegisterer, path, name string) error {
	address, err := url.Parse(name)
	if err != nil {
		return err
	}
	asking, err := (&net.Dialer{}).DialContext(context.Background(), "unix", path)
	if err != nil {
		return err
	}
	answers := bufio.NewReader(asking)
	file := filepath.Base(address.Path)
	var one sync.Mutex
	stop := func(what string) {
		one.Lock()
		defer one.Unlock()
		fmt.Fprintf(asking, "%s %s\n", file, what)
		_, _ = answers.ReadString('\n') // a test that has gone has killed this process, or is about to
	}
	hooks.RegisterPreUpdateHook(func(change sqlite.SQLitePreUpdateData) { stop(operations[change.Op] + " " + change.TableName) })
	hooks.RegisterCommitHook(func() int32 { stop("COMMIT"); return 0 })
	return nil
}
