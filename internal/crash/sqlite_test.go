package crash

import (
	"bufio"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// stopsSQLite returns the socket at which a worker asks before it changes a row or commits.
func stopsSQLite(t *testing.T, folder string, points *points) (path string) {
	t.Helper()
	path = filepath.Join(folder, "stops")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			go func() {
				defer connection.Close()
				changing := &transaction{points: points}
				for lines := bufio.NewScanner(connection); lines.Scan(); {
					file, what, _ := strings.Cut(lines.Text(), " ")
					changing.store = strings.TrimSuffix(file, ".db")
					if !changing.at(what) {
						return
					}
					if what == commit {
						changing.changes = nil
					}
					if _, err := connection.Write([]byte("go on\n")); err != nil {
						return
					}
				}
			}()
		}
	}()
	return path
}
