package call

import (
	"testing"
	"testing/synctest"

	"shouwen/sip"
)

// asker is a call on paper that wants what another has.
type asker struct {
	id     string
	firm   bool
	events chan *event
	got    given
	gave   bool
}

// run is what owners do: they ask, then deal with what came meanwhile.
func (a *asker) run(of *asker, stop <-chan struct{}) {
	ask := func(what any) bool {
		of.events <- &event{kind: evAgentAsked, sip: sip.Asked{What: what}}
		return true
	}
	got, late := demand(ask, wanted{call: a.id, firm: a.firm}, a.events)
	a.got = got
	answer := func(e *event) {
		w, ok := wantedBy(e)
		switch {
		case !ok:
		case a.firm:
			w.reply(given{status: nobodys})
		case got.party == nil && !a.gave: // else its two are one call
			a.gave = w.reply(given{party: &party{User: a.id}})
		default:
			w.reply(given{status: 481})
		}
	}
	for _, e := range late {
		answer(e)
	}
	for {
		select {
		case e := <-a.events:
			answer(e)
		case <-stop:
			return
		}
	}
}

// TestGlare: of two calls that want each other's party at the same moment one has it,
// at once, and the other is told why not.
func TestGlare(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		one, two asker
		status   int // of the one that gets nothing
	}{
		"two between extensions":     {asker{id: "1"}, asker{id: "2"}, 491},
		"a caller's is the older":    {asker{id: "1", firm: true}, asker{id: "2"}, nobodys},
		"a caller's is the younger":  {asker{id: "2", firm: true}, asker{id: "1"}, nobodys},
		"two callers'":               {asker{id: "1", firm: true}, asker{id: "2", firm: true}, nobodys},
		"the older asks as a second": {asker{id: "1"}, asker{id: "2"}, 491},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				one, two := tt.one, tt.two
				one.events, two.events = make(chan *event, 32), make(chan *event, 32)
				stop := make(chan struct{})
				go two.run(&one, stop)
				if name == "the older asks as a second" {
					synctest.Wait()
				}
				go one.run(&two, stop)
				synctest.Wait()
				close(stop)
				synctest.Wait()
				if one.firm && two.firm {
					if one.got.status != nobodys || two.got.status != nobodys {
						t.Errorf("they got %+v and %+v", one.got, two.got)
					}
					return
				}
				if one.got.party == nil || one.got.party.User != two.id || one.gave {
					t.Errorf("the first got %+v and gave: %t", one.got, one.gave)
				}
				if two.got.party != nil || two.got.status != tt.status && two.got.status != 491 || !two.gave {
					t.Errorf("the second got %+v and gave: %t", two.got, two.gave)
				}
			})
		})
	}
}
