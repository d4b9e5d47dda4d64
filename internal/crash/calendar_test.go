package crash

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bestbox/internal/programs"
	"bestbox/internal/programtest"
)

// calendarServer is Radicale.
type calendarServer struct{ url, passwordFile string }

const calendarUser, calendarPassword = "bestbox", "secret"

func startCalendarServer(t *testing.T) calendarServer {
	t.Helper()
	folder := t.TempDir()
	port, err := programs.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprint("127.0.0.1:", port)
	users, settings := filepath.Join(folder, "users"), filepath.Join(folder, "settings")
	s := calendarServer{"http://" + address, filepath.Join(folder, "password")}
	written(t, s.passwordFile, calendarPassword+"\n")
	written(t, users, calendarUser+":"+calendarPassword+"\n")
	written(t, settings, "[auth]\ntype = htpasswd\nhtpasswd_filename = "+users+"\nhtpasswd_encryption = plain\ndelay = 0\n[rights]\ntype = authenticated\n[web]\ntype = none\n"+
		"[server]\nmax_connections = 50\n[storage]\nfilesystem_folder = "+filepath.Join(folder, "store")+"\n")
	program := filepath.Join(programtest.PythonPackage(t, "radicale==3.9.0"), "radicale")
	started(t, exec.Command(program, "--config", settings, "--hosts", address), address)
	return s
}

func written(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// make makes calendars below a folder of their own.
func (s calendarServer) make(t *testing.T, folder string, calendars ...string) {
	t.Helper()
	s.ask(t, "MKCOL", folder, http.StatusCreated)
	for _, calendar := range calendars {
		s.ask(t, "MKCALENDAR", path.Join(folder, calendar), http.StatusCreated)
	}
}

var uid = regexp.MustCompile(`(?m)^UID:(.*?)\r?$`)

// events are the UIDs of those in a calendar.
func (s calendarServer) events(t *testing.T, calendar string) (uids []string) {
	t.Helper()
	for _, found := range uid.FindAllStringSubmatch(s.ask(t, http.MethodGet, calendar, http.StatusOK), -1) {
		uids = append(uids, found[1])
	}
	return uids
}

func (s calendarServer) ask(t *testing.T, method, where string, want int) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+"/"+where+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(calendarUser, calendarPassword)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		t.Fatalf("%s %s: %s, %v, %s", method, where, response.Status, err, text)
	}
	return string(text)
}

// through returns the URL at which a worker reaches the calendars below a folder.
func (s calendarServer) through(t *testing.T, folder string, points *points) (url string) {
	t.Helper()
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		where := strings.Trim(strings.TrimPrefix(r.URL.Path, "/"+folder), "/")
		if strings.HasSuffix(where, ".ics") {
			where = path.Dir(where) // the rest comes from the key of the call
		}
		if !points.at("calendars: before %s %s", r.Method, where) {
			panic(http.ErrAbortHandler)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		request, err := http.NewRequestWithContext(r.Context(), r.Method, s.url+r.URL.EscapedPath(), bytes.NewReader(body))
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		request.Header = r.Header
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			panic(http.ErrAbortHandler) // the worker sees that the connection breaks off
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		if err != nil || !points.at("calendars: after %s %s", r.Method, where) {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), response.Header)
		w.WriteHeader(response.StatusCode)
		_, _ = w.Write(content)
	}))
	t.Cleanup(func() { listener.CloseClientConnections(); listener.Close() })
	return listener.URL + "/" + folder + "/"
}
