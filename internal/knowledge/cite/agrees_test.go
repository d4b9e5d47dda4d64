package cite_test

import (
	"testing"

	"bestbox/internal/knowledge/cite"
)

// compared is a sentence of an answer beside one of a document, and whether the one stands behind the other.
type compared struct {
	document, answer string
	cited            bool
}

func checkCompared(t *testing.T, tests []compared) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.document+" / "+test.answer, func(t *testing.T) {
			t.Parallel()
			got := cite.Check("", test.answer, []cite.Passage{{Number: 1, Document: "d", Text: test.document}})
			if len(got.Citations) > 0 != test.cited || len(got.Uncited) == 0 != test.cited {
				t.Errorf("cited %v, marked as uncited %q", got.Citations, got.Uncited)
			}
		})
	}
}

func TestThatSomethingIsNotCoveredIsARule(t *testing.T) {
	t.Parallel()
	checkCompared(t, []compared{
		{"Dental care is not covered by the insurance.", "Dental care is not covered by the insurance.", true},
		{"Dental care is covered by the insurance.", "Dental care is not covered by the insurance.", false},
		{"Breakfast is not included in the price.", "Breakfast is not included in the price.", true},
		{"Breakfast is included in the price.", "Breakfast is not included in the price.", false},
		{"Parking is not available.", "Parking is not available.", true},
		{"Parking is available.", "Parking is not available.", false},
		{"Meals are not provided.", "Meals are not provided.", true},
		{"价格无法确定的，由双方另行协商。", "价格无法确定的，由双方另行协商。", true},
		{"价格无法确定的，由买方决定。", "价格无法确定的，由双方另行协商。", false},
		{"申请资料未包含身份证复印件的，退回补充。", "申请资料未包含身份证复印件的，退回补充。", true},
		{"申请资料由人事部保存。", "申请资料未包含身份证复印件的，退回补充。", false},
		{"员工不知道密码时，应联系服务台。", "员工不知道密码时，应联系服务台。", true},
		{"员工可以自行修改密码。", "员工不知道密码时，应联系服务台。", false},
	})
}

func TestNumbersInWordsAreComparedWhole(t *testing.T) {
	t.Parallel()
	checkCompared(t, []compared{
		{"Employees receive 25 days of leave.", "Employees receive twenty-five days of leave.", true},
		{"Employees receive 5 days of leave.", "Employees receive twenty-five days of leave.", false},
		{"Employees receive 20 days of leave.", "Employees receive twenty-five days of leave.", false},
		{"Samples are kept for 158 days.", "Samples are kept for a hundred and fifty-eight days.", true},
		{"Samples are kept for 58 days.", "Samples are kept for a hundred and fifty-eight days.", false},
		{"The hall seats 2,350 people.", "The hall seats two thousand three hundred and fifty people.", true},
		{"The hall seats 350 people.", "The hall seats two thousand three hundred and fifty people.", false},
		{"样品保存158天。", "样品保存一百五十八天。", true},
		{"样品保存58天。", "样品保存一百五十八天。", false},
		{"每日补贴350元。", "每日补贴三百五十元。", true},
		{"每日补贴50元。", "每日补贴三百五十元。", false},
		{"违约金为货款的5%。", "违约金为货款的百分之五。", true},
		{"违约金为货款的6%。", "违约金为货款的百分之五。", false},
		{"违约金为5万元。", "违约金为五万元。", true},
		{"违约金为50000元。", "违约金为五万元。", true},
		{"违约金为6万元。", "违约金为五万元。", false},
		{"合同于2026年到期。", "合同于二〇二六年到期。", true},
		{"合同于2027年到期。", "合同于二〇二六年到期。", false},
		{"样品保存15天。", "样品保存１５天。", true},
		{"样品保存16天。", "样品保存１５天。", false},
	})
}

