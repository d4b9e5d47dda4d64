package sources

import (
	"cmp"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"bestbox/internal/knowledge/parse"
)

// vague are media types that servers also give where they do not know better, with the extension that stands for them if the name has none. They give those of the old formats
// of Office for what Excel and Word open, such as CSV and DOCX.
var vague = map[string]string{
	"": "", "text/plain": ".txt", "application/octet-stream": "", "binary/octet-stream": "", "application/zip": "", "application/x-zip-compressed": "",
	"application/msword": "", "application/vnd.ms-excel": "", "application/force-download": "", "application/x-force-download": "", "application/download": "",
	"application/x-download": "", "application/x-octet-stream": "",
}

// nameOf is the name of a file for what was fetched, with the extension that its media type has: the path of a page seldom ends with one. ok is false where neither the type
// nor the name is that of a document.
func nameOf(u *url.URL, header http.Header) (name string, ok bool) {
	name = cmp.Or(clean(u.Path), u.Hostname()+clean(path.Ext(u.Path))) // the path of an old page may be in another encoding
	if _, parameters, err := mime.ParseMediaType(header.Get("Content-Disposition")); err == nil && clean(parameters["filename"]) != "" {
		name = clean(parameters["filename"])
	}
	kind := mediaType(header)
	if fallback, isVague := vague[kind]; isVague {
		if parse.Supported(name) {
			return name, true
		}
		return name + fallback, true
	}
	extension := parse.ExtensionOf(kind)
	switch {
	case extension == "":
		return name, parse.Document(name) && !pictured(kind)
	case strings.ToLower(path.Ext(name)) == extension:
		return name, true
	case parse.Supported(name):
		return strings.TrimSuffix(name, path.Ext(name)) + extension, true
	default:
		return name + extension, true
	}
}

// pictured reports whether a media type is one of what is seen or heard, whatever its name. Of other types that are not known the name says more.
func pictured(kind string) bool {
	family, _, _ := strings.Cut(kind, "/")
	return family == "image" || family == "video" || family == "audio" || family == "font"
}

func mediaType(header http.Header) string {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		kind, _, _ = strings.Cut(header.Get("Content-Type"), ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	return kind
}

// clean is the last part of a name that a server or the path of a URL has given, or empty where it cannot be printed.
func clean(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "/" || name == "." || name == ".." || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return ""
	}
	return name
}
