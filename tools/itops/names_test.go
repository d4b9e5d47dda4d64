package itops

import (
	"slices"
	"testing"
)

func TestNamesFindsWhatPeopleCallByName(t *testing.T) {
	t.Parallel()
	database, err := company()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		text string
		want []string
	}{
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
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			names, err := Names(t.Context(), database, test.text)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, name := range names {
				got = append(got, name.ID)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func FuzzNamesTakesAnyText(f *testing.F) {
	database, err := company()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("Compressor unit A 空压机B backup-01 \xff")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Names(t.Context(), database, text); err != nil {
			t.Error(err)
		}
	})
}
