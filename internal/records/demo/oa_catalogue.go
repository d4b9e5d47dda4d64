package demo

// MailDomain is the domain of the demo company's own addresses. example domains belong to nobody.
const MailDomain = "yunqiao.example"

const (
	shanghai = "Asia/Shanghai"
	berlin   = "Europe/Berlin"
)

// staff are the employees as "name|local name|title|local title|department|manager", in the order of their ids from EMP-001 on. A manager stands
// before those below. EMP-017 and EMP-026 are called Wang Fang both, so that a name is not always enough.
var staff = []string{
	"Zhao Minghua|赵明华|Managing Director|总经理|administration|",
	"Lin Xiaoyan|林晓燕|Chief Financial Officer|财务总监|administration|EMP-001",
	"Chen Wei|陈伟|Head of Production|生产部经理|production|EMP-001",
	"Guo Jianjun|郭建军|Head of Maintenance|维修部经理|maintenance|EMP-001",
	"He Lijuan|何丽娟|Head of Logistics|物流部经理|logistics|EMP-001",
	"Xu Haoran|徐浩然|Head of Sales|销售部经理|sales|EMP-001",
	"Tang Yuting|唐雨婷|Head of Research|研发部经理|research|EMP-001",
	"Zhou Meiling|周美玲|Head of Human Resources|人力资源经理|administration|EMP-001",
	"Liu Qiang|刘强|Shift Supervisor|班组长|production|EMP-003",
	"Sun Lei|孙磊|Process Engineer|工艺工程师|production|EMP-003",
	"Ma Chunhua|马春华|Production Planner|生产计划员|production|EMP-003",
	"Hu Zhigang|胡志刚|Quality Inspector|质检员|production|EMP-003",
	"Zhu Yan|朱艳|Purchasing Officer|采购专员|production|EMP-003",
	"Gao Peng|高鹏|Assembly Technician|装配技师|production|EMP-009",
	"Luo Jing|罗静|Assembly Technician|装配技师|production|EMP-009",
	"Song Tao|宋涛|Maintenance Engineer|维修工程师|maintenance|EMP-004",
	"Wang Fang|王芳|Maintenance Planner|维修计划员|maintenance|EMP-004",
	"Deng Yong|邓勇|Electrician|电工|maintenance|EMP-004",
	"Xie Na|谢娜|Shipping Coordinator|发运协调员|logistics|EMP-005",
	"Han Dong|韩冬|Warehouse Supervisor|仓库主管|logistics|EMP-005",
	"Feng Xue|冯雪|Customs Specialist|报关专员|logistics|EMP-005",
	"Cao Bin|曹斌|Key Account Manager|大客户经理|sales|EMP-006",
	"Peng Jiayi|彭佳怡|Sales Engineer|销售工程师|sales|EMP-006",
	"Yuan Ting|袁婷|Sales Assistant|销售助理|sales|EMP-006",
	"Anna Keller|安娜·凯勒|Sales Manager Europe|欧洲区销售经理|sales|EMP-006",
	"Wang Fang|王方|Software Engineer|软件工程师|research|EMP-007",
	"Jiang Hao|蒋昊|Mechanical Engineer|机械工程师|research|EMP-007",
	"Shen Yue|沈悦|Test Engineer|测试工程师|research|EMP-007",
	"Lukas Brandt|卢卡斯·布兰特|Application Engineer|应用工程师|research|EMP-007",
	"Fan Wenjie|范文杰|Accountant|会计|administration|EMP-002",
	"Shi Ruolan|石若兰|Controller|财务分析师|administration|EMP-002",
	"Dai Xin|戴欣|Office Manager|行政主管|administration|EMP-008",
	"Qian Duo|钱多|IT Administrator|信息系统管理员|administration|EMP-001",
	"Bai Xueqin|白雪琴|Assistant to the Managing Director|总经理助理|administration|EMP-001",
}

// europeans are the employees outside of China, who have other holidays and hours.
var europeans = []string{"EMP-025", "EMP-029"}

var rooms = []Room{
	{"ROOM-01", "Mount Tai", "泰山厅", "Suzhou", 20},
	{"ROOM-02", "Lotus", "莲花厅", "Suzhou", 10},
	{"ROOM-03", "Bamboo", "竹厅", "Suzhou", 6},
	{"ROOM-04", "Plum", "梅厅", "Suzhou", 4},
	{"ROOM-05", "Harbour", "海港厅", "Ningbo", 8},
	{"ROOM-06", "Focus", "静思室", "Suzhou", 2},
}

