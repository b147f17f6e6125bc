package console

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"shouwen/cases"
)

// withRegisters is a console whose cases are worth a register: one handed over and given
// back, a complaint about clerk, and a call nobody answered.
func withRegisters(t *testing.T) *Server {
	t.Helper()
	st, s := hotline(t, answered(1, from("+861055550101"), "clerk"), answered(2, from("+861055550102"), "aide"), missed(3, from("+861055550103"), noon.Add(time.Hour)))
	at := noon.Add(5 * time.Minute)
	moves(t, st, "261123-1-0001", "clerk", at, cases.Registration{Name: "=cmd|' /C calc'!A0", Phone: "+861055550101", Content: "三楼停水\n+二楼", ReadBack: true},
		cases.HandOver{Department: "repairs", Person: "chief", Mode: cases.WarmRequired, Reached: true, Told: []cases.Told{"department", "contact"}})
	moves(t, st, "261123-1-0001", "chief", at.Add(time.Minute), cases.Return{Code: "not_ours", Opinion: "供水公司负责"})
	moves(t, st, "261123-1-0001", "clerk", at.Add(2*time.Minute), cases.HandOff{To: "aide", Note: "等供水公司回电"}, cases.HandOff{To: "aide", Note: "已催"})
	moves(t, st, "261123-1-0002", "aide", at, cases.Registration{Name: "李", Content: "态度差", ReadBack: true}, cases.Complain{Accused: "clerk"})
	return s
}

const november = "?from=2026-11-01&until=2026-11-30"

// fetched returns the file somebody asks for, and checks what it says of it.
func fetched(t *testing.T, h http.Handler, target, who, file string) []byte {
	t.Helper()
	r := ask(h, "GET", target, "", "Authorization", "Bearer "+token, byHeader, who)
	body := text(t, r)
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Disposition") != `attachment; filename="`+file+`"` {
		t.Fatalf("%s: %s, %v: %s", target, r.Status, r.Header, body)
	}
	return []byte(body)
}

func readCSV(t *testing.T, b []byte) [][]string {
	t.Helper()
	b, marked := bytes.CutPrefix(b, []byte("\uFEFF"))
	if !marked {
		t.Error("no byte order mark")
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func readXLSX(t *testing.T, b []byte) (rows, notes [][]string) {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	sheets := book.GetSheetList()
	if len(sheets) != 2 {
		t.Fatalf("sheets %v", sheets)
	}
	if rows, err = book.GetRows(sheets[0]); err != nil {
		t.Fatal(err)
	}
	if notes, err = book.GetRows(sheets[1]); err != nil {
		t.Fatal(err)
	}
	for i := range rows { // what is empty at the end of a row is left out
		for len(rows[i]) < len(rows[0]) {
			rows[i] = append(rows[i], "")
		}
	}
	return rows, notes
}

// TestRegistersAreFiles: S02-R12 the first-ask register with the columns the profile
// names, as CSV and XLSX alike; S02-R15 with what is still missing left empty; nothing in
// it is a formula.
func TestRegistersAreFiles(t *testing.T) {
	t.Parallel()
	s := withRegisters(t)
	h := s.Handler()
	want := [][]string{
		{"case", "time of contact", "caller's name", "caller's phone", "content", "read-back confirmed", "reason code", "department", "contact given to the caller", "leader consulted", "result"},
		{"261123-1-0001", "2026-11-23 12:01", "=cmd|' /C calc'!A0", "+861055550101", "三楼停水\n+二楼", "yes", "not ours", "", "yes", "", ""},
		{"261123-1-0002", "2026-11-23 12:02", "李", "+861055550102", "态度差", "yes", "", "", "", "", ""},
		{"261123-1-0003", "2026-11-23 12:03", "", "", "", "", "", "", "", "", ""},
	}
	const register = "/api/v1/reports/registers/first_ask_register" + november + "&format="
	english := []string{"Accept-Language", "en"}
	r := ask(h, "GET", register+"xlsx", "", append(english, "Authorization", "Bearer "+token, byHeader, "qian")...)
	rows, notes := readXLSX(t, []byte(text(t, r)))
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("xlsx: -want +got\n%s", diff)
	}
	if i := slices.IndexFunc(notes, func(n []string) bool { return n[0] == "caller's phone" }); i < 0 || notes[i][1] != "S02-R12" {
		t.Errorf("notes %q", notes)
	}
	want[1][2], want[1][3], want[2][3] = "'=cmd|' /C calc'!A0", "'+861055550101", "'+861055550102"
	r = ask(h, "GET", register+"csv", "", append(english, "Authorization", "Bearer "+token, byHeader, "qian")...)
	body := text(t, r)
	if r.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" || !strings.Contains(body, "\r\n") {
		t.Errorf("header %v", r.Header)
	}
	if diff := cmp.Diff(want, readCSV(t, []byte(body))); diff != "" {
		t.Errorf("csv: -want +got\n%s", diff)
	}
}

