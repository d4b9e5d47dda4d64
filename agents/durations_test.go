package agents

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDurationsAreReadInMinutes(t *testing.T) {
	t.Parallel()
	for question, want := range map[string][]int{
		"Schedule a 1.5 hour event at 11":              {90},
		"a two-hour meeting, or 45 min":                {120, 45},
		"Half an hour with Li Na":                      {30},
		"an hour and a half with Li Na":                {90},
		"book 90 minutes on 4 May":                     {90},
		"A 2h call":                                    {120},
		"安排一个半小时的会议":                                   {90},
		"两个小时的会议，然后45分钟":                               {120, 45},
		"半小时的会":                                        {30},
		"Is there anything in the half hour before 12": nil,
		"at 14:00 on 3 May":                            nil,
		"How many hours did it take?":                  nil,
	} {
		assert.Equal(t, want, durationsOf(question), question)
	}
}
