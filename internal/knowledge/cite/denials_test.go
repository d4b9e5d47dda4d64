package cite_test

import "testing"

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
