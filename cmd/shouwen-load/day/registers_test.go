package day

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRegistersAreHeldToTheLedgers: what stands in them line by line, and what should.
func TestRegistersAreHeldToTheLedgers(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/reports/registers", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"registers": [
			{"form": "first_ask_register", "columns": [{"title": "工单编号"}, {"field": "contact_time"}, {"field": "first_asker"}, {"field": "department"}, {"field": "result"}]},
			{"form": "slip", "columns": [{"title": "工单编号"}, {"field": "department"}, {"field": "handler_signature"}, {"field": "opinion"}, {"field": "department_signature"}]},
			{"form": "handover_log", "columns": [{"title": "工单编号"}, {"title": "交接时间"}, {"title": "交班人"}, {"title": "接班人"}, {"field": "handover_note"}]},
			{"form": "important_matters", "columns": [{"title": "工单编号"}, {"field": "visit_record"}]}
		]}`)
	})
	files := map[string]string{
		"first_ask_register": "工单编号,时间,首问,部门,结果\r\n1,09:00,1001,,已说明\r\n2,09:00,1001,供水处,\r\n",
		"slip":               "工单编号,部门,经办,意见,签收\r\n2,供水处,1901,不属于,10:30\r\n",
		"handover_log":       "工单编号,交接时间,交班人,接班人,内容\r\n2,17:00,1001,1002,继续\r\n2,17:05,1002,1001,再办\r\n",
		"important_matters":  "工单编号,回访\r\n1,已解决\r\n",
	}
	mux.HandleFunc("/reports/registers/{form}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "\uFEFF", files[r.PathValue("form")]) })
	s := httptest.NewServer(mux)
	defer s.Close()
	a := &api{base: s.URL}
	forms, stands, err := a.registers(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	answered := caseBody{Number: "1", State: "closed", Opened: *at(0), FirstAsker: "1001", Events: ledger(t, "3 registered", "4 replied", `20 visited {"answered": true, "solved": true}`, "21 closed")}
	answered.File.Matter.Class = major
	passed := caseBody{Number: "2", State: "accepted", Opened: *at(0), FirstAsker: "1001", Department: "water", Handler: "2001", Events: ledger(t, "3 registered", `5 handed_over {"department": "roads"}`, "6 returned",
		`7 arbitrated {"department": "water"}`, "90 accepted", "91 reported", `92 visited {"answered": true, "solved": false}`,
		`480 handed_off {"to": "1002", "note": "继续"}`, `485 handed_off {"to": "1001", "note": "再办"}`)}
	passed.Events[3].By, passed.Events[7].By, passed.Events[8].By = "1901", "1001", "1002"
	own := enter(forms, []caseBody{answered, passed}, directoryBody{Departments: []departmentBody{{Name: "water", Title: "供水处"}}}, *at(500))
	if diff := cmp.Diff(stands, own); diff != "" || own[`register_lines{form="handover_log"}`] != 2 || own[`register_cells{form="slip",column="handler_signature",says="1901"}`] != 1 {
		t.Errorf("%s%v", diff, own)
	}

	files["slip"] = strings.Replace(files["slip"], "供水处", "供热处", 1)
	files["handover_log"], _, _ = strings.Cut(files["handover_log"], "2,17:05")
	if _, stands, err = a.registers(t.Context()); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range differences(own, stands, "registers") {
		names = append(names, fmt.Sprint(d.Figure, d.Own-d.Server))
	}
	want := []string{
		`register_cells{form="handover_log",column="by",says="1002"}1`, `register_cells{form="handover_log",column="case",says="something"}1`,
		`register_cells{form="handover_log",column="handed_over_at",says="something"}1`, `register_cells{form="handover_log",column="handover_note",says="something"}1`,
		`register_cells{form="handover_log",column="to",says="1001"}1`,
		`register_cells{form="slip",column="department",says="供水处"}1`, `register_cells{form="slip",column="department",says="供热处"}-1`,
		`register_lines{form="handover_log"}1`,
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	for _, broken := range []string{"", "工单编号,部门\r\n1,供水处\r\n", "工单\"编号,\r\n"} {
		files["slip"] = broken
		if _, _, err := a.registers(t.Context()); err == nil {
			t.Errorf("%q is a register", broken)
		}
	}
}
