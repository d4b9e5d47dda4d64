package cite_test

import "testing"

func TestWhichThingsAreMeantHidesNoDenial(t *testing.T) {
	t.Parallel()
	const badge, chinese, scrap, plant = "Visitors without a badge may not enter the plant.", "未经批准的访客不得进入车间。", "不合格品必须返工后出厂。", "无锡工厂须每天检查灭火器。"
	checkCompared(t, []compared{
		{badge, badge, true},
		{badge, "Visitors cannot enter the plant without a badge.", true},
		{badge, "Visitors without a badge may enter the plant.", false},
		{"Visitors without a badge may enter the plant.", badge, false},
		{chinese, chinese, true},
		{chinese, "未经批准的访客不能进入车间。", true},
		{chinese, "未经批准的访客可以进入车间。", false},
		{scrap, scrap, true},
		{scrap, "不合格品不必返工后出厂。", false},
		{plant, plant, true},
		{plant, "无锡工厂不须每天检查灭火器。", false},
		{"不锈钢零件须每天检查。", "不锈钢零件无须每天检查。", false},
	})
}

func TestADenialRightInOneClauseDoesNotHideAnother(t *testing.T) {
	t.Parallel()
	const both = "Contractors may not work from home, and visitors may not enter the server room."
	const one = "Contractors may not work from home, but visitors may enter the server room."
	const chinese = "试用期员工不得远程办公，外包人员不得进入机房。"
	checkCompared(t, []compared{
		{both, both, true},
		{both, "Contractors may not work from home, and visitors may enter the server room.", false},
		{both, "Visitors may not enter the server room.", true},
		{both, "Visitors may enter the server room.", false},
		{one, one, true},
		{one, "Contractors may not work from home, and visitors may not enter the server room.", false},
		{one, "Visitors may enter the server room.", true},
		{chinese, chinese, true},
		{chinese, "试用期员工不得远程办公，外包人员可以进入机房。", false},
		{chinese, "外包人员不得进入机房，试用期员工不得远程办公。", true},
	})
}