// TestRegistersHaveWhatIsTheirs: S33-R4 slips of what was handed over, S30-R12 every note
// of a shift, in the order they were left; nobody reads a complaint about himself (C27).
func TestRegistersHaveWhatIsTheirs(t *testing.T) {
	t.Parallel()
	s := withRegisters(t)
	of := people
	of.People = slices.Clone(of.People)
	of.People[0].Roles = []cases.Role{cases.RoleSupervisor} // clerk, whom the complaint is about
	s.People = func() cases.Directory { return of }
	h := s.Handler()
	lines := func(form, who string) (all []string) {
		for _, row := range readCSV(t, fetched(t, h, "/api/v1/reports/registers/"+form+november+"&format=csv", who, form+"_2026-11-01_2026-11-30.csv"))[1:] {
			all = append(all, row[0])
		}
		return all
	}
	for _, tt := range []struct {
		form, who string
		want      []string
	}{
		{"first_ask_register", "qian", []string{"261123-1-0001", "261123-1-0002", "261123-1-0003"}},
		{"first_ask_register", "clerk", []string{"261123-1-0001", "261123-1-0003"}},
		{"slip", "qian", []string{"261123-1-0001"}},
		{"important_matters", "qian", nil},
		{"handover_log", "qian", []string{"261123-1-0001", "261123-1-0001"}},
	} {
		if got := lines(tt.form, tt.who); !slices.Equal(got, tt.want) {
			t.Errorf("%s for %s: %v, want %v", tt.form, tt.who, got, tt.want)
		}
	}
	log := readCSV(t, fetched(t, h, "/api/v1/reports/registers/handover_log"+november+"&format=csv", "qian", "handover_log_2026-11-01_2026-11-30.csv"))
	if log[1][1] != "2026-11-23 12:07" || log[1][2] != "王 (clerk)" || log[1][3] != "aide" || log[1][len(log[1])-1] != "等供水公司回电" || log[2][len(log[2])-1] != "已催" {
		t.Errorf("log %q", log)
	}
	accesses := decode[reportAccessesBody](t, askAs(h, "/api/v1/reports/accesses", "qian"), 200).Accesses
	if len(accesses) != 6 || accesses[0].Who != "qian" || accesses[0].File != "handover_log_2026-11-01_2026-11-30.csv" || accesses[0].Lines != 2 {
		t.Errorf("on record %+v", accesses)
	}
}

func TestRegistersAreForThoseWhoOversee(t *testing.T) {
	t.Parallel()
	s := withRegisters(t)
	h := s.Handler()
	for _, target := range []string{"/api/v1/reports/registers", "/api/v1/reports/accesses", "/api/v1/reports/registers/slip" + november} {
		for who, want := range map[string]int{"clerk": 403, "chief": 403, "qian": 200, "sun": 200} {
			if r := ask(h, "GET", target, "", "Authorization", "Bearer "+token, byHeader, who); r.StatusCode != want {
				t.Errorf("%s for %s: %s", target, who, r.Status)
			}
		}
	}
	for target, want := range map[string]struct {
		status   int
		location string
	}{
		"/api/v1/reports/registers/none" + november:                       {404, ""},
		"/api/v1/reports/registers/slip":                                  {422, "query.from"},
		"/api/v1/reports/registers/slip?from=2026-11-31&until=2026-12-01": {422, "query.from"},
		"/api/v1/reports/registers/slip?from=2026-11-02&until=2026-11-01": {422, "query.until"},
		"/api/v1/reports/registers/slip?from=2025-11-01&until=2026-11-30": {422, "query.until"},
		"/api/v1/reports/registers/slip" + november + "&format=pdf":       {422, "query.format"},
	} {
		p := decode[huma.ErrorModel](t, askAPI(h, target), want.status)
		if want.location != "" && (len(p.Errors) == 0 || p.Errors[0].Location != want.location) {
			t.Errorf("%s: %+v", target, p.Errors)
		}
	}
	dead, _ := newServer(deadStore(t))
	if r := askAPI(dead.Handler(), "/api/v1/reports/registers/slip"+november); r.StatusCode != 503 {
		t.Errorf("without the database: %s", r.Status)
	}
	forms := decode[registersBody](t, ask(h, "GET", "/api/v1/reports/registers", "", "Authorization", "Bearer "+token, "Accept-Language", "en"), 200)
	i := slices.IndexFunc(forms.Registers, func(r registerBody) bool { return r.Form == "receipt" })
	if i < 0 || forms.Registers[i].Copies != 2 || !slices.Equal(forms.Registers[i].Columns[1].Rules, []string{"S19-R5"}) {
		t.Errorf("registers %+v", forms)
	}
}

