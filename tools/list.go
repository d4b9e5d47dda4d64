package tools

import "errors"

// List gathers the tools of an area, and what is wrong with their definitions. The zero value is ready to use.
type List struct {
	all  []*Tool
	errs []error
}

// Add takes what New and NewWrite return.
func (l *List) Add(tool *Tool, err error) {
	l.all = append(l.all, tool)
	l.errs = append(l.errs, err)
}

// All are the tools, or all that is wrong with any of them.
func (l *List) All() ([]*Tool, error) {
	if err := errors.Join(l.errs...); err != nil {
		return nil, err
	}
	return l.all, nil
}
