package day

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// What scorecards are held to, under names of our own: every figure there is on a card,
// by the name the API has for it, of each person, of each department, and in all.
var (
	cardOfPerson     = family{cards + "person", []string{"user", "of"}, ""}
	cardOfDepartment = family{cards + "department", []string{"department", "of"}, ""}
	cardOfAll        = family{cards + "all", []string{"of"}, ""}
)

// cards is how the names of these figures begin.
const cards = "scorecard_"

// behind are the clocks of the profile that run against a department.
var behind = map[string]bool{"accept": true, "handle": true, "result_to_first_asker": true, "press": true}

type timingBody struct {
	Due  int `json:"due"`
	Late int `json:"late"`
}

type cardBody struct {
	Who          string     `json:"who"`
	FirstAsked   int        `json:"first_asked"`
	Kept         int        `json:"kept"`
	HandedOver   int        `json:"handed_over"`
	Misrouted    int        `json:"misrouted"`
	Repeated     int        `json:"repeated"`
	Received     int        `json:"received"`
	Returned     int        `json:"returned"`
	Overruled    int        `json:"overruled"`
	AsFirstAsker timingBody `json:"as_first_asker"`
	AsHandler    timingBody `json:"as_handler"`
	Answers      int        `json:"answers"`
	Satisfied    int        `json:"satisfied"`
	Mean         float64    `json:"mean_answer"`
}

// counts adds what stands on the card, of a family whose labels begin with values.
func (c cardBody) counts(to Counts, f family, values ...string) {
	for of, n := range map[string]int{
		"first_asked": c.FirstAsked, "kept": c.Kept, "handed_over": c.HandedOver, "misrouted": c.Misrouted, "repeated": c.Repeated,
		"received": c.Received, "returned": c.Returned, "overruled": c.Overruled,
		"front_due": c.AsFirstAsker.Due, "front_late": c.AsFirstAsker.Late, "behind_due": c.AsHandler.Due, "behind_late": c.AsHandler.Late,
		"answers": c.Answers, "satisfied": c.Satisfied, "mean_hundredths": int(math.Round(100 * c.Mean)),
	} {
		to.sum(n, f, append(slices.Clip(values), of)...)
	}
}

// window is the days of a report that has everything, whatever zone the server is in.
func window() url.Values {
	day := func(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }
	return url.Values{"from": {day(-30)}, "until": {day(2)}}
}

// scorecards returns what stands on the scorecards, and the moment it was so.
func (a *api) scorecards(ctx context.Context) (Counts, time.Time, error) {
	var body struct {
		At          time.Time  `json:"at"`
		People      []cardBody `json:"people"`
		Departments []cardBody `json:"departments"`
		All         cardBody   `json:"all"`
		Unowned     int        `json:"unowned"`
	}
	if err := a.ask(ctx, http.MethodGet, "/scorecards?"+window().Encode(), nil, nil, &body); err != nil {
		return nil, body.At, err
	}
	counts := Counts{}
	for _, c := range body.People {
		c.counts(counts, cardOfPerson, c.Who)
	}
	for _, c := range body.Departments {
		c.counts(counts, cardOfDepartment, c.Who)
	}
	body.All.counts(counts, cardOfAll)
	counts.sum(body.Unowned, cardOfAll, "unowned")
	return counts, body.At, nil
}

// dealt are the cards as they are put together, from what the ledgers say.
type dealt struct {
	people, departments map[string]*cardBody
	all                 cardBody
	unowned             int
	said                map[*cardBody]int // sum of the answers
}

func newDealt() *dealt {
	return &dealt{people: map[string]*cardBody{}, departments: map[string]*cardBody{}, said: map[*cardBody]int{}}
}

// to has something put on the cards of a user, of a department and of all.
func (d *dealt) to(user, department string, put func(*cardBody)) {
	put(&d.all)
	on(d.people, user, put)
	on(d.departments, department, put)
}