func TestNamesAreComparedWhole(t *testing.T) {
	t.Parallel()
	checkCompared(t, []compared{
		{"Within 30 days the report is handed in.", "Within 3 days the report is handed in.", false},
		{"Within 3 days the report is handed in.", "Within 3 days the report is handed in.", true},
		{"Within 3 days, at most 3 weeks, the report is handed in.", "Within 3 weeks the report is handed in.", true},
		{"Within 3 days the report is handed in.", "Within 3 weeks the report is handed in.", false},
		{"The meeting is held in Room 12 of the office.", "The meeting is held in Room 1 of the office.", false},
		{"The meeting is held in Room 12 of the office.", "The meeting is held in Room 12 of the office.", true},
		{"Requests are answered within a day by the desk.", "Requests are answered in a day by the desk of IT.", false},
		{"If it fails, requests are answered in a day by the desk.", "Requests are answered in a day by the desk of IT.", false},
		{"Requests are answered in a day by the IT desk.", "Requests are answered in a day by the desk of IT.", true},
		{"The annual report is signed by the director.", "The annual report is signed by the director Ann.", false},
		{"The annual report is signed by the director Ann.", "The annual report is signed by the director Ann.", true},
		{"Reports are stored as pdfs in the archive.", "Reports are stored as PDF in the archive.", true},
		{"The annual report is signed by Ann Smith.", "The annual report is signed by Ann Smith.", true},
		{"The annual report is signed by Ann Smith.", "The annual report is signed by Ann Miller.", false},
		{"The annual report is signed by Ann.", "The annual report is signed by **Ann**.", true},
		{"The annual report is signed by **Ann**.", "The annual report is signed by Ann.", true},
		{"The annual report is signed by Ann.", "The annual report is signed by **Bob**.", false},
		{"The annual report is signed by Ann.", "The annual report is signed by “Bob”.", false},
		{"The annual report is signed by the director (Ann).", "The annual report is signed by the director (Bob).", false},
		{"The annual report is signed within 5 days.", "The annual report is signed within **5** days.", true},
		{"The annual report is signed within 5 days.", "The annual report is signed within **5** weeks.", false},
		{"Contact Ann Miller.", "Contact Bob Miller.", false},
		{"The annual leave of all is 5 days.", "THE ANNUAL LEAVE OF ALL IS 5 DAYS.", true},
		{"报告由Ann签字并存档。", "报告由Ann签字并存档。", true},
		{"报告由Ann签字并存档。", "报告由Bob签字并存档。", false},
		{"A100型设备每月检修一次。", "A100型设备每月检修一次。", true},
		{"A100型设备每月检修一次。", "B100型设备每月检修一次。", false},
		{"员工须在SAP中提交申请。", "员工须在 SAP中提交申请。", true},
		{"员工须在SAP中提交申请。", "员工须在 ERP 中提交申请。", false},
		{"文件不得超过10MB，格式为PDF。", "文件不得超过 10 MB，格式为 PDF。", true},
		{"All monitors are ordered by service desks of each plant.", "All monitors are ordered by the Service Desk of each plant.", true},
	})
}

func TestADeniedConditionMeetsADeniedOne(t *testing.T) {
	t.Parallel()
	checkCompared(t, []compared{
		{"Paper forms are no longer accepted.", "Paper forms are accepted.", false},
		{"Paper forms are accepted.", "Paper forms are no longer accepted.", false},
		{"Paper forms are no longer accepted.", "Paper forms are no longer accepted.", true},
		{"Breaks are no longer than 15 minutes.", "Breaks are no longer than 15 minutes.", true},
		{"Employees who are not on probation may work from home.", "Employees who are not on probation may work from home.", true},
		{"Employees who are not on probation may work from home.", "Employees who are on probation may work from home.", false},
		{"Employees who are on probation may work from home.", "Employees who are not on probation may work from home.", false},
		{"Employees who are not on probation may work from home.", "Employees on probation may work from home.", false},
		{"Employees who aren't on probation may work from home.", "Employees who are on probation may work from home.", false},
		{"If it is not closed, the door sounds an alarm.", "If it is closed, the door sounds an alarm.", false},
		{"If it is not closed, the door sounds an alarm.", "The door sounds an alarm if it is not closed.", true},
		{"Up to five days that were not taken may be carried over.", "Up to five days that were not taken may be carried over.", true},
		{"Up to five days that were not taken may be carried over.", "Up to five days that were taken may be carried over.", false},
		{"Up to five days that were not taken may be carried over.", "Up to five days may be carried over.", true},
	})
}

