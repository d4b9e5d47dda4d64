package oa

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPeopleAndRoomsAreFoundByTheirNames(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"When are Chen Wei and Lin Xiaoyan free?":            "EMP-002 EMP-003",
		"Has Wei Chen answered?":                             "EMP-003",
		"陈伟和林晓燕什么时候有空？":                                      "EMP-002 EMP-003",
		"How much leave has Wang Fang left?":                 "EMP-017 EMP-026", // there are two
		"王芳还剩几天年假？":                                          "EMP-017",
		"Leave of Wang Fang, the Maintenance Planner":        "EMP-017",
		"Does anna have time?":                               "",
		"Does Keller have time?":                             "EMP-025",
		"Ask the Head of Production":                         "EMP-003",
		"请生产部经理批准":                                           "EMP-003",
		"All assembly technicians":                           "",
		"mail to peng.gao@yunqiao.example":                   "EMP-014",
		"Is the Lotus room free, or room Bamboo?":            "ROOM-02 ROOM-03",
		"莲花厅明天空着吗？":                                          "ROOM-02",
		"Who can meet in the harbour?":                       "ROOM-05",
		"We focus on plum jam and bamboo":                    "",
		"Chen Weiming is somebody else":                      "",
		"The price of bearings":                              "",
		"Wei's leave, and the leave of Chen":                 "",
		"Meet Zhao Minghua, Tang Yuting and Shi Ruolan soon": "EMP-001 EMP-007 EMP-031",
	}
	db, err := company()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			names, err := Names(context.Background(), db, text)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]string, len(names))
			for i, name := range names {
				got[i] = name.ID
			}
			if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
