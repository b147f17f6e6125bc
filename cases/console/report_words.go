package console

// reportWords are the texts of reports and printed forms.
var reportWords = map[string][2]string{
	"reports":          {"报表与台账", "Reports"},
	"registers":        {"台账", "Registers"},
	"register":         {"台账", "Register"},
	"columns":          {"栏目", "Columns"},
	"first day":        {"起始日", "First day"},
	"last day":         {"截止日", "Last day"},
	"download":         {"下载", "Download"},
	"forms":            {"打印表单", "Forms to print"},
	"back to the case": {"返回工单", "Back to the case"},
	"print it":         {"请用浏览器打印", "Print this page with your browser"},
	"copy":             {"联次", "Copy"},
	"at":               {"时间", "Time"},
	"event":            {"事项", "What"},
	"passed by":        {"交出人", "Passed on by"},
	"taken by":         {"接收", "To"},
	"opinion":          {"意见", "Opinion"},
	"both sign":        {"双方签字", "Both sign"},
	"on record":        {"系统记录", "On record"},
	"date":             {"日期", "Date"},
	"printed":          {"打印时间", "Printed"},
}