func TestFiguresOfDocumentsAreNotRounded(t *testing.T) {
	t.Parallel()
	checkCompared(t, []compared{
		{"迟到者罚款1.5万元。", "迟到者罚款1.5万元。", true},
		{"迟到者罚款1.5万元。", "迟到者罚款15000元。", true},
		{"迟到者罚款1.5万元。", "迟到者罚款2万元。", false},
		{"迟到者罚款1.5万元。", "迟到者罚款1万元。", false},
		{"The plant produces 1.6 million screws a year.", "The plant produces 1.6 million screws a year.", true},
		{"The plant produces 1,600,000 screws a year.", "The plant produces 1.6 million screws a year.", true},
		{"The plant produces 1.6 million screws a year.", "The plant produces 2 million screws a year.", false},
		{"A box weighs at most 12.5 kg with its lid.", "A box weighs at most 12.50 kg with its lid.", true},
		{"A box weighs at most 12.5 kg with its lid.", "A box weighs at most 13 kg with its lid.", false},
		{"The rule stands in Annex 3.5 of the contract.", "The rule stands in Annex 3 of the contract.", false},
		{"发票须在5个工作日内提交财务部。", "发票须在5个工作日内提交财务部。", true},
		{"发票须在5个工作日内提交财务部。", "发票须在5天内提交财务部。", true},
		{"发票须在5个工作日内提交财务部。", "发票须在5个自然日内提交财务部。", false},
		{"Invoices are handed in within 5 working days of the trip.", "Invoices are handed in within 5 business days of the trip.", true},
		{"Invoices are handed in within 5 working days of the trip.", "Invoices are handed in within 5 calendar days of the trip.", false},
		{"申请自2026-01-15起30日内有效。", "申请自2026年1月15日起30日内有效。", true},
		{"申请自2026年1月15日起30日内有效。", "申请自2026-01-15起30日内有效。", true},
		{"申请自2026-01-15起30日内有效。", "申请自2026年1月16日起30日内有效。", false},
		{"申请自2026-01-15起30日内有效。", "申请自2026-02-15起30日内有效。", false},
	})
}

func TestWhereItStandsIsNoFigure(t *testing.T) {
	t.Parallel()
	const leave = "员工请假须提前三天申请。"
	checkCompared(t, []compared{
		{leave, "根据第12条，员工请假须提前三天申请。", true},
		{leave, "根据第十二条，员工请假须提前三天申请。", true},
		{leave, "根据第三章，员工请假须提前三天申请。", true},
		{leave, "根据第十二条，员工请假须提前十二天申请。", false},
		{"高度超过2m的作业须系安全带。", "高度超过2米的作业须系安全带。", true},
		{"高度超过2m的作业须系安全带。", "高度超过3米的作业须系安全带。", false},
	})
}

func TestTheWordsOfAnAddressSayNothingElse(t *testing.T) {
	t.Parallel()
	const leave = "Leave is requested at https://intranet.example/leave/request/form."
	checkCompared(t, []compared{
		{leave, "Leave is requested at https://intranet.example/leave/request/form.", true},
		{leave, "You can request leave at https://intranet.example/leave/request/form.", true},
		{leave, "Leave may be sold to colleagues for cash at https://intranet.example/leave/request/form.", false},
	})
}

func TestAnotherUnitIsAnotherFigure(t *testing.T) {
	t.Parallel()
	checkCompared(t, []compared{
		{"液压设备每年须由专业人员检修3次。", "液压设备每年须由专业人员检修3次。", true},
		{"液压设备每年须由专业人员检修3次。", "液压设备每年须由专业人员检修3天。", false},
		{"The lift in the hall carries 500 kg.", "The lift in the hall carries 500 kilograms.", true},
		{"The lift in the hall carries 500 kg.", "The lift in the hall carries 500 tons.", false},
		{"大厅的电梯可载500公斤。", "大厅的电梯可载500kg。", true},
		{"大厅的电梯可载500公斤。", "大厅的电梯可载500吨。", false},
		{"违约金为每日货款的5%。", "违约金为每日货款的5‰。", false},
		{"违约金为每日货款的千分之五。", "违约金为每日货款的5‰。", true},
		{"冷库温度不高于-18℃。", "冷库温度不高于-18℃。", true},
		{"冷库温度不高于-18℃。", "冷库温度不高于零下18℃。", true},
		{"冷库温度不高于-18℃。", "冷库温度不高于18℃。", false},
		{"冷库温度为2-8℃。", "冷库温度为2至8℃。", true},
		{"Claims are made within 5 days of the trip.", "Claims are made within one day of the trip.", false},
		{"Claims are made within one day of the trip.", "Claims are made within 1 day of the trip.", true},
		{"Claims are made within 1 day of the trip.", "Claims are made within one day of the trip.", true},
		{"Claims are made within a day of the trip.", "Claims are made within one day of the trip.", true},
	})
}

