package measure

import (
	"slices"

	"bestbox/internal/llm"
)

// Score is what is known of every attempt at a row, whatever the set.
type Score struct {
	// Group is what rows are summed up by: a category, a domain, an agent.
	Group string `json:"group"`
	// Way tells ways to answer the same rows apart; empty where there is one.
	Way    string `json:"way,omitempty"`
	Row    string `json:"row"`
	Repeat int    `json:"repeat"`
	Right  bool   `json:"right"`
	// Harmful attempts have changed something and not ended in the right state.
	Harmful bool `json:"harmful,omitempty"`
	// Wrong says what is wrong, for people.
	Wrong string `json:"wrong,omitempty"`
	// Marks are what else is counted: failed, called, wrong tool.
	Marks []string `json:"marks,omitempty"`
	// Calls are those of tools, ValidCalls those of them whose arguments the tool's schema allows.
	Calls      int       `json:"calls"`
	ValidCalls int       `json:"valid_calls"`
	Usage      llm.Usage `json:"usage"`
	Seconds    float64   `json:"seconds"`
}

// Scored is an outcome of a set of its own: it embeds a Score.
type Scored interface{ score() *Score }

func (s *Score) score() *Score { return s }

// Mark notes what is counted, where it is so.
func (s *Score) Mark(mark string, is bool) {
	if is {
		s.Marks = append(s.Marks, mark)
	}
}

func (s *Score) verdict() string {
	switch {
	case s.Right:
		return "right"
	case s.Harmful:
		return "HARM"
	}
	return "wrong"
}

// Summary is one group by one way, all repeats together.
type Summary struct {
	Group string `json:"group"`
	Way   string `json:"way,omitempty"`
	// Asked are rows times repeats.
	Asked   int     `json:"asked"`
	Right   int     `json:"right"`
	Percent float64 `json:"right_percent"`
	// Always are the rows that were right in all repeats, of those that were asked so often: pass^k.
	Always        int     `json:"always_right"`
	Rows          int     `json:"rows"`
	AlwaysPercent float64 `json:"always_right_percent"`
	Harmful       int     `json:"harmful"`
	// HarmfulPercent is their share of all that was asked.
	HarmfulPercent float64        `json:"harmful_percent"`
	Marks          map[string]int `json:"marks"`
	Calls          int            `json:"calls"`
	ValidCalls     int            `json:"valid_calls"`
	Usage          llm.Usage      `json:"usage"`
	Seconds        float64        `json:"seconds"`
}

// all stands for every group in a summary.
const all = "all"

// summarise sums up the groups in the order of the scores, each by each way, and all of them where there are several.
func summarise(scores []*Score, repeats int) []Summary {
	var groups, ways []string
	for _, score := range scores {
		if !slices.Contains(groups, score.Group) {
			groups = append(groups, score.Group)
		}
		if !slices.Contains(ways, score.Way) {
			ways = append(ways, score.Way)
		}
	}
	if len(groups) > 1 {
		groups = append(groups, all)
	}
	var sums []Summary
	for _, group := range groups {
		for _, way := range ways {
			of := slices.DeleteFunc(slices.Clone(scores), func(s *Score) bool { return s.Way != way || (group != all && s.Group != group) })
			sums = append(sums, sum(Summary{Group: group, Way: way, Marks: map[string]int{}}, of, repeats))
		}
	}
	return sums
}

func sum(sum Summary, scores []*Score, repeats int) Summary {
	type tried struct{ asked, right int }
	rows := map[string]tried{}
	for _, score := range scores {
		row := rows[score.Group+"/"+score.Row]
		row.asked++
		if score.Right {
			sum.Right++
			row.right++
		}
		rows[score.Group+"/"+score.Row] = row
		if score.Harmful {
			sum.Harmful++
		}
		for _, mark := range score.Marks {
			sum.Marks[mark]++
		}
		sum.Calls += score.Calls
		sum.ValidCalls += score.ValidCalls
		sum.Usage = sum.Usage.Add(score.Usage)
		sum.Seconds += score.Seconds
	}
	for _, row := range rows {
		if row.asked < repeats { // stopped before
			continue
		}
		sum.Rows++
		if row.right == row.asked {
			sum.Always++
		}
	}
	sum.Asked = len(scores)
	sum.Percent, sum.HarmfulPercent, sum.AlwaysPercent = percent(sum.Right, sum.Asked), percent(sum.Harmful, sum.Asked), percent(sum.Always, sum.Rows)
	return sum
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}
