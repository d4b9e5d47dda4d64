package sources_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/internal/knowledge/sources"
)

// redialer sends whatever is to be looked up to one server.
type redialer struct{ address string }

func (r *redialer) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, r.address)
}

func netPort(port int) string { return strconv.Itoa(port) }

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func TestAPageIsFetchedWithTheNameThatItsTypeHas(t *testing.T) {
	t.Parallel()
	const word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	for _, test := range []struct{ path, kind, disposition, want string }{
		{"/handbook", "text/html; charset=utf-8", "", "handbook.html"},
		{"/handbook.php?page=2#top", "text/html", "", "handbook.php.html"},
		{"/", "text/html", "", "127.0.0.1.html"},
		{"/notes/", "text/markdown", "", "notes.md"},
		{"/raw/README.md", "text/plain; charset=utf-8", "", "README.md"},
		{"/raw/LICENSE", "text/plain", "", "LICENSE.txt"},
		{"/report.pdf", "application/octet-stream", "", "report.pdf"},
		{"/report.PDF", "application/pdf", "", "report.PDF"},
		{"/report.html", "application/pdf", "", "report.pdf"},
		{"/export?format=docx", word, `attachment; filename="Leave policy.docx"`, "Leave policy.docx"},
		{"/export", word, `attachment; filename="../../etc/passwd"`, "passwd.docx"},
		{"/export", "text/csv", `attachment; filename*=UTF-8''%E4%BB%B7%E6%A0%BC.csv`, "价格.csv"},
		{"/%E4%BB%B7%E6%A0%BC", "text/html", "", "价格.html"},
		{"/download", "application/octet-stream", "", "download"},
		{"/prices.tsv", "text/tab-separated-values", "", "prices.tsv"},
		{"/prices", "text/tab-separated-values; charset=utf-8", "", "prices.tsv"},
		{"/form", "application/vnd.ms-word.document.macroEnabled.12", "", "form.docm"},
		{"/budget.xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12", "", "budget.xlsm"},
		{"/policy.docx", "application/msword", "", "policy.docx"},
		{"/policy.doc", "application/msword", "", "policy.doc"},
		{"/export", "application/vnd.ms-excel", `attachment; filename="prices.csv"`, "prices.csv"},
		{"/policy.pdf", "application/force-download", "", "policy.pdf"},
		{"/policy.pdf", "application/x-something", "", "policy.pdf"},
		{"/slides.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "", "slides.pptx"},
		{"/login.pdf", "text/html", "", "login.html"},
		{"/a%00b.csv", "application/octet-stream", "", "127.0.0.1.csv"},
		{"/%B2%C6%CE%F1.docx", "application/x-something", "", "127.0.0.1.docx"},
		{"/a%0Ab", "text/html", "", "127.0.0.1.html"},
	} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "bestbox", r.Header.Get("User-Agent"))
			w.Header().Set("Content-Type", test.kind)
			if test.disposition != "" {
				w.Header().Set("Content-Disposition", test.disposition)
			}
			_, _ = w.Write([]byte("content"))
		})
		fetched, err := allowing(sources.Options{}).Fetch(t.Context(), server.URL+test.path)
		require.NoError(t, err, test.path)
		assert.Equal(t, test.want, fetched.Name)
		assert.Equal(t, test.kind, fetched.ContentType)
		assert.Equal(t, "content", string(fetched.Bytes))
		path, _, _ := strings.Cut(test.path, "#")
		assert.Equal(t, server.URL+path, fetched.URL)
	}
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	t.Parallel()
	for path, kind := range map[string]string{"/plan.png": "image/png", "/plan.pdf": "image/jpeg", "/data": "application/json", "/data.json": "application/json", "/song.mp3": "audio/mpeg"} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", kind) })
		_, err := allowing(sources.Options{}).Fetch(t.Context(), server.URL+path)
		require.ErrorContains(t, err, fmt.Sprintf("%s: it is %q, which is no document that can be read; take it out of the list", path, kind))
	}
}

