package demo

// Today is the demo company's own today. 2025-Q4 is its last full quarter.
const Today = "2026-01-15"

// Currency is the demo company's only currency.
const Currency = "USD"

var company = Company{
	ID: 1, Name: "Yunqiao Motion Works", NameLocal: "云桥传动", Currency: Currency, Today: Today,
}

// The departments' ids are what budgets and orders refer to.
var departments = []Department{
	{"production", "Production"},
	{"maintenance", "Maintenance"},
	{"logistics", "Logistics"},
	{"sales", "Sales"},
	{"research", "Research and Development"},
	{"administration", "Administration"},
}

var warehouses = []Warehouse{
	{"WH-001", "Suzhou Main Warehouse", "苏州主仓", "Suzhou"},
	{"WH-002", "Ningbo Port Warehouse", "宁波港仓", "Ningbo"},
	{"WH-003", "Chengdu Service Warehouse", "成都备件仓", "Chengdu"},
}

// supplier is a vendor with what the generator needs to know about it.
type supplier struct {
	vendor     Vendor
	families   string // the item families it sells, by letter
	department string
	warehouse  string // where most of its goods go
	share      int64  // of all vendors' spend but VND-001's, in thousandths
	growth     int64  // wished growth of its spend from 2025-Q3 to 2025-Q4, in thousandths
	late       int    // orders in a hundred that come late
}

// keyVendor is the vendor behind the demo's story: its price list rose on 2025-10-01.
const keyVendor = "VND-001"

var suppliers = []supplier{
	{Vendor{keyVendor, "Suzhou Minghe Drives", "苏州明禾驱动", "China", "Drives", 45, 21, "2019-03-01"},
		"A", "production", "WH-001", 0, 0, 30},
	{Vendor{"VND-002", "Kestrel Bearings", "", "Germany", "Bearings", 30, 28, "2018-05-14"},
		"B", "production", "WH-001", 96, 210, 12},
	{Vendor{"VND-003", "Wuxi Jinlun Bearings", "无锡锦轮轴承", "China", "Bearings", 45, 14, "2020-01-10"},
		"B", "production", "WH-002", 62, 150, 22},
	{Vendor{"VND-004", "Ningbo Haitong Cable", "宁波海通线缆", "China", "Cables", 30, 10, "2017-09-01"},
		"C", "production", "WH-002", 55, 120, 10},
	{Vendor{"VND-005", "Lumen Connect", "", "United States", "Cables", 30, 30, "2021-02-20"},
		"C", "production", "WH-001", 38, -60, 15},
	{Vendor{"VND-006", "Shenzhen Xinyu Electronics", "深圳芯宇电子", "China", "Electronics", 60, 18, "2019-11-11"},
		"E", "production", "WH-001", 104, 240, 18},
	{Vendor{"VND-007", "Arden Controls", "", "United Kingdom", "Electronics", 30, 32, "2018-08-08"},
		"E", "production", "WH-001", 58, 90, 25},
	{Vendor{"VND-008", "Taipei Ruide Sensors", "台北睿得感測", "Taiwan", "Electronics", 30, 24, "2022-04-01"},
		"E", "production", "WH-003", 33, 180, 8},
	{Vendor{"VND-009", "Jiaxing Fastener Works", "嘉兴紧固件厂", "China", "Fasteners", 30, 7, "2016-06-06"},
		"F", "production", "WH-001", 26, 60, 9},
	{Vendor{"VND-010", "Boltline Supply", "", "United States", "Fasteners", 45, 20, "2020-10-15"},
		"F", "production", "WH-002", 15, -80, 14},
	{Vendor{"VND-011", "Qingdao Rubber Seals", "青岛密封件", "China", "Seals", 45, 12, "2019-02-18"},
		"G", "production", "WH-001", 24, 70, 11},
	{Vendor{"VND-012", "Norwell Pneumatics", "", "Sweden", "Pneumatics", 30, 26, "2018-12-03"},
		"H", "production", "WH-001", 44, 130, 10},
	{Vendor{"VND-013", "Hangzhou Qili Pneumatics", "杭州气力元件", "China", "Pneumatics", 45, 12, "2021-07-19"},
		"H", "production", "WH-002", 29, 110, 20},
	{Vendor{"VND-014", "Baoshan Steel Trading", "宝山钢贸", "China", "Metal stock", 15, 9, "2015-04-01"},
		"M", "production", "WH-001", 112, 160, 7},
	{Vendor{"VND-015", "Foshan Aluminium Profiles", "佛山铝型材", "China", "Metal stock", 30, 11, "2017-03-12"},
		"M", "production", "WH-002", 77, 200, 13},
	{Vendor{"VND-016", "Rheintal Metals", "", "Germany", "Metal stock", 30, 30, "2022-09-09"},
		"M", "production", "WH-001", 35, -40, 10},
	{Vendor{"VND-017", "Changzhou Precision Machining", "常州精工机械", "China", "Machined parts", 45, 16, "2018-01-22"},
		"N", "production", "WH-001", 83, 190, 26},
	{Vendor{"VND-018", "Dongguan Hongtai Castings", "东莞鸿泰铸造", "China", "Machined parts", 45, 20, "2019-06-30"},
		"N", "production", "WH-001", 47, 140, 28},
	{Vendor{"VND-019", "Moravia Forge", "", "Czechia", "Machined parts", 60, 34, "2023-03-03"},
		"N", "production", "WH-002", 22, 100, 16},
	{Vendor{"VND-020", "Kunshan Green Packaging", "昆山绿源包装", "China", "Packaging", 30, 6, "2016-11-21"},
		"P", "logistics", "WH-001", 18, 150, 6},
	{Vendor{"VND-021", "Palletworks", "", "Netherlands", "Packaging", 30, 15, "2021-05-05"},
		"P", "logistics", "WH-002", 8, 50, 9},
	{Vendor{"VND-022", "Sinolube Chemicals", "中润化工", "China", "Lubricants", 30, 8, "2018-04-16"},
		"L", "maintenance", "WH-001", 7, 40, 8},
	{Vendor{"VND-023", "Hexa Tooling", "", "Switzerland", "Tools", 30, 22, "2017-10-10"},
		"T", "maintenance", "WH-001", 4, -100, 12},
	{Vendor{"VND-024", "Chengdu Huaxi Tools", "成都华西工具", "China", "Tools", 30, 9, "2020-08-24"},
		"T", "maintenance", "WH-003", 2, 80, 15},
	{Vendor{"VND-025", "Beacon Safety Supply", "", "United States", "Tools", 30, 12, "2024-01-05"},
		"T", "maintenance", "WH-002", 1, 30, 5},
}