// on has something put on a card; that of nobody there is not.
func on(cards map[string]*cardBody, who string, put func(*cardBody)) {
	if who == "" {
		return
	}
	if cards[who] == nil {
		cards[who] = &cardBody{}
	}
	put(cards[who])
}

// hears has what a caller said put on cards.
func (d *dealt) hears(said int) func(*cardBody) {
	return func(c *cardBody) {
		c.Answers++
		if said >= 4 {
			c.Satisfied++
		}
		d.said[c] += said
		c.Mean = float64(d.said[c]) / float64(c.Answers)
	}
}

func (d *dealt) counts(to Counts) {
	for user, c := range d.people {
		c.counts(to, cardOfPerson, user)
	}
	for department, c := range d.departments {
		c.counts(to, cardOfDepartment, department)
	}
	d.all.counts(to, cardOfAll)
	to.sum(d.unowned, cardOfAll, "unowned")
}

// worker is the user who works on the case for a department, or who answers for it.
func (r *reader) worker() string {
	if r.department != "" {
		return r.Handler
	}
	return r.Responsible
}

// overruled tells whether the arbiter has given the case to who gave it back.
func (r *reader) overruled() bool {
	return r.returned != nil && r.arbiter != "" && r.department == r.returned.department
}

// card puts the case on the scorecards; its ledger has been read.
func (r *reader) card(all []caseBody) {
	if r.Responsible == "" && !r.over() {
		r.cards.unowned++
	}
	passed := len(r.handed) > 0
	if r.FirstAsker != "" {
		r.cards.to(r.FirstAsker, cmp.Or(r.of[r.FirstAsker], nobodys), func(c *cardBody) {
			c.FirstAsked++
			c.Kept += one(!passed && slices.Contains([]string{"replied", "visited", "closed"}, r.State))
			c.HandedOver += one(passed)
			c.Misrouted += one(r.returned != nil && r.returned.code == "not_ours" && !r.overruled())
			c.Repeated += one(r.comesUpAgain(all))
			if r.said != nil {
				r.cards.hears(*r.said)(c)
			}
		})
	}
	had := map[string]bool{}
	for _, h := range r.handed {
		if !had[h.department] {
			r.received(h.department)
		}
		had[h.department] = true
	}
	if r.returned != nil {
		r.cards.to(r.returned.by, r.returned.department, func(c *cardBody) {
			c.Returned++
			c.Overruled += one(r.overruled())
		})
	}
}

// received puts on the cards that a department got the case. What the caller said of it
// he said of who has it in the end, too; in all he said it once.
func (r *reader) received(department string) {
	user := ""
	if department == r.department {
		user = r.worker()
	}
	r.cards.to(user, department, func(c *cardBody) { c.Received++ })
	if r.said != nil && department == r.department && user != r.FirstAsker {
		on(r.cards.people, user, r.cards.hears(*r.said))
		on(r.cards.departments, department, r.cards.hears(*r.said))
	}
}

// comesUpAgain tells whether the caller's next case about the same came within a week.
func (r *reader) comesUpAgain(all []caseBody) bool {
	about := r.File.Matter.Category
	return about != "" && slices.ContainsFunc(all, func(e caseBody) bool {
		return e.Call.Caller.E164 == r.Call.Caller.E164 && e.File.Matter.Category == about &&
			e.Opened.After(r.Opened) && !e.Opened.After(r.Opened.AddDate(0, 0, 7))
	})
}

// timed puts a clock on the cards that was met, or is late.
func (r *reader) timed(k clockBody, stopped, late bool) {
	if !late && !(stopped && k.State == "stopped") {
		return
	}
	user, at := r.Responsible, r.at
	department := cmp.Or(r.of[user], nobodys)
	if behind[k.Kind] {
		if stopped {
			at = *k.Stopped
		}
		user, department = r.worker(), r.deskAt(at, user)
	}
	r.cards.to(user, department, func(c *cardBody) {
		timing := &c.AsFirstAsker
		if behind[k.Kind] {
			timing = &c.AsHandler
		}
		timing.Due++
		timing.Late += one(late)
	})
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}
