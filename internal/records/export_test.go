package records

import "bestbox/internal/records/demo"

// DemoPart is a part of the demo company: a struct of slices of rows, tagged with their tables.
type DemoPart struct {
	Name string
	Rows any
}

// DemoParts are all of them, those that others refer to first.
func DemoParts() (all []DemoPart) {
	purchasing := demo.Generate()
	for _, p := range parts {
		all = append(all, DemoPart{p.name, p.rows(purchasing)})
	}
	return all
}