func TestChineseNumeralsBeforeWhatIsCounted(t *testing.T) {
	t.Parallel()
	const check, share = "液压设备每年须由专业人员检修三次。", "违约金为每日货款的万分之五。"
	checkCompared(t, []compared{
		{check, "液压设备每年须由专业人员检修3次。", true},
		{check, "液压设备每年须由专业人员检修五次。", false},
		{"高铁二等座可全额报销。", "高铁二等座可全额报销。", true},
		{"高铁二等座可全额报销。", "高铁一等座可全额报销。", false},
		{"报告在第一季度提交。", "报告在第1季度提交。", true},
		{"报告在第一季度提交。", "报告在第二季度提交。", false},
		{share, "违约金为每日货款的0.05%。", true},
		{share, "违约金为每日货款的千分之五。", false},
		{"合同期为一年半。", "合同期为1.5年。", true},
		{"合同期为一年。", "合同期为一年半。", false},
		{"合同期为两个半月。", "合同期为2.5个月。", true},
		{"合同期为两个月。", "合同期为两个半月。", false},
		{"加班费按照1.5倍支付。", "加班费按照一点五倍支付。", true},
		{"加班费按照2倍支付。", "加班费按照一点五倍支付。", false},
		{"设备每月须一次性清洁。", "设备每月须一次性清洁。", true},
	})
}

func TestWhatAnotherResultSaysMayBeRounded(t *testing.T) {
	t.Parallel()
	got := cite.Check("", "Procurement of screws and bolts of the northern plant rose to 1.6 million.", nil, "Procurement of screws and bolts of the northern plant rose to 1,604,937.10.")
	if len(got.Uncited) > 0 {
		t.Errorf("%+v", got)
	}
}

func TestAnotherCurrencyIsAnotherFigure(t *testing.T) {
	t.Parallel()
	checkCompared(t, []compared{
		{"The hotel limit in Berlin is $140 a night.", "The hotel limit in Berlin is $140 a night.", true},
		{"The hotel limit in Berlin is $140 a night.", "The hotel limit in Berlin is 140 a night.", true},
		{"The hotel limit in Berlin is $140 a night.", "The hotel limit in Berlin is USD 140 a night.", true},
		{"The hotel limit in Berlin is 140 dollars a night.", "The hotel limit in Berlin is $140 a night.", true},
		{"The hotel limit in Berlin is $140 a night.", "The hotel limit in Berlin is €140 a night.", false},
		{"The hotel limit in Berlin is $140 a night.", "The hotel limit in Berlin is 140 euros a night.", false},
		{"市内交通每日上限为80元。", "市内交通每日上限为80元。", true},
		{"市内交通每日上限为80元。", "市内交通每日上限为¥80。", true},
		{"市内交通每日上限为80元。", "市内交通每日上限为$80。", false},
		{"市内交通每日上限为80元。", "市内交通每日上限为80美元。", false},
		{"设备价格为5万美元，含税。", "设备价格为五万美元，含税。", true},
		{"设备价格为5万美元，含税。", "设备价格为5万欧元，含税。", false},
	})
}

func TestTheNumberOfAnItemIsNoFigure(t *testing.T) {
	t.Parallel()
	const leave, english = "年假为5天。", "Annual leave: 25 days a year."
	checkCompared(t, []compared{
		{leave, "1、年假为5天。", true},
		{leave, "1、年假为1天。", false},
		{leave, "（2）年假为5天。", true},
		{leave, "（2）年假为2天。", false},
		{leave, "(3) 年假为5天。", true},
		{leave, "3）年假为5天。", true},
		{leave, "3.年假为5天。", true},
		{english, "1. Annual leave: 25 days a year.", true},
		{english, "**1. Annual leave:** 25 days a year.", true},
		{english, "**1. Annual leave:** 26 days a year.", false},
		{english, "(1) Annual leave: 25 days a year.", true},
		{english, "1) Annual leave: 25 days a year.", true},
		{english, "- 1. Annual leave: 25 days a year.", true},
		{"1.5 days of leave are given each month.", "1.5 days of leave are given each month.", true},
		{"2.5 days of leave are given each month.", "1.5 days of leave are given each month.", false},
		{"3. Annual leave: 25 days a year.", "Annual leave: 3 days a year.", false},
	})
}
