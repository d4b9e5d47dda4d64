package cite_test

import "testing"

func TestAFigureIsThatOfItsColumn(t *testing.T) {
	t.Parallel()
	const (
		limits     = "Grade | Hotel per night | Meals per day\nManager | $200 | $60\nEngineer | $150 | $45\n"
		transposed = "Limit | Manager | Engineer\nHotel | $200 | $150\nMeals | $60 | $45\n"
		chinese    = "职级 | 住宿标准 | 餐饮标准\n经理 | 200元 | 60元\n工程师 | 150元 | 45元\n"
		leave      = "Years of service | Days of leave | Days in advance\n1 to 5 | 10 | 4\n6 to 10 | 15 | 8\n"
		unnamed    = "Hotel | Rate | Hotel code\nAstoria | $200 | 118\n"
	)
	checkCompared(t, []compared{
		{limits, "Managers may spend $200 per night on a hotel.", true},
		{limits, "Managers may spend $60 per night on a hotel.", false},
		{limits, "Managers may spend $200 per day on meals.", false},
		{limits, "Managers may spend $200 on hotels and $60 on meals.", true},
		{limits, "Managers may spend $60 on hotels and $200 on meals.", false},
		{limits, "Manager: hotel $200, meals $60.", true},
		{limits, "An engineer's meals are $150 per day.", false},
		{transposed, "The hotel limit of an engineer is $150.", true},
		{transposed, "The hotel limit of an engineer is $200.", false},
		{chinese, "经理的住宿标准为200元。", true},
		{chinese, "经理的住宿标准为60元。", false},
		{chinese, "工程师的住宿标准为150元，餐饮标准为45元。", true},
		{chinese, "工程师的住宿标准为45元，餐饮标准为150元。", false},
		{leave, "With 1 to 5 years of service you get 10 days of leave.", true},
		{leave, "With 1 to 5 years of service you get 4 days of leave.", false},
		{unnamed, "The rate of the hotel Astoria is $200.", true},
		{unnamed, "The code of the hotel Astoria is 200.", false},
	})
}
