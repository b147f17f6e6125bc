package day

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// What registers (台账) are held to, under names of our own: how many lines each has, in
// how many of them each column says something, and of whom those speak that name somebody.
var (
	linesOfRegister = family{registers + "lines", []string{"form"}, ""}
	cellsOfRegister = family{registers + "cells", []string{"form", "column", "says"}, ""}
)

// registers is how the names of these figures begin.
const registers = "register_"

// naming are the columns that say who, or which department.
var naming = []string{"first_asker", "department", "person", "handler_signature", "by", "to"}

// formBody is a register there is. The columns without a field are what every line
// begins with.
type formBody struct {
	Form    string `json:"form"`
	Columns []struct {
		Field string `json:"field"`
	} `json:"columns"`
}

// handoverLog is the register with a line for every note to the next shift.
const handoverLog = "handover_log"

// columns returns the names of the columns of f.
func (f formBody) columns() []string {
	names := []string{"case"}
	if f.Form == handoverLog {
		names = append(names, "handed_over_at", "by", "to")
	}
	for _, c := range f.Columns {
		if c.Field != "" {
			names = append(names, c.Field)
		}
	}
	return names
}

// line counts a line of f, which says something in some of its columns.
func (f formBody) line(to Counts, says map[string]string) {
	to.add(linesOfRegister, f.Form)
	for _, column := range f.columns() {
		switch value := says[column]; {
		case value == "":
		case slices.Contains(naming, column):
			to.add(cellsOfRegister, f.Form, column, value)
		default:
			to.add(cellsOfRegister, f.Form, column, "something")
		}
	}
}

// registers returns the registers there are, and what stands in them.
func (a *api) registers(ctx context.Context) (forms []formBody, counts Counts, err error) {
	var list struct {
		Registers []formBody `json:"registers"`
	}
	language := http.Header{"Accept-Language": {"zh-CN"}}
	if err := a.ask(ctx, http.MethodGet, "/reports/registers", language, nil, &list); err != nil {
		return nil, nil, err
	}
	counts = Counts{}
	for _, f := range list.Registers {
		query, file := window(), []byte(nil)
		query.Set("format", "csv")
		if err := a.ask(ctx, http.MethodGet, "/reports/registers/"+f.Form+"?"+query.Encode(), language, nil, &file); err != nil {
			return nil, nil, err
		}
		lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\uFEFF")))).ReadAll()
		if err != nil || len(lines) == 0 {
			return nil, nil, fmt.Errorf("register %s is no table: %w", f.Form, cmp.Or(err, io.ErrUnexpectedEOF))
		}
		names := f.columns()
		for _, cells := range lines[1:] {
			if len(cells) != len(names) {
				return nil, nil, fmt.Errorf("register %s: a line of %d columns, want %d", f.Form, len(cells), len(names))
			}
			says := map[string]string{}
			for i, name := range names {
				says[name] = cells[i]
			}
			f.line(counts, says)
		}
	}
	return list.Registers, counts, nil
}

// enter counts what has to stand in registers of those forms, by what the ledgers of all
// cases say.
func enter(forms []formBody, all []caseBody, d directoryBody, at time.Time) Counts {
	counts := Counts{}
	for _, c := range all {
		r := &reader{caseBody: c, counts: Counts{}, cards: newDealt(), of: map[string]string{}, at: at}
		r.read()
		says := r.says(d)
		for _, f := range forms {
			if f.Form != handoverLog {
				if r.isOn(f.Form) {
					f.line(counts, says)
				}
				continue
			}
			for _, n := range r.notes {
				says["handed_over_at"], says["by"], says["to"], says["handover_note"] = "then", n.by, n.to, n.note
				f.line(counts, says)
			}
		}
	}
	return counts
}

// note is what somebody leaves to the next shift.
type note struct{ by, to, note string }

// isOn tells whether the case belongs on a form: every call is registered, and of other
// registers there are those the day has something for.
func (r *reader) isOn(form string) bool {
	switch form {
	case "first_ask_register":
		return true
	case "important_matters", "major_complaint_report":
		return r.File.Matter.Class == major
	case "slip":
		return len(r.handed) > 0
	case "receipt":
		return r.registered
	case "pickup_register":
		return r.handled
	}
	return false
}

// says is what the case says in the columns of registers.
func (r *reader) says(d directoryBody) map[string]string {
	says := map[string]string{
		"case": r.Number, "contact_time": "then", "channel": "call", "first_asker": r.FirstAsker, "department": d.title(r.department), "person": r.Handler,
	}
	tick := func(is bool, columns ...string) {
		for _, c := range columns {
			if is {
				says[c] = "yes"
			}
		}
	}
	tick(r.registered, "caller_name", "caller_phone", "content", "read_back", "receipt_number")
	tick(r.File.Matter.Class != "", "class")
	tick(r.result, "result")
	tick(r.visited, "visit_record")
	tick(r.signed, "department_signature")
	tick(r.returned != nil, "opinion")
	tick(r.promised, "promised")
	if n := len(r.handed); n > 0 {
		says["handler_signature"] = r.handed[n-1].by
	}
	if n := len(r.notes); n > 0 {
		says["handover_note"] = r.notes[n-1].note
	}
	return says
}
