package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// counting is a node that counts calls to the outside.
type counting struct {
	*store.Store
	t     testing.TB
	known store.Outbound
}

func newCounting(t testing.TB, url string, node int) *counting {
	t.Helper()
	s := storetest.Open(t, url)
	s.Node = node
	if _, err := s.RenewAgents(t.Context(), store.Node{Number: node}, nil, nil, time.Hour); err != nil {
		t.Fatal(err)
	}
	return &counting{s, t, store.Outbound{Began: noon, Since: noon.Add(-time.Hour)}}
}

// settle keeps ours and returns what it learned of others.
func (n *counting) settle(ours ...store.OutboundCall) (learned []store.OutboundCall) {
	n.t.Helper()
	seen, err := n.SettleOutbound(n.t.Context(), n.known, func(others []store.OutboundCall) []store.OutboundCall {
		learned = others
		return ours
	})
	if err != nil {
		n.t.Fatal(err)
	}
	n.known.Seen = seen
	return learned
}

// TestNodesCountCallsToTheOutsideTogether: each learns once what the others count, what is
// up for as long as its node lives, and after a restart what it counted itself.
func TestNodesCountCallsToTheOutsideTogether(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	one, two := newCounting(t, url, 1), newCounting(t, url, 2)
	call := func(n int, up bool, cost int64) store.OutboundCall {
		placed := noon.Add(time.Duration(n) * time.Minute)
		return store.OutboundCall{ID: id(n), Actor: "clerk", Placed: placed, Counted: placed.Add(time.Duration(cost) * time.Second), Cost: cost, Up: up}
	}
	want := func(what string, got []store.OutboundCall, calls ...store.OutboundCall) {
		t.Helper()
		if diff := cmp.Diff(append([]store.OutboundCall{}, calls...), got); diff != "" {
			t.Errorf("%s: -want +got\n%s", what, diff)
		}
	}
	want("nobody has called", one.settle(call(1, true, 1), call(2, false, 5)))
	want("two learns of both", two.settle(), call(1, true, 1), call(2, false, 5))
	want("what is up comes again", two.settle(call(3, true, 1)), call(1, true, 1))
	want("one learns of two's, and nothing of its own", one.settle(call(1, true, 2)), call(3, true, 1))
	want("it costs more", two.settle(), call(1, true, 2))
	want("and ends", one.settle(call(1, false, 2)), call(3, true, 1))
	want("which is told", two.settle(), call(1, false, 2))
	want("once", two.settle())
	db := direct(t, url)
	exec(t, db, `update node_lease set until = now() where node = 2`)
	want("the node of one that is up has died", one.settle(), call(3, false, 1))
	again := newCounting(t, url, 2)
	again.known.Began = noon.Add(time.Hour)
	want("after a restart", again.settle(), call(1, false, 2), call(2, false, 5), call(3, false, 1))
	late := newCounting(t, url, 2)
	late.known.Began, late.known.Since = noon.Add(time.Hour), noon.Add(150*time.Second)
	want("what matters yet", late.settle(), call(3, false, 1))
}

// TestOneNodeCountsAfterTheOther: who wants to count while another does waits, and then sees
// what that one took.
func TestOneNodeCountsAfterTheOther(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	one, two := newCounting(t, url, 1), newCounting(t, url, 2)
	db := direct(t, url)
	taken := store.OutboundCall{ID: id(1), Actor: "clerk", Placed: noon, Counted: noon}
	first, learned := make(chan struct{}), make(chan []store.OutboundCall, 1)
	_, err := one.SettleOutbound(t.Context(), one.known, func([]store.OutboundCall) []store.OutboundCall {
		go func() {
			defer close(learned)
			_, err := two.SettleOutbound(t.Context(), two.known, func(others []store.OutboundCall) []store.OutboundCall {
				close(first)
				learned <- others
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}()
		for waits := 0; waits == 0; {
			select {
			case <-first:
				t.Error("both count at once")
				return nil
			default:
			}
			if err := db.QueryRow(t.Context(), `select count(*) from pg_locks where locktype = 'advisory' and not granted
				and database = (select oid from pg_database where datname = current_database())`).Scan(&waits); err != nil {
				t.Error(err)
				return nil
			}
		}
		return []store.OutboundCall{taken}
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]store.OutboundCall{taken}, <-learned); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	<-learned // closed
}

// TestCallsAboutNoCase: they are on record by their decision, once however often it comes.
func TestCallsAboutNoCase(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	decided := func(n int, user string, reason string) cases.Fact {
		return cases.Fact{ID: id(n), At: noon.Add(time.Duration(n) * time.Minute), Call: id(100 + n), OutboundDecided: &cases.OutboundDecided{
			Actor: user, Number: "+861055550101", Allowed: reason == "allowed", Reason: reason,
		}}
	}
	facts := append(missed(1, "+861055550101"), decided(51, "clerk", "allowed"), decided(52, "boss", "premium"), decided(53, "clerk", "spend"))
	for range 2 { // replayed
		if err := s.Apply(t.Context(), facts); err != nil {
			t.Fatal(err)
		}
	}
	if rejected, err := s.Rejected(t.Context(), 10); err != nil || len(rejected) > 0 {
		t.Fatalf("rejected %+v, %v", rejected, err)
	}
	for _, tt := range []struct {
		user   string
		before time.Duration
		limit  int
		want   []string
	}{
		{"", 24 * time.Hour, 10, []string{"spend", "premium", "allowed"}},
		{"clerk", 24 * time.Hour, 10, []string{"spend", "allowed"}},
		{"", 53 * time.Minute, 10, []string{"premium", "allowed"}},
		{"", 24 * time.Hour, 1, []string{"spend"}},
		{"nobody", 24 * time.Hour, 10, nil},
	} {
		list, err := s.OutsideCalls(t.Context(), tt.user, noon.Add(tt.before), tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range list {
			got = append(got, c.Reason)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%+v: -want +got\n%s", tt, diff)
		}
	}
}
