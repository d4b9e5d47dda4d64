package place

import "testing"

func TestTheLineIsThatOfTheInnermostPartThatIsWritten(t *testing.T) {
	t.Parallel()
	const content = "name: x\nroles:\n  chief:\n    approve:\n      - a\n      - b\n    see: [a,\n      b]\n"
	for path, want := range map[string]int{
		"$.name":                   1,
		"$.roles.chief.approve":    5,
		"$.roles.chief.approve[1]": 6,
		"$.roles.chief.approve[7]": 5,
		"$.roles.chief.see[1]":     8,
		"$.roles.chief.tools[0]":   4,
		"$.users":                  0,
		"$":                        0,
		"no path":                  0,
	} {
		if got := Line([]byte(content), path); got != want {
			t.Errorf("%s: line %d, want %d", path, got, want)
		}
	}
	if got := Line([]byte("name: ["), "$.name"); got != 0 {
		t.Errorf("what is no YAML: line %d", got)
	}
}
