package cases_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

// TestWhoMayMakeWhichMove has every move and every role: a case that agent asker took
// and that department repairs has.
func TestWhoMayMakeWhichMove(t *testing.T) {
	r := rulebook(t, "property_csc")
	c := openedBy("asker", t0, r)
	c.Department, c.Handler = "repairs", "smith"
	states := []cases.State{
		cases.Open, cases.Registered, cases.Solved, cases.HandedOver, cases.Accepted, cases.ResultIn, cases.Replied, cases.Visited,
		cases.Closed, cases.Refused, cases.Withdrawn, cases.Merged,
	}
	var got strings.Builder
	for _, kind := range cases.MoveKinds() {
		var may []string
		for _, a := range cast {
			if slices.ContainsFunc(states, func(s cases.State) bool {
				c.State = s
				return slices.Contains(c.Moves(a, r.Policy), kind)
			}) {
				may = append(may, a.User)
			}
		}
		var where []string
		for _, s := range states {
			c.State = s
			if slices.ContainsFunc(cast, func(a cases.Actor) bool { return slices.Contains(c.Moves(a, r.Policy), kind) }) {
				where = append(where, string(s))
			}
		}
		fmt.Fprintf(&got, "%s: %s | %s\n", kind, strings.Join(may, " "), strings.Replace(strings.Join(where, " "), live, "live", 1))
	}
	if diff := cmp.Diff(strings.TrimSpace(whoMay), strings.TrimSpace(got.String())); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

const live = "open registered solved handed_over accepted result_in replied visited"

// whoMay is, of every move, who may make it anywhere, and where anybody may: asker is
// first-asker, other another agent, smith handles it for repairs, boss leads repairs,
// clerk is of another department, chief supervises.
const whoMay = `
accept: smith boss | handed_over
adopt: boss chief | live
alarm: asker other smith boss chief judge centre | live
answer: asker smith boss chief centre | live
arbitrate: judge | registered
arrive: asker other smith boss chief judge centre | live
assign: smith boss | handed_over accepted
attempt: asker other smith boss chief judge centre | live
classify: asker smith boss chief centre | live
close: asker chief | live
complain: asker other smith boss chief judge centre | live
confirm: asker smith boss chief | live
consult: asker smith boss chief centre | live
contact: asker other smith boss chief judge centre | live
cover: asker other smith boss chief judge centre | live
decide: boss chief | live
deliver: asker smith boss chief centre | live
enter: asker chief | result_in replied visited
entrust: asker other smith boss chief judge centre | live
escalate: asker smith boss chief centre | live
extend: asker smith boss chief centre | live
file: asker smith boss chief centre | live
find: asker other smith boss chief judge centre | live
finish: asker other smith boss chief judge centre | live
hand_off: asker smith boss chief centre | live
hand_over: asker chief centre | registered solved
inquiry: boss chief centre | live
join: asker smith boss chief | registered handed_over accepted
keep: asker smith boss chief centre | live
merge: asker chief | open registered
notify: asker smith boss chief centre | live
order: boss chief | live
press: asker chief | live
promise: asker smith boss chief centre | live
propose: asker smith boss chief centre | live
reassign: asker smith boss chief centre | live
refer_out: asker smith chief | live
refuse: boss chief | registered solved handed_over accepted result_in
register: asker other smith boss chief judge centre | live
relay: asker | live
reopen: asker chief | solved replied visited closed refused withdrawn
reply: asker chief | registered solved accepted result_in replied
report: smith boss | accepted
resume: asker smith boss chief centre | live
return: smith boss | handed_over accepted
solve: asker smith chief centre | registered
take:  | 
tell: asker smith boss chief centre | live
verify: chief centre | live closed refused withdrawn
violation: asker other smith boss chief judge centre | live
visit: asker chief | replied visited
wait: asker smith boss chief centre | live
withdraw: asker chief | live
`