func TestRedirectsAreFollowedFiveTimesAndOnlyToWhatMayBeFetched(t *testing.T) {
	t.Parallel()
	inner, connections := counting(t, "127.0.0.3:0", secret)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		left, _ := strconv.Atoi(r.URL.Query().Get("left"))
		if left == 0 {
			w.Header().Set("Content-Type", "text/html")
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/hop/page%d?left=%d", left, left-1), http.StatusMovedPermanently)
	})
	fetcher := allowing(sources.Options{})
	fetched, err := fetcher.Fetch(t.Context(), server.URL+"/?left=5")
	require.NoError(t, err)
	assert.Equal(t, server.URL+"/?left=5", fetched.URL)
	assert.Equal(t, server.URL+"/hop/page1?left=0", fetched.Final)
	assert.Equal(t, "page1.html", fetched.Name)
	for to, want := range map[string]string{
		server.URL + "/?left=6":           "it redirects more than 5 times",
		server.URL + "/?to=file:///etc":   "begins with neither http:// nor https://",
		server.URL + "/?to=gopher://x/":   "begins with neither http:// nor https://",
		server.URL + "/?to=//me:pw@x.com": "has a user name in it",
		server.URL + "/?to=" + inner.URL:  "its address 127.0.0.3 is not on the public internet",
	} {
		_, err := fetcher.Fetch(t.Context(), to)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "pw")
		assert.NotContains(t, err.Error(), "\n")
	}
	assert.Zero(t, connections.Load())
}

func TestARedirectMayNotLeaveEncryption(t *testing.T) {
	t.Parallel()
	plain := serve(t, secret)
	var to atomic.Value
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page" {
			_, _ = w.Write([]byte("safe"))
			return
		}
		http.Redirect(w, r, to.Load().(string), http.StatusFound)
	}))
	t.Cleanup(server.Close)
	fetcher := allowing(sources.Options{})
	_, err := fetcher.Fetch(t.Context(), server.URL)
	require.ErrorContains(t, err, "certificate")
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	fetcher.Trust(roots)
	to.Store(server.URL + "/page")
	fetched, err := fetcher.Fetch(t.Context(), server.URL)
	require.NoError(t, err)
	assert.Equal(t, "safe", string(fetched.Bytes))
	to.Store(plain.URL + "/?key=abc")
	_, err = fetcher.Fetch(t.Context(), server.URL)
	require.ErrorContains(t, err, "it redirects from https to http")
	assert.NotContains(t, err.Error(), "abc")
}

func TestMoreThanTheLimitIsNotTaken(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	var bomb bytes.Buffer
	packer := gzip.NewWriter(&bomb)
	for range 16 { // 16 MiB in 16 KiB
		_, err := packer.Write(make([]byte, 1<<20))
		require.NoError(t, err)
	}
	require.NoError(t, packer.Close())
	for name, handler := range map[string]http.HandlerFunc{
		"announced": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(limit+1))
		},
		"sent without end": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		},
		"unpacked": func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		},
	} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			handler(w, r)
		})
		_, err := allowing(sources.Options{MaximumBytes: limit}).Fetch(t.Context(), server.URL)
		require.ErrorIs(t, err, sources.ErrTooLarge, name)
		require.ErrorContains(t, err, "it has more than the 1048576 bytes that are accepted; raise knowledge.maximum_bytes, or take it out of the list")
	}
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(make([]byte, limit))
	})
	fetched, err := allowing(sources.Options{MaximumBytes: limit}).Fetch(t.Context(), server.URL)
	require.NoError(t, err)
	assert.Len(t, fetched.Bytes, limit)
}

func TestWhatIsPackedAsNobodyAskedForOrBreaksOffIsAnError(t *testing.T) {
	t.Parallel()
	for want, handler := range map[string]http.HandlerFunc{
		`it is packed as "br"`: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Encoding", "br") },
		"it broke off after 4 bytes: unexpected EOF": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("four"))
		},
	} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			handler(w, r)
		})
		_, err := allowing(sources.Options{}).Fetch(t.Context(), server.URL)
		require.ErrorContains(t, err, want)
	}
}

