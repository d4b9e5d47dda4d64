package sources

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// StatusError is that of a server which has answered with anything but the page.
type StatusError struct {
	Status int
	// Pause is how long the server wants to be left alone; 0 where it does not say.
	Pause time.Duration
}

// Error says what the status means for whoever has written the list.
func (e *StatusError) Error() string {
	advice := "open it in a browser, and take it out of the list if it is not there"
	switch {
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || e.Status == http.StatusProxyAuthRequired:
		advice = "pages behind a login are not fetched: download the file and add it"
	case e.Status == http.StatusNotFound || e.Status == http.StatusGone:
		advice = "correct the URL, or take it out of the list"
	case e.busy() && e.Pause > 0:
		advice = fmt.Sprintf("the server is busy and wants to be asked again in %s", e.Pause.Round(time.Second))
	case e.busy() || e.Status >= http.StatusInternalServerError:
		advice = "the server has trouble: try again later"
	}
	text := http.StatusText(e.Status)
	if text == "" {
		text = "unknown status"
	}
	return fmt.Sprintf("the server answers %d (%s); %s", e.Status, text, advice)
}

func (e *StatusError) busy() bool {
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable
}

// refused is the error of a response that is not the page, with when to ask again, if at all.
func refused(response *http.Response) error {
	wait, said := pause(response.Header)
	status := &StatusError{Status: response.StatusCode, Pause: wait}
	switch {
	case !status.busy() || wait > longestPause:
		return backoff.Permanent(status)
	case said:
		return errors.Join(status, &backoff.RetryAfterError{Duration: wait})
	default:
		return status
	}
}