var roomEquipment = []RoomEquipment{
	{"ROOM-01", "projector"}, {"ROOM-01", "video"}, {"ROOM-01", "whiteboard"}, {"ROOM-01", "phone"},
	{"ROOM-02", "projector"}, {"ROOM-02", "video"}, {"ROOM-02", "whiteboard"},
	{"ROOM-03", "video"}, {"ROOM-03", "whiteboard"},
	{"ROOM-04", "whiteboard"},
	{"ROOM-05", "projector"}, {"ROOM-05", "phone"},
	{"ROOM-06", "phone"},
}

var leaveKinds = []LeaveKind{
	{"annual", "annual leave", "年假", 1, 3, 15},
	{"personal", "personal leave", "事假", 1, 1, 5},
	{"sick", "sick leave", "病假", 0, 0, 60},
	{"parental", "parental leave", "育儿假", 0, 30, 130},
}

var publicHolidays = []PublicHoliday{
	{"CN", "2025-10-01", "National Day", "国庆节", 0}, {"CN", "2025-10-02", "National Day", "国庆节", 0}, {"CN", "2025-10-03", "National Day", "国庆节", 0},
	{"CN", "2025-10-06", "Mid-Autumn Festival", "中秋节", 0}, {"CN", "2025-10-07", "National Day", "国庆节", 0}, {"CN", "2025-10-08", "National Day", "国庆节", 0},
	{"CN", "2026-01-01", "New Year", "元旦", 0}, {"CN", "2026-01-02", "New Year", "元旦", 0}, {"CN", "2026-01-04", "New Year", "元旦调休", 1},
	{"CN", "2026-02-14", "Spring Festival", "春节调休", 1},
	{"CN", "2026-02-16", "Spring Festival", "春节", 0}, {"CN", "2026-02-17", "Spring Festival", "春节", 0}, {"CN", "2026-02-18", "Spring Festival", "春节", 0},
	{"CN", "2026-02-19", "Spring Festival", "春节", 0}, {"CN", "2026-02-20", "Spring Festival", "春节", 0}, {"CN", "2026-02-23", "Spring Festival", "春节", 0},
	{"CN", "2026-02-28", "Spring Festival", "春节调休", 1},
	{"CN", "2026-04-06", "Qingming Festival", "清明节", 0}, {"CN", "2026-05-01", "Labour Day", "劳动节", 0}, {"CN", "2026-05-04", "Labour Day", "劳动节", 0},
	{"CN", "2026-05-05", "Labour Day", "劳动节", 0}, {"CN", "2026-06-19", "Dragon Boat Festival", "端午节", 0},
	{"CN", "2026-09-25", "Mid-Autumn Festival", "中秋节", 0}, {"CN", "2026-10-01", "National Day", "国庆节", 0}, {"CN", "2026-10-02", "National Day", "国庆节", 0},
	{"CN", "2026-10-05", "National Day", "国庆节", 0}, {"CN", "2026-10-06", "National Day", "国庆节", 0}, {"CN", "2026-10-07", "National Day", "国庆节", 0},
	{"DE", "2025-10-03", "German Unity Day", "德国统一日", 0}, {"DE", "2025-12-25", "Christmas", "圣诞节", 0}, {"DE", "2025-12-26", "Christmas", "圣诞节", 0},
	{"DE", "2026-01-01", "New Year", "新年", 0}, {"DE", "2026-01-06", "Epiphany", "三王节", 0}, {"DE", "2026-04-03", "Good Friday", "耶稣受难日", 0},
	{"DE", "2026-04-06", "Easter Monday", "复活节星期一", 0}, {"DE", "2026-05-01", "Labour Day", "劳动节", 0}, {"DE", "2026-05-14", "Ascension Day", "耶稣升天节", 0},
	{"DE", "2026-05-25", "Whit Monday", "圣灵降临节星期一", 0}, {"DE", "2026-12-25", "Christmas", "圣诞节", 0},
}

// blackouts are "department|first day|last day|reason"; without a department all are meant.
var blackouts = []string{
	"administration|2026-01-26|2026-01-30|closing of the books of 2025",
	"logistics|2026-02-09|2026-02-14|shipping before the Spring Festival",
	"production|2026-03-23|2026-03-27|stocktaking",
	"|2026-06-29|2026-06-30|audit of the first half of the year",
}

