package cite_test

import "testing"

func TestATimeIsComparedWhole(t *testing.T) {
	t.Parallel()
	const gate, opens, morning = "The gate opens at 8:30 and closes at 17:00.", "The gate opens at 9 am.", "The gate is open from 8-10 am."
	checkCompared(t, []compared{
		{gate, "The gate opens at 8:30 and closes at 17:00.", true},
		{gate, "The gate opens at 17:30.", false},
		{gate, "The gate opens at 8:30 am and closes at 5 p.m.", true},
		{opens, "The gate opens at 9:00.", true},
		{opens, "The gate opens at 09:00 AM.", true},
		{opens, "The gate opens at 9 pm.", false},
		{opens, "The gate opens at 9:30 am.", false},
		{"The gate opens at 12:15 am.", "The gate opens at 0:15.", true},
		{"The gate opens at 12 pm.", "The gate opens at 12:00.", true},
		{morning, "The gate is open from 8 am to 10 am.", true},
		{morning, "The gate is open from 8:00 to 10:00.", true},
		{morning, "The gate is open from 8 am to 10 pm.", false},
		{"大门上午9点开放。", "大门上午九点开放。", true},
		{"大门上午9点开放。", "大门9:00开放。", true},
		{"大门上午9点开放。", "大门下午9点开放。", false},
		{"大门下午两点半关闭。", "大门14:30关闭。", true},
		{"大门下午2点15分关闭。", "大门14时15分关闭。", true},
		{"大门下午2点15分关闭。", "大门14时50分关闭。", false},
		{"样品保存24小时。", "样品保存24小时。", true},
	})
}

func TestADateIsComparedWhole(t *testing.T) {
	t.Parallel()
	const contract = "合同有效期自2025年3月1日至2026年1月31日。"
	const prices, offer = "Prices are fixed until 31 December 2026.", "The offer holds from March 1, 2025 to January 31, 2026."
	checkCompared(t, []compared{
		{contract, "合同有效期自2025年3月1日至2026年1月31日。", true},
		{contract, "合同有效期自2025-03-01至2026-01-31。", true},
		{contract, "合同有效期自二〇二五年三月一日至二〇二六年一月三十一日。", true},
		{contract, "合同有效期自2025年1月1日至2026年3月31日。", false},
		{contract, "合同有效期自2026年3月1日至2026年1月31日。", false},
		{contract, "合同有效期自3月1日至1月31日。", true},
		{contract, "合同有效期自2025年3月至2026年1月。", true},
		{contract, "合同有效期自2025年1月至2026年3月。", false},
		{prices, "Prices are fixed until December 31st, 2026.", true},
		{prices, "Prices are fixed until 2026-12-31.", true},
		{"Prices are fixed until 2026-12-31.", "Prices are fixed until 31 Dec. 2026.", true},
		{prices, "Prices are fixed until December 31.", true},
		{prices, "Prices are fixed until 26 December 2031.", false},
		{prices, "Prices are fixed until 31 November 2026.", false},
		{offer, "The offer holds from 1 March 2025 to 31 January 2026.", true},
		{offer, "The offer holds from January 1, 2025 to March 31, 2026.", false},
		{"The office is closed on 3-5 March.", "The office is closed from 3 March to 5 March.", true},
		{"The office is closed March 3-5.", "The office is closed from March 3 to March 5.", true},
		{"办公室3月1日至5日关闭。", "办公室3月1日至3月5日关闭。", true},
		{"The office is closed on 3-5 March.", "The office is closed from 3 March to 5 May.", false},
		{"样品保存5个月。", "样品保存5月。", false},
		{"报告在5月提交。", "报告在5个月提交。", false},
		{"报告在每月5日提交。", "报告在每月5日提交。", true},
	})
}

func TestAWeekdayIsComparedAsADateIs(t *testing.T) {
	t.Parallel()
	checkCompared(t, []compared{
		{"The weekly report is due on Monday.", "The weekly report is due on Mondays.", true},
		{"The weekly report is due on Monday.", "The weekly report is due on Friday.", false},
		{"The desk of the hall is open Mon–Fri all year.", "The desk of the hall is open Monday to Friday all year.", true},
		{"周报在每周一提交给主管。", "周报在每周一提交给主管。", true},
		{"周报在每周一提交给主管。", "周报在每个星期一提交给主管。", true},
		{"周报在每周一提交给主管。", "周报在每周五提交给主管。", false},
		{"设备每周一次由主管检查。", "设备每周由主管检查一次。", true},
	})
}
