package console

import (
	"context"
	"net/http"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
)

// printPage is a form of one case, or of an inspection, on paper: A4, as often as it has copies.
type printPage struct {
	Back    string // the page it is of
	Of      string // what it is of: case or inspection
	Number  string
	Title   string
	Printed time.Time
	Copies  []int // their numbers
	Lines   []printLine
	Chain   []printHolding // of a slip
	Signers []printLine    // who signs, and who is to be on record as having done so
	Rules   []string
}

type printLine struct{ Title, Value string }

// printHolding is a passing of a slip, which both sides sign (S33-R9).
type printHolding struct {
	At                   string
	How                  cases.EventKind
	By, To, Depart, Said string
}

// printForm answers with a form of a case to be printed and signed.
func (x *site) printForm(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	c, ledger, err := x.caseSeen(ctx, cases.CaseNumber(r.PathValue("number")))
	form, known := x.Store.Rules.Policy.Form(r.PathValue("form"))
	if err == nil && !known {
		err = store.ErrNotFound
	}
	var page printPage
	if err == nil {
		page, err = x.printed(c, ledger, form, languageOf(r))
	}
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	x.render(w, r, http.StatusOK, "print", page)
}

func (x *site) printed(c cases.Case, ledger []cases.Event, form cases.Form, l lang) (printPage, error) {
	reader := x.reader(l)
	p := printPage{Back: "/cases/" + string(c.Number), Of: l.word("case"), Number: string(c.Number), Title: form.Title.In(string(l)), Printed: x.Now(), Rules: form.Rules}
	for i := range max(1, form.Copies) {
		p.Copies = append(p.Copies, i+1)
	}
	register := c.Register()
	line := reader.Line(form, c, nil, "", time.Time{})[1:]
	for i, column := range form.Columns {
		if !column.Signed() {
			p.Lines = append(p.Lines, printLine{column.Words().In(string(l)), line[i]})
		}
	}
	for _, s := range form.Signers() {
		p.Signers = append(p.Signers, printLine{s.Words().In(string(l)), reader.Write(s, register[s])})
	}
	if form.Form != cases.FormSlip {
		return p, nil
	}
	chain, _, err := cases.Trace(ledger)
	if err != nil {
		return p, err
	}
	for _, h := range chain {
		p.Chain = append(p.Chain, printHolding{h.From.In(reader.Zone).Format("2006-01-02 15:04"), h.How, reader.Name(h.By), reader.Name(h.User), reader.Title(h.Department), h.Said})
	}
	return p, nil
}

// formsOf are the forms c belongs on, to be printed.
func (x *site) formsOf(c cases.Case, l lang) (all []reportRow) {
	for _, f := range x.Store.Rules.Policy.AllForms() {
		if f.Holds(c, x.Store.Rules.Policy) {
			all = append(all, reportRow{Form: f.Form, Title: f.Title.In(string(l))})
		}
	}
	return all
}