func TestASilentServerIsLeftAfterTheTimeout(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]bool{"before the head": false, "in the body": true} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if head {
				w.Header().Set("Content-Type", "text/html")
				w.WriteHeader(http.StatusOK)
				_, _ = w.Write([]byte("a"))
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		})
		began := time.Now()
		_, err := allowing(sources.Options{Timeout: 200 * time.Millisecond}).Fetch(t.Context(), server.URL)
		require.ErrorContains(t, err, "it has not answered in full within 200ms", name)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Less(t, time.Since(began), 10*time.Second)
	}
}

func TestWhoeverCancelsIsNotToldOfATimeout(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := allowing(sources.Options{}).Fetch(ctx, server.URL)
	require.ErrorIs(t, err, context.Canceled)

	soon, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	_, err = allowing(sources.Options{}).Fetch(soon, server.URL)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.NotContains(t, err.Error(), "it has not answered")
}

func TestAnswersThatAreNoPageSayWhatToDo(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		http.StatusUnauthorized:        "the server answers 401 (Unauthorized); pages behind a login are not fetched: download the file and add it",
		http.StatusForbidden:           "pages behind a login",
		http.StatusNotFound:            "the server answers 404 (Not Found); correct the URL, or take it out of the list",
		http.StatusGone:                "correct the URL",
		http.StatusInternalServerError: "the server has trouble: try again later",
		http.StatusNoContent:           "open it in a browser",
		http.StatusPartialContent:      "open it in a browser",
		http.StatusNotModified:         "open it in a browser",
		799:                            "the server answers 799 (unknown status)",
	} {
		var asked atomic.Int64
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(status)
		})
		_, err := allowing(sources.Options{}).Fetch(t.Context(), server.URL+"/page?key=secret")
		require.ErrorContains(t, err, "fetch "+server.URL+"/page?…: ")
		require.ErrorContains(t, err, want)
		var typed *sources.StatusError
		require.ErrorAs(t, err, &typed)
		assert.Equal(t, status, typed.Status)
		assert.EqualValues(t, 1, asked.Load(), "asking again does not help")
	}
}

func TestABusyServerIsAskedAgainWhenItWantsTo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, retryAfter string
		status, refusals int
		asked            int64
		want             string
	}{
		{"it has time", "0", http.StatusTooManyRequests, 2, 3, ""},
		{"it does not say when", "", http.StatusServiceUnavailable, 1, 2, ""},
		{"it says by date", "Thu, 01 Jan 1970 00:00:00 GMT", http.StatusServiceUnavailable, 1, 2, ""},
		{"it has never time", "0", http.StatusTooManyRequests, 9, 3, "the server answers 429 (Too Many Requests); the server has trouble: try again later"},
		{"it wants to be left alone for long", "60", http.StatusServiceUnavailable, 9, 1, "the server is busy and wants to be asked again in 1m0s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if int(asked.Add(1)) <= test.refusals {
					if test.retryAfter != "" {
						w.Header().Set("Retry-After", test.retryAfter)
					}
					w.WriteHeader(test.status)
					return
				}
				w.Header().Set("Content-Type", "text/html")
			})
			_, err := allowing(sources.Options{}).Fetch(t.Context(), server.URL)
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
			}
			assert.Equal(t, test.asked, asked.Load())
		})
	}
}

func TestTheWaitForABusyServerIsAsLongAsItWantsAndEndsWithTheContext(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/html")
	})
	began := time.Now()
	_, err := allowing(sources.Options{}).Fetch(t.Context(), server.URL)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(began), time.Second)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	busy := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "25")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	_, err = allowing(sources.Options{}).Fetch(ctx, busy.URL)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(began), 20*time.Second)
}

func TestAHostThatIsNotThereSaysSo(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	_, err = allowing(sources.Options{}).Fetch(t.Context(), "http://"+address+"/page?key=abc")
	require.ErrorContains(t, err, "connection refused")
	assert.NotContains(t, err.Error(), "abc")
	fetcher := allowing(sources.Options{})
	fetcher.Resolve(&net.Resolver{PreferGo: true, Dial: (&redialer{address}).dial})
	_, err = fetcher.Fetch(t.Context(), "http://nowhere.test/")
	require.ErrorContains(t, err, "the name of the host cannot be looked up")
}
