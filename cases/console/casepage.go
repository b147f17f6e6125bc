package console

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/cases/store"
)

// casePage is one case: what it is about, what may be done, and its ledger.
type casePage struct {
	cases.Case
	At         time.Time
	Now        nowPart
	Done       cases.MoveKind // the move that led here; empty: none
	Matter     []entry
	Know       knowPage    // of its category
	Next       cases.Clock // that is due first; zero: none
	Ledger     []eventBody
	Chain      chainBody
	Recordings []store.Recording
	Clocks     []clockBody
	First      []moveForm  // what whoever looks does next
	Rest       []moveForm  // and what else he may do
	Prints     []reportRow // forms it belongs on
}

// entry is a line of what is on record.
type entry struct{ Label, Value string }

func (x *site) caseDetail(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
	defer cancel()
	n := cases.CaseNumber(r.PathValue("number"))
	c, ledger, err := x.caseSeen(ctx, n)
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		if v := viewerOf(ctx); slices.ContainsFunc(x.Calls(), func(k Call) bool { return k.Case == n && (v.User == "" || k.Agent == v.User) }) {
			x.render(w, r, http.StatusOK, "soon", soonPage{n, x.nowOf(v, x.present()).at(n)})
			return
		}
		x.fail(w, r, code)
		return
	}
	x.showCase(w, r.WithContext(ctx), http.StatusOK, c, ledger, nil)
}

// soonPage is a case that was opened this moment: it is in the journal, and not yet, or
// while the database is away, in the database.
type soonPage struct {
	Number cases.CaseNumber
	Now    nowPart
}

// showCase answers with the page of a case; with a form that was refused as it was
// filled in.
func (x *site) showCase(w http.ResponseWriter, r *http.Request, status int, c cases.Case, ledger []cases.Event, refused *moveForm) {
	recordings, err := x.Store.Recordings(r.Context(), c.Number)
	if code := x.health.status(err, x.Log); code != http.StatusOK {
		x.fail(w, r, code)
		return
	}
	l := languageOf(r)
	page := casePage{
		Case: c, At: x.Now(), Now: x.nowOf(viewerOf(r.Context()), x.present()).at(c.Number), Matter: x.matter(c, l), Next: firstDue(c),
		Ledger: eventsOf(c, ledger), Chain: chainOf(c, ledger), Recordings: recordings, Prints: x.formsOf(c, l),
		Clocks: mapped(c.Clocks, func(k cases.Clock) clockBody { return x.clockOf(k, l) }),
	}
	if kind := cases.MoveKind(r.URL.Query().Get("done")); r.Method == http.MethodGet && slices.Contains(cases.MoveKinds(), kind) {
		page.Done = kind
	}
	slices.SortStableFunc(page.Clocks, func(a, b clockBody) int { return cmp.Compare(clockOrder(a), clockOrder(b)) })
	if category := c.File.Matter.Category; category != "" {
		page.Know.Topics = x.know(x.topicsOf("", category, ""))
	}
	page.First, page.Rest = x.formsFor(r.Context(), c, l).all()
	if refused != nil {
		page.put(*refused)
	}
	x.render(w, r, status, "case", page)
}

// put shows a form that was refused instead of the empty one, and no other open.
func (p *casePage) put(refused moveForm) {
	for _, list := range [][]moveForm{p.First, p.Rest} {
		for i, f := range list {
			if list[i].Open = false; f.Kind == refused.Kind {
				list[i] = refused
				return
			}
		}
	}
	p.First = append([]moveForm{refused}, p.First...) // it was there when he began
}

// clockOrder puts what runs before what has stopped.
func clockOrder(k clockBody) int {
	return slices.Index([]string{clockRunning, clockPaused, clockStopped, clockCancelled}, k.State)
}

// matter is what is on record of the matter, without what the page says elsewhere.
func (x *site) matter(c cases.Case, l lang) (all []entry) {
	m, f, lang := c.File.Matter, c.File, string(l)
	add := func(label, value string) {
		if value != "" {
			all = append(all, entry{label, value})
		}
	}
	class, _ := x.Store.Rules.Policy.Class(m.Class)
	add(l.field("", "content"), m.Content)
	add(l.field("", "name"), m.Name)
	add(l.field("", "phone"), m.Phone)
	add(l.field("", "address"), m.Address)
	add(l.field("", "organisation"), m.Organisation)
	add(l.field("", "class"), class.Title.In(lang))
	for _, field := range slices.Sorted(maps.Keys(m.Fields)) {
		add(l.field("", field), m.Fields[field])
	}
	for _, flag := range m.Flags {
		add(l.word("flag"), wordOf(cases.Choices(flag), string(flag), lang))
	}
	if f.Promise != nil {
		add(l.term("move", "promise"), f.Promise.What+" · "+f.Promise.Due.In(x.zone()).Format("2006-01-02 15:04"))
	}
	add(l.term("move", "wait"), f.Waiting)
	if f.Shift != nil {
		add(l.term("move", "hand_off"), f.Shift.To+": "+f.Shift.Note)
	}
	if f.Returned != nil {
		add(l.term("move", "return"), f.Returned.Opinion)
	}
	if f.Result != nil {
		add(l.field("", "result"), f.Result.Result)
	}
	return all
}

func wordOf(all []cases.Choice, value, lang string) string {
	for _, c := range all {
		if c.Value == value {
			return c.In(lang)
		}
	}
	return value
}
