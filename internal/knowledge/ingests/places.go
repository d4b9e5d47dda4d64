package ingests

import (
	"fmt"
	"path/filepath"
	"strings"

	"bestbox/internal/knowledge/folder"
)

// Places are the folders of the worker's machine that may be put in.
type Places struct {
	// Any allows every folder: where one person at one machine uses BestBox, who could read them anyway.
	Any     bool
	Folders []string
}

// NotAllowedError says that a folder may not be put in.
type NotAllowedError struct {
	Folder  string
	Allowed []string
}

func (e *NotAllowedError) Error() string {
	if len(e.Allowed) == 0 {
		return fmt.Sprintf("the folder %q may not be put in, since knowledge.folders of bestbox.yaml names none; name it there, or upload files", e.Folder)
	}
	return fmt.Sprintf("the folder %q may not be put in; allowed by knowledge.folders of bestbox.yaml: %s, and what is below", e.Folder, strings.Join(e.Allowed, ", "))
}

// Resolve gives the one name of a folder, with its links followed, where it may be put in. It is asked again whenever the folder is opened: a link may lead elsewhere by then.
func (p Places) Resolve(name string) (string, error) {
	if !filepath.IsAbs(name) {
		return "", fmt.Errorf("%q is no absolute path; allowed: one such as /srv/handbooks, on the worker's machine", name)
	}
	refused := &NotAllowedError{Folder: name, Allowed: p.Folders}
	resolved, err := folder.Resolve(name)
	switch {
	case p.Any:
		return resolved, err
	case err != nil && !p.allows(filepath.Clean(name)): // whoever may not read it does not hear whether it is there
		return "", refused
	case err != nil:
		return "", err
	case !p.allows(resolved):
		return "", refused
	}
	return resolved, nil
}

func (p Places) allows(path string) bool {
	for _, allowed := range p.Folders {
		if resolved, err := folder.Resolve(allowed); err == nil {
			allowed = resolved
		}
		if (folder.Problem{Path: allowed}).Covers(path) {
			return true
		}
	}
	return false
}
