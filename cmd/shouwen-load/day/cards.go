package day

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// What scorecards are held to, under names of our own: how many cases somebody was first
// asked in, kept and handed over, how many a department received, and of all people
// together the clocks in front of departments and behind them, and what callers said.
var (
	cardOfAsker      = family{cards + "first_asker", []string{"user", "of"}, ""}
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
	Who        string     `json:"who"`
	FirstAsked int        `json:"first_asked"`
	Kept       int        `json:"kept"`
	HandedOver int        `json:"handed_over"`
	Received   int        `json:"received"`
	Front      timingBody `json:"as_first_asker"`
	Behind     timingBody `json:"as_handler"`
	Answers    int        `json:"answers"`
	Satisfied  int        `json:"satisfied"`
}

// scorecards returns what the scorecards of these days say.
func (a *api) scorecards(ctx context.Context) (Counts, error) {
	day := func(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) } // whatever zone the server is in
	var body struct {
		People      []cardBody `json:"people"`
		Departments []cardBody `json:"departments"`
		All         cardBody   `json:"all"`
	}
	query := url.Values{"from": {day(-30)}, "until": {day(2)}}
	if err := a.ask(ctx, http.MethodGet, "/scorecards?"+query.Encode(), nil, nil, &body); err != nil {
		return nil, err
	}
	counts := Counts{}
	for _, c := range body.People {
		counts[cardOfAsker.of(c.Who, "first_asked")] = c.FirstAsked
		counts[cardOfAsker.of(c.Who, "kept")] = c.Kept
		counts[cardOfAsker.of(c.Who, "handed_over")] = c.HandedOver
	}
	for _, c := range body.Departments {
		counts[cardOfDepartment.of(c.Who, "received")] = c.Received
	}
	for of, n := range map[string]int{
		"front_due": body.All.Front.Due, "front_late": body.All.Front.Late, "behind_due": body.All.Behind.Due, "behind_late": body.All.Behind.Late,
		"answers": body.All.Answers, "satisfied": body.All.Satisfied,
	} {
		counts[cardOfAll.of(of)] = n
	}
	return counts, nil
}

// card counts the case for the scorecards; its ledger has been read.
func (r *reader) card() {
	for department := range r.received {
		r.counts.add(cardOfDepartment, department, "received")
	}
	if r.FirstAsker == "" {
		return
	}
	r.counts.add(cardOfAsker, r.FirstAsker, "first_asked")
	switch {
	case r.handed > 0:
		r.counts.add(cardOfAsker, r.FirstAsker, "handed_over")
	case r.State == "replied" || r.State == "visited" || r.State == "closed":
		r.counts.add(cardOfAsker, r.FirstAsker, "kept")
	}
	if r.said != nil {
		r.counts.add(cardOfAll, "answers")
		if *r.said >= 4 {
			r.counts.add(cardOfAll, "satisfied")
		}
	}
}

// decided counts a clock for the scorecards that was met or breached.
func (r *reader) decided(clock string, late bool) {
	side := "front"
	if behind[clock] {
		side = "behind"
	}
	r.counts.add(cardOfAll, side+"_due")
	if late {
		r.counts.add(cardOfAll, side+"_late")
	}
}
