package trigger

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"bestbox/internal/access"
	"bestbox/workflows/run"
)

// callerKey is where the user of a request stands in its context.
type callerKey struct{}

// caller is who has sent a request.
func caller(ctx context.Context) access.User {
	user, _ := ctx.Value(callerKey{}).(access.User) // requireKey has put it there, or has refused the request
	return user
}

// requireKey finds out who sends a request. With a file of users it is the one whose key comes with it; without, everybody who knows the one key
// is the local user. Health checks and the API's description are open: they hold nothing of the company.
func (t *trigger) requireKey(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			key = ""
		}
		user, known := t.userOf(key)
		if !known && !open(r.URL.Path) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="bestbox"`)
			writeProblem(w, problem(http.StatusUnauthorized, "the API key is missing or wrong; send it as \"Authorization: Bearer KEY\""))
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, user)))
	})
}

func (t *trigger) userOf(key string) (access.User, bool) {
	if !t.Users.Local() {
		return t.Users.ByKey(key)
	}
	user, _ := t.Users.Find("") // the local user is always there
	if t.APIKey == "" {
		return user, true
	}
	want, got := sha256.Sum256([]byte(t.APIKey)), sha256.Sum256([]byte(key)) // of equal length, so that the comparison's time tells nothing
	return user, subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// userID is how a run names its user: not at all where there is only the local one.
func (t *trigger) userID(user access.User) string {
	if t.Users.Local() {
		return ""
	}
	return user.ID
}

// maySee is nil where the caller may look at a run. To others it does not exist: they learn nothing of it.
func (t *trigger) maySee(ctx context.Context, id string, asked run.Input) error {
	asker, err := t.Users.Find(asked.User)
	if err == nil {
		err = caller(ctx).MaySee(asker)
	}
	if err != nil {
		return t.unknownRun(id)
	}
	return nil
}

// visible is nil where there is such a run and the caller may look at it.
func (t *trigger) visible(ctx context.Context, id string) error {
	found, err := t.describe(ctx, id)
	if err != nil {
		return err
	}
	asked, err := t.input(ctx, id, found.GetExecution().GetRunId())
	if err != nil {
		return t.fromTemporal(ctx, "read the question of a run", id, err)
	}
	return t.maySee(ctx, id, asked)
}

func notAllowed(err error) error { return problem(http.StatusForbidden, err.Error()) }
