package oa

import (
	"testing"

	"bestbox/tools/toolstest"
)

func TestPeopleAndRoomsAreFoundByTheirNames(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		d.FindsNames(t, Names, []toolstest.Called{
			{"When are Chen Wei and Lin Xiaoyan free?", []string{"EMP-002", "EMP-003"}},
			{"Has Wei Chen answered?", []string{"EMP-003"}},
			{"陈伟和林晓燕什么时候有空？", []string{"EMP-002", "EMP-003"}},
			{"How much leave has Wang Fang left?", []string{"EMP-017", "EMP-026"}}, // there are two
			{"王芳还剩几天年假？", []string{"EMP-017"}},
			{"Leave of Wang Fang, the Maintenance Planner", []string{"EMP-017"}},
			{"Does anna have time?", nil},
			{"Does Keller have time?", []string{"EMP-025"}},
			{"Ask the Head of Production", []string{"EMP-003"}},
			{"请生产部经理批准", []string{"EMP-003"}},
			{"All assembly technicians", nil},
			{"mail to peng.gao@yunqiao.example", []string{"EMP-014"}},
			{"Is the Lotus room free, or room Bamboo?", []string{"ROOM-02", "ROOM-03"}},
			{"莲花厅明天空着吗？", []string{"ROOM-02"}},
			{"Who can meet in the harbour?", []string{"ROOM-05"}},
			{"We focus on plum jam and bamboo", nil},
			{"Chen Weiming is somebody else", nil},
			{"The price of bearings", nil},
			{"Wei's leave, and the leave of Chen", nil},
			{"Meet Zhao Minghua, Tang Yuting and Shi Ruolan soon", []string{"EMP-001", "EMP-007", "EMP-031"}},
		})
	})
}

func FuzzNamesTakesAnyText(f *testing.F) {
	area.Reading(f).FuzzNames(f, Names, "Chen Wei 陈伟 room Bamboo \xff")
}