// documents are "title|local title|kind|path|owner|updated on|summary|local summary", in the order of their ids from DOC-001 on.
var documents = []string{
	"Travel policy|差旅管理规定|policy|policies/travel-policy.pdf|EMP-008|2025-06-02|Business trips are asked for 5 working days ahead. Economy class by air, second class by rail. Hotels up to $120.00 a night, meals up to $45.00 a day. Receipts within 10 days of the return.|出差须提前5个工作日申请。飞机经济舱，高铁二等座。住宿每晚不超过$120.00，餐费每天不超过$45.00。返回后10天内提交票据。",
	"Leave policy|休假管理规定|policy|policies/leave-policy.pdf|EMP-008|2025-12-10|Annual leave is asked for 3 days ahead and at most 15 working days at once. Up to 5 days may be carried into the next year. Blackout times of a department are kept free.|年假须提前3天申请，一次最多15个工作日。最多可将5天结转到下一年。部门的禁休期内不得休年假。",
	"Expense policy|费用报销规定|policy|policies/expense-policy.pdf|EMP-002|2025-03-17|Expenses above $500.00 need the head of the department, above $5,000.00 the Chief Financial Officer.|超过$500.00的费用须部门经理批准，超过$5,000.00须财务总监批准。",
	"Procurement policy|采购管理规定|policy|policies/procurement-policy.pdf|EMP-002|2025-09-01|Orders above $5,000.00 need two quotes, above $50,000.00 the approval of the Managing Director.|超过$5,000.00的订单须两家报价，超过$50,000.00须总经理批准。",
	"Information security policy|信息安全规定|policy|policies/information-security.pdf|EMP-033|2025-11-20|Passwords of at least 14 characters. Company data is not sent to private addresses. Suspicious mails are reported to the IT Administrator.|密码至少14个字符。不得将公司数据发送到私人邮箱。可疑邮件须报告信息系统管理员。",
	"Remote work policy|远程办公规定|policy|policies/remote-work.pdf|EMP-008|2025-04-08|Office staff may work from home up to 2 days a week, after agreement with their manager.|办公室员工经主管同意，每周最多可在家办公2天。",
	"Code of conduct|员工行为准则|policy|policies/code-of-conduct.pdf|EMP-001|2024-01-15|Gifts above $50.00 are declined. Conflicts of interest are reported to Human Resources.|价值超过$50.00的礼品须谢绝。利益冲突须向人力资源部报告。",
	"Safety rules of the workshop|车间安全规程|policy|policies/workshop-safety.pdf|EMP-004|2025-08-25|Safety shoes and glasses are worn in every hall. Machines are locked out before maintenance.|车间内须穿安全鞋并戴护目镜。维修前须断电上锁。",
	"Budget template|预算模板|template|templates/budget-template.xlsx|EMP-031|2025-10-13|Sheet for the budget of a department by quarter, with payroll, overhead and material.|部门季度预算表，含工资、管理费用和材料。",
	"Budget increase form|预算追加申请表|form|forms/budget-increase.docx|EMP-031|2025-10-13|Form with which a department asks for more budget. Above $50,000.00 the Managing Director decides.|部门申请追加预算的表格。超过$50,000.00由总经理决定。",
	"Business trip form|出差申请表|form|forms/business-trip.docx|EMP-032|2025-06-02|Form for the request of a business trip, with route, days and estimated costs.|出差申请表，含路线、天数和预计费用。",
	"Expense report form|报销单|form|forms/expense-report.xlsx|EMP-030|2025-03-17|Form for expenses with receipts, for the accountant.|费用报销单，附票据，交会计。",
	"Meeting minutes template|会议纪要模板|template|templates/meeting-minutes.docx|EMP-034|2025-02-11|Template with attendees, decisions and tasks.|会议纪要模板，含参会人、决议和任务。",
	"Quotation template|报价单模板|template|templates/quotation.docx|EMP-006|2025-07-07|Template for offers to customers, valid for 30 days.|客户报价单模板，有效期30天。",
	"Onboarding guide|新员工入职指南|manual|manuals/onboarding-guide.pdf|EMP-008|2025-05-19|What a new colleague does in the first week: badge, accounts, safety training, lunch card.|新同事第一周事项：门禁卡、账号、安全培训、餐卡。",
	"Compressor manual|空压机手册|manual|manuals/compressor.pdf|EMP-016|2024-09-30|Operation and maintenance of the air compressors; oil is changed every 2,000 hours.|空压机操作与维护；每2,000小时换油。",
	"Printer and scanner guide|打印机与扫描仪指南|manual|manuals/printers.pdf|EMP-033|2025-01-22|How to print, scan to mail, and order toner.|如何打印、扫描到邮箱和订购碳粉。",
	"Employee handbook|员工手册|manual|manuals/employee-handbook.pdf|EMP-008|2025-12-15|Working hours are 09:00 to 18:00 with an hour for lunch. Probation lasts 3 months.|工作时间为09:00至18:00，午休一小时。试用期3个月。",
	"Management report 2025-Q3|2025年第三季度管理报告|report|reports/management-2025-q3.pdf|EMP-031|2025-10-20|Revenue, costs and budgets of 2025-Q3 with comments of the departments.|2025年第三季度收入、成本和预算及各部门说明。",
	"Minutes of the works council, December 2025|2025年12月职工代表会议纪要|minutes|minutes/works-council-2025-12.pdf|EMP-034|2025-12-19|Shift plan of the Spring Festival, canteen, bicycle stands.|春节排班、食堂、自行车棚。",
}
