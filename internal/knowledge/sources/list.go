package sources

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maximumURL is how long a URL may be, in bytes: the least that RFC 9110 wants every server to understand.
const maximumURL = 8000

// maximumURLs is how many a list may have. They are fetched one after the other.
const maximumURLs = 10_000

// ReadList returns the URLs of a list: a text with one on each line. Empty lines, and what follows a # at the beginning of a line or after a blank, are left out; of a URL
// that comes twice, the first counts. The error names every line that is no http or https URL.
func ReadList(data []byte) ([]string, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("the list is no UTF-8 text; save it as UTF-8")
	}
	var urls []string
	var problems []error
	seen := map[string]bool{}
	number := 0
	for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\uFEFF"))) {
		number++
		text := strings.TrimSpace(withoutComment(string(line)))
		if text == "" {
			continue
		}
		parsed, err := readURL(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		if text = parsed.String(); !seen[text] {
			seen[text] = true
			urls = append(urls, text)
		}
	}
	if len(urls) > maximumURLs {
		problems = append(problems, fmt.Errorf("the list has %d URLs, and %d are accepted; split it", len(urls), maximumURLs))
	}
	return urls, errors.Join(problems...)
}

func withoutComment(line string) string {
	blank := true
	for index, r := range line {
		if r == '#' && blank {
			return line[:index]
		}
		blank = unicode.IsSpace(r)
	}
	return line
}

// readURL reads a URL that may be fetched. Its fragment goes, since servers never see it.
func readURL(text string) (*url.URL, error) {
	if len(text) > maximumURL {
		return nil, fmt.Errorf("the URL is longer than %d bytes", maximumURL)
	}
	parsed, err := url.Parse(text)
	if reason, ok := errors.AsType[*url.Error](err); ok {
		err = reason.Err // without the URL, in which a password may stand
	}
	if err != nil {
		return nil, fmt.Errorf("no URL: %w; write one such as https://example.com/handbook.html", err)
	}
	return parsed, permittedURL(parsed)
}

// permittedURL says why a URL is not fetched.
func permittedURL(u *url.URL) error {
	port := u.Port()
	number, err := strconv.Atoi(port)
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%s begins with neither http:// nor https://; only those are fetched", shown(u))
	case u.Hostname() == "":
		return fmt.Errorf("%s names no host; write one such as https://example.com/handbook.html", shown(u))
	case u.User != nil:
		return fmt.Errorf("%s has a user name in it; pages behind a login are not fetched: download the file and add it", shown(u))
	case port != "" && (err != nil || number < 1 || number > 65535):
		return fmt.Errorf("%s has a port that is not from 1 to 65535", shown(u))
	}
	u.Fragment, u.RawFragment = "", ""
	return nil
}

// shown is a URL as it stands in errors: without a user's name and what follows the ?, where keys tend to stand.
func shown(u *url.URL) string {
	short := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath, Opaque: u.Opaque}
	if u.RawQuery == "" {
		return short.String()
	}
	return short.String() + "?…"
}
