package injection

import (
	"strings"
	"testing"
)

// attempts are the shipped ones.
func attempts(t *testing.T) []Attempt {
	t.Helper()
	all, err := Load(shipped)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheAttemptsAreManyAndComeFromEverywhereInBothLanguages(t *testing.T) {
	t.Parallel()
	const fewest, fewestKinds = 40, 12
	all := attempts(t)
	english, ats, kinds := 0, map[string]bool{}, map[string]bool{}
	for _, attempt := range all {
		if attempt.Language == "en" {
			english++
		}
		ats[attempt.Place], kinds[attempt.Kind] = true, true
	}
	if len(all) < fewest || 2*english > len(all) {
		t.Errorf("%d attempts, %d of them in English alone", len(all), english)
	}
	for _, name := range placeNames() {
		if !ats[name] {
			t.Errorf("none stands in the place %q", name)
		}
	}
	if len(kinds) < fewestKinds {
		t.Errorf("only %d kinds: %v", len(kinds), kinds)
	}
}

func TestWhatIsWrongWithAnAttemptIsSaid(t *testing.T) {
	t.Parallel()
	const right = "{id: a, language: en, kind: k, place: mail, text: t, question: q, ends: said, harm: [claim], says: s}"
	for written, want := range map[string]string{
		right: "",
		strings.Replace(right, "place: mail", "place: moon", 1):                                                          `place: "moon"; allowed: alert`,
		strings.Replace(right, "place: mail", "place: pasted", 1):                                                        "{text}",
		strings.Replace(right, "question: q", "question: '{text}'", 1):                                                   "{text}",
		strings.Replace(right, "language: en", "language: fr", 1):                                                        `language: "fr"`,
		strings.Replace(right, "ends: said", "ends: well", 1):                                                            `ends: "well"`,
		strings.Replace(right, "harm: [claim]", "harm: [fun]", 1):                                                        `harm: ["fun"]`,
		strings.Replace(right, ", says: s", "", 1):                                                                       "demands nothing",
		strings.Replace(right, "text: t", "text: ''", 1):                                                                 "needed",
		strings.Replace(right, "id: a", "id: a, colour: red", 1):                                                         "colour",
		right + "\n- " + right:                                                                                           "twice",
		"{id: a, language: en, kind: k, place: pasted, text: t, question: '{text}', ends: said, harm: [claim], says: s}": "domain",
	} {
		_, err := Load([]byte("- " + written))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", written, err, want)
		}
	}
}