func TestNothingInACSVIsAFormula(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "停水": "停水", "=1+1": "'=1+1", "+86": "'+86", "-1": "'-1", "@x": "'@x", "\t=1": "'\t=1", "＝1": "'＝1", "1=1": "1=1", "'=1": "'=1", "a\x00b": "a\uFFFDb", "\x00=1": "\uFFFD=1", "a\u202Eb": "a\uFFFDb",
		"\n=1": "'\n=1",
	} {
		if got := harmless(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	var b bytes.Buffer
	table, err := newTable(CSV, &b, "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := table.line("-x", -1, nil, 2.5); err != nil {
		t.Fatal(err)
	}
	if err := table.close(nil); err != nil || b.String() != "\uFEFF'-x,-1,,2.5\r\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

// TestFormsArePrintedAndSigned: S33-R9 every passing of a slip has a place for both
// signatures; S19-R5 a receipt is printed twice, one for the caller; S28-R8 he signs.
func TestFormsArePrintedAndSigned(t *testing.T) {
	t.Parallel()
	s := withRegisters(t)
	h := s.Handler()
	page := func(form, who string, want int) string {
		t.Helper()
		r := ask(h, "GET", "/cases/261123-1-0001/forms/"+form+"?lang=en", "", "Cookie", signInAs(t, h, who))
		if r.StatusCode != want {
			t.Fatalf("%s: %s", form, r.Status)
		}
		return text(t, r)
	}
	slip := page("slip", "clerk", 200)
	for _, want := range []string{"供水公司负责", `class="hand"`, "signature of the sender", "signature of the department", "S33-R9", "/static/print.css", "三楼停水\n&#43;二楼"} {
		if !strings.Contains(slip, want) {
			t.Errorf("no %q on the slip:\n%s", want, slip)
		}
	}
	if n := strings.Count(slip, `<td class="hand">`); n != 5 { // picked up, handed over, given back, two shifts
		t.Errorf("%d places to sign:\n%s", n, slip)
	}
	receipt := page("receipt", "clerk", 200)
	if n := strings.Count(receipt, `class="sheet"`); n != 2 || !strings.Contains(receipt, "2 / 2") || strings.Count(receipt, "caller&#39;s signature") != 2 {
		t.Errorf("%d copies of the receipt:\n%s", n, receipt)
	}
	page("none", "clerk", 404)
	offered := text(t, ask(h, "GET", "/cases/261123-1-0001?lang=en", "", "Cookie", signInAs(t, h, "clerk")))
	if !strings.Contains(offered, `href="/cases/261123-1-0001/forms/slip"`) || strings.Contains(offered, "forms/important_matters") {
		t.Errorf("the case offers other forms:\n%s", offered)
	}
	if r := ask(h, "GET", "/cases/261123-1-0002/forms/slip", "", "Cookie", signInAs(t, h, "clerk")); r.StatusCode != 404 {
		t.Errorf("whom the complaint is about gets its slip: %s", r.Status)
	}
}

func TestThePageOfReportsOffersEveryRegister(t *testing.T) {
	t.Parallel()
	s := withRegisters(t)
	h := s.Handler()
	if r := ask(h, "GET", "/reports", "", "Cookie", signInAs(t, h, "clerk")); r.StatusCode != 403 {
		t.Errorf("an agent: %s", r.Status)
	}
	if home := text(t, ask(h, "GET", "/", "", "Cookie", signInAs(t, h, "clerk"))); strings.Contains(home, "/reports") {
		t.Error("an agent is led there")
	}
	cookie := signInAs(t, h, "qian")
	for lang, words := range map[string][]string{"zh": {"首问事项登记", "起始日", "交接班本"}, "en": {"first-ask register", "First day", "shift handover log"}} {
		body := text(t, ask(h, "GET", "/reports?lang="+lang, "", "Cookie", cookie))
		for _, want := range append(words, `action="/api/v1/reports/registers/slip"`, `value="2026-10-01"`, `value="2026-10-31"`, `title="S02-R12"`) {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %q in\n%s", lang, want, body)
			}
		}
	}
	if r := ask(h, "GET", "/api/v1/reports/registers/slip"+november+"&format=csv", "", "Cookie", cookie); r.StatusCode != 200 {
		t.Errorf("downloaded from the page: %s", r.Status)
	}
}