// family is a group of items with consecutive ids. VND-001's prices, those of family A, divide by four, so that its
// rise of a quarter is exact.
type family struct {
	letter   string
	first    int
	category string
	unit     string
	names    []string // "English|Chinese|price in cents"
}

var families = []family{
	{"A", 100, "Drives", "pcs", []string{
		"Servo motor 750 W|伺服电机 750 W|42000", "Servo motor 1.5 kW|伺服电机 1.5 kW|68000",
		"Servo drive 750 W|伺服驱动器 750 W|51200",
		"Servo drive 1.5 kW|伺服驱动器 1.5 kW|76000", "Planetary gearbox 10:1|行星减速机 10:1|34800",
		"Encoder cable 3 m|编码器电缆 3 米|2400"}},
	{"B", 200, "Bearings", "pcs", []string{
		"Ball bearing 6001|深沟球轴承 6001|260", "Ball bearing 6201|深沟球轴承 6201|310",
		"Ball bearing 6204|深沟球轴承 6204|480",
		"Ball bearing 6305|深沟球轴承 6305|1290", "Angular contact bearing 7205|角接触轴承 7205|2450",
		"Needle bearing HK2020|滚针轴承 HK2020|640",
		"Linear guide 15 mm|直线导轨 15 mm|4800", "Linear guide 20 mm|直线导轨 20 mm|6900",
		"Guide carriage 15 mm|滑块 15 mm|2850",
		"Guide carriage 20 mm|滑块 20 mm|3900", "Ball screw 16x5|滚珠丝杠 16x5|8800",
		"Ball screw 20x10|滚珠丝杠 20x10|14500"}},
	{"C", 300, "Cables", "pcs", []string{
		"Motor cable 5 m|电机电缆 5 米|1850", "Motor cable 10 m|电机电缆 10 米|2900",
		"Sensor cable M8|传感器电缆 M8|620", "Sensor cable M12|传感器电缆 M12|780",
		"Ethernet cable 3 m|以太网电缆 3 米|540", "Ethernet cable 10 m|以太网电缆 10 米|1180",
		"Power connector|电源连接器|460",
		"Signal connector|信号连接器|390", "Terminal block|接线端子|180", "Cable chain 25 mm|拖链 25 mm|3400",
		"Cable gland M20|电缆接头 M20|210"}},
	{"E", 400, "Electronics", "pcs", []string{
		"Motion controller 4 axes|四轴运动控制器|38000", "Motion controller 8 axes|八轴运动控制器|56000",
		"Operator panel 7 in|操作屏 7 英寸|16500",
		"Operator panel 10 in|操作屏 10 英寸|24800", "Power supply 24 V 5 A|开关电源 24 V 5 A|4200",
		"Power supply 24 V 20 A|开关电源 24 V 20 A|12600",
		"Digital input module|数字输入模块|5900", "Digital output module|数字输出模块|6400",
		"Inductive sensor|电感式传感器|1850",
		"Photoelectric sensor|光电传感器|3200", "Safety relay|安全继电器|7400",
		"Emergency stop button|急停按钮|980", "Fieldbus coupler|现场总线耦合器|13800"}},
	{"F", 500, "Fasteners", "box", []string{
		"Hex bolts M6x20|六角螺栓 M6x20|620", "Hex bolts M8x30|六角螺栓 M8x30|940",
		"Socket screws M5x16|内六角螺钉 M5x16|480",
		"Socket screws M6x25|内六角螺钉 M6x25|710", "Nuts M6|螺母 M6|340", "Nuts M8|螺母 M8|420",
		"Washers M6|垫圈 M6|280", "Washers M8|垫圈 M8|330",
		"T-nuts slot 8|T 型螺母 槽 8|1150", "Dowel pins 6 mm|定位销 6 mm|860",
		"Threaded inserts M5|螺纹衬套 M5|1240"}},
	{"G", 600, "Seals", "pcs", []string{
		"O-ring 20 mm|O 形圈 20 mm|40", "O-ring 40 mm|O 形圈 40 mm|75", "Shaft seal 25 mm|轴封 25 mm|290",
		"Shaft seal 35 mm|轴封 35 mm|460",
		"Wiper seal|防尘圈|380", "Flat gasket|平垫片|60", "Bellows cover|风琴防护罩|1900",
		"Dust cap|防尘帽|90"}},
	{"H", 700, "Pneumatics", "pcs", []string{
		"Air cylinder 25x50|气缸 25x50|3200", "Air cylinder 40x100|气缸 40x100|5600",
		"Solenoid valve 5/2|电磁阀 5/2|2800", "Valve island 8|阀岛 8 位|16400",
		"Air filter regulator|空气过滤减压阀|3900", "Push-in fitting 6 mm|快插接头 6 mm|160",
		"Push-in fitting 8 mm|快插接头 8 mm|190",
		"Air hose 8 mm|气管 8 mm|240", "Vacuum gripper|真空吸盘|1150", "Pressure switch|压力开关|2600"}},
	{"L", 800, "Lubricants", "can", []string{
		"Bearing grease 1 kg|轴承润滑脂 1 kg|1450", "Gear oil 5 l|齿轮油 5 l|3900",
		"Cutting fluid 20 l|切削液 20 l|7200", "Cleaner 5 l|清洗剂 5 l|2100",
		"Thread locker 50 ml|螺纹胶 50 ml|1280", "Rust protection spray|防锈喷剂|640"}},
	{"M", 850, "Metal stock", "kg", []string{
		"Steel plate 10 mm|钢板 10 mm|165", "Steel plate 20 mm|钢板 20 mm|172",
		"Steel bar 40 mm|钢棒 40 mm|190", "Stainless sheet 2 mm|不锈钢板 2 mm|420",
		"Stainless bar 20 mm|不锈钢棒 20 mm|465", "Aluminium profile 40x40|铝型材 40x40|780",
		"Aluminium profile 80x40|铝型材 80x40|1120",
		"Aluminium plate 15 mm|铝板 15 mm|690", "Brass bar 25 mm|黄铜棒 25 mm|940",
		"Copper bar 20x5|铜排 20x5|1450", "Steel tube 60x40|方管 60x40|235"}},
	{"N", 900, "Machined parts", "pcs", []string{
		"Motor flange 60|电机法兰 60|1650", "Motor flange 80|电机法兰 80|2100",
		"Gearbox housing|减速机壳体|9800", "Bearing block|轴承座|2450", "Drive shaft 20 mm|传动轴 20 mm|3600",
		"Drive shaft 30 mm|传动轴 30 mm|4900", "Base plate small|小底板|2800", "Base plate large|大底板|6400",
		"Carriage plate|滑台板|5200", "Coupling hub|联轴器|1750",
		"Pulley 32 teeth|同步轮 32 齿|1350", "Pulley 48 teeth|同步轮 48 齿|1890", "End cap|端盖|620",
		"Mounting bracket|安装支架|540"}},
	{"P", 950, "Packaging", "pcs", []string{
		"Carton small|小纸箱|45", "Carton large|大纸箱|130", "Wooden crate|木箱|2900",
		"Pallet 1200x800|托盘 1200x800|1250", "Foam insert|泡沫衬垫|70",
		"Stretch film|缠绕膜|890", "Desiccant bags|干燥剂|35", "Shipping labels|运输标签|120"}},
	{"T", 970, "Tools", "pcs", []string{
		"End mill 8 mm|立铣刀 8 mm|1850", "End mill 12 mm|立铣刀 12 mm|2900", "Drill 6 mm|钻头 6 mm|420",
		"Drill 10 mm|钻头 10 mm|690", "Tap M6|丝锥 M6|780", "Tap M8|丝锥 M8|960",
		"Torque wrench|扭矩扳手|7400", "Safety gloves|防护手套|390", "Safety glasses|护目镜|520",
		"Grinding disc|砂轮片|310"}},
}

var accounts = []Account{
	{"1000", "Cash", "asset"},
	{"1100", "Accounts receivable", "asset"},
	{"1300", "Inventory", "asset"},
	{"2000", "Accounts payable", "liability"},
	{"3000", "Equity", "equity"},
	{"4000", "Product revenue", "revenue"},
	{"4100", "Service revenue", "revenue"},
	{"5000", "Cost of goods sold", "expense"},
	{"6000", "Payroll", "expense"},
	{"6100", "Logistics", "expense"},
	{"6200", "Overhead", "expense"},
}
