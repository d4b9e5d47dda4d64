package sources

import (
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// extensions are those of the media types that documents have.
var extensions = map[string]string{
	"text/html":             ".html",
	"application/xhtml+xml": ".html",
	"text/markdown":         ".md",
	"text/x-markdown":       ".md",
	"text/csv":              ".csv",
	"application/csv":       ".csv",
	"application/pdf":       ".pdf",
	"application/x-pdf":     ".pdf",
	"message/rfc822":        ".eml",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       ".xlsx",
}

// vague are media types that servers also give where they do not know better, with the extension that stands for them if the name has none.
var vague = map[string]string{"": "", "text/plain": ".txt", "application/octet-stream": "", "binary/octet-stream": "", "application/zip": "", "application/x-zip-compressed": ""}

// nameOf is the name of a file for what was fetched, with the extension that its media type has: the path of a page seldom ends with one. ok is false for types that no
// document has, such as pictures.
func nameOf(u *url.URL, header http.Header) (name string, ok bool) {
	name = path.Base(u.Path)
	if name == "/" || name == "." {
		name = u.Hostname()
	}
	if _, parameters, err := mime.ParseMediaType(header.Get("Content-Disposition")); err == nil && clean(parameters["filename"]) != "" {
		name = clean(parameters["filename"])
	}
	kind := mediaType(header)
	current := strings.ToLower(path.Ext(name))
	if fallback, isVague := vague[kind]; isVague {
		if known(current) {
			return name, true
		}
		return name + fallback, true
	}
	extension, ok := extensions[kind]
	switch {
	case !ok:
		return name, false
	case current == extension:
		return name, true
	case known(current):
		return strings.TrimSuffix(name, path.Ext(name)) + extension, true
	default:
		return name + extension, true
	}
}

func mediaType(header http.Header) string {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		kind, _, _ = strings.Cut(header.Get("Content-Type"), ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	return kind
}

// known are the extensions that package parse reads.
func known(extension string) bool {
	switch extension {
	case ".md", ".markdown", ".txt", ".text", ".html", ".htm", ".xhtml", ".csv", ".tsv", ".pdf", ".docx", ".xlsx", ".eml":
		return true
	default:
		return false
	}
}

// clean is the last part of a name that a server has given, or empty where it cannot be printed.
func clean(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "/" || name == "." || name == ".." || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return ""
	}
	return name
}
