package cite_test

import "testing"

func TestAFigureIsThatOfTheClauseWhichSaysMostOfIt(t *testing.T) {
	t.Parallel()
	const comma, joined, chinese = "Annual leave is 5 days, sick leave is 30 days.", "Annual leave is 5 days and sick leave is 30 days.", "年假为5天，病假为30天。"
	checkCompared(t, []compared{
		{comma, "Annual leave is 5 days.", true},
		{comma, "Sick leave is 30 days, and annual leave is 5 days.", true},
		{comma, "Annual leave is 30 days.", false},
		{comma, "Annual leave: 30 days.", false},
		{comma, "Annual leave: 5 days.", true},
		{comma, "Annual leave is 30 days, sick leave is 5 days.", false},
		{joined, joined, true},
		{joined, "Sick leave is 30 days and annual leave is 5 days.", true},
		{joined, "Annual leave is 30 days and sick leave is 5 days.", false},
		{"Breaks last between 5 and 10 minutes.", "Breaks last between 5 and 10 minutes.", true},
		{chinese, "年假为5天。", true},
		{chinese, "年假为30天。", false},
		{chinese, "员工年假：30天。", false},
		{"年假为5天和病假为30天。", "年假为30天和病假为5天。", false},
		{"Annual leave: 5 days.", "Annual leave is 5 days.", true},
	})
}

func TestAUnitThatCountsIsOne(t *testing.T) {
	t.Parallel()
	checkCompared(t, []compared{
		{"Tickets are answered within 2 working days.", "Tickets are answered within a working day.", false},
		{"Tickets are answered within one working day.", "Tickets are answered within a working day.", true},
		{"Tickets are answered within a working day.", "Tickets are answered within 1 working day.", true},
		{"Reports are due within a week.", "Reports are due within 2 weeks.", false},
		{"Meals are $60 a day.", "Meals are $60 a day.", true},
		{"Meals are $60 per day.", "Meals are $60 a day.", true},
	})
}
