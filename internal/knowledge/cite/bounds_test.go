package cite_test

import "testing"

func TestAnUpperBoundIsNoLowerOne(t *testing.T) {
	t.Parallel()
	const speed, limit, sample, password, budget = "The speed in the yard must not exceed 20 km/h.", "市内交通每日不得超过80元。", "每批来料的抽样比例不低于5%。", "Passwords of the service desk have at least 14 characters.", "Spending must not exceed the budget."
	checkCompared(t, []compared{
		{speed, "The speed in the yard must not exceed 20 km/h.", true},
		{speed, "The speed in the yard cannot exceed 20 km/h.", true},
		{speed, "The speed in the yard should not be more than 20 km/h.", true},
		{speed, "The speed in the yard is at most 20 km/h.", true},
		{speed, "The speed in the yard may exceed 20 km/h.", false},
		{speed, "The speed in the yard must be at least 20 km/h.", false},
		{budget, "Spending cannot exceed the budget.", true},
		{budget, "Spending may exceed the budget.", false},
		{limit, "市内交通每日不能超过80元。", true},
		{limit, "市内交通每日不可超过80元。", true},
		{limit, "市内交通每日最多80元。", true},
		{limit, "市内交通每日80元以内。", true},
		{limit, "市内交通每日可以超过80元。", false},
		{limit, "市内交通每日80元以上。", false},
		{sample, "每批来料的抽样比例至少5%。", true},
		{sample, "每批来料的抽样比例不小于5%。", true},
		{sample, "每批来料的抽样比例不高于5%。", false},
		{password, "Passwords of the service desk have 14 characters or more.", true},
		{password, "Passwords of the service desk have no less than 14 characters.", true},
		{password, "Passwords of the service desk have at most 14 characters.", false},
		{"单笔超过5000元的费用须由财务总监批准。", "单笔5000元以上的费用须由财务总监批准。", true},
		{"单笔超过5000元的费用须由财务总监批准。", "单笔5000元以下的费用须由财务总监批准。", false},
		{"Employees take no more than 5 days of leave at once.", "Employees may not take more than 5 days of leave at once.", true},
		{"Employees take no more than 5 days of leave at once.", "Employees may take more than 5 days of leave at once.", false},
		{"Hotels are paid up to $120 a night, and a manager approves more than $120.", "Hotels are paid up to $120 a night.", true},
	})
}

func TestUnlessIsNoIf(t *testing.T) {
	t.Parallel()
	checkCompared(t, []compared{
		{"Leave is granted unless the manager objects.", "Leave is granted unless the manager objects.", true},
		{"Leave is granted unless the manager objects.", "Leave is granted if the manager objects.", false},
		{"Leave is granted if the manager agrees.", "Leave is granted unless the manager agrees.", false},
		{"Visitors wear a badge in the server room unless the porter is with them.", "Visitors wear a badge in the server room.", true},
		{"除非主管反对，年假均予批准。", "除非主管反对，年假均予批准。", true},
		{"除非主管反对，年假均予批准。", "如果主管反对，年假均予批准。", false},
	})
}
