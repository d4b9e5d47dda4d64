package itops

import (
	"testing"

	"bestbox/tools/toolstest"
)

func TestNamesFindsWhatPeopleCallByName(t *testing.T) {
	t.Parallel()
	area.OnEachStore(t, func(t *testing.T, d toolstest.Desk) {
		d.FindsNames(t, Names, []toolstest.Called{
			{"Compressor unit A keeps failing, why?", []string{"MCH-001"}},
			{"why does compressor A trip", []string{"MCH-001"}},
			{"空压机A为什么老是停机？", []string{"MCH-001"}},
			{"A号压缩机怎么了", []string{"MCH-001"}},
			{"compressor alerts", nil},
			{"Compressor unit A and Compressor unit B", []string{"MCH-001", "MCH-002"}},
			{"is the ERP database slow?", []string{"SVC-002"}},
			{"is the ERP slow, or its ERP database?", []string{"SVC-001", "SVC-002"}},
			{"disk of backup-01", []string{"HST-005"}},
			{"backup-012 is no host", nil},
			{"What is wrong with sw-hall-2 and the order gateway?", []string{"HST-009", "SVC-003"}},
			{"夜间备份失败了吗", []string{"SVC-006"}},
			{"订单网关和标签打印", []string{"SVC-003", "SVC-008"}},
			{"CNC mill 2's spindle", []string{"MCH-006"}},
			{"CNC mill 25", nil},
			{"What does MCH-001 need?", nil},
			{"", nil},
		})
	})
}

func FuzzNamesTakesAnyText(f *testing.F) {
	area.Reading(f).FuzzNames(f, Names, "Compressor unit A 空压机B backup-01 \xff")
}
