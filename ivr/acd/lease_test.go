package acd_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/ivr/acd"
	"shouwen/metrics"
)

// registry is what the nodes of a test share.
type registry struct {
	mu     sync.Mutex
	leases map[string]lease
	away   bool
	took   time.Duration // for an answer
}

type lease struct {
	node  int
	call  string
	until time.Time
}

// node is a registry as one of the nodes sees it.
type node struct {
	*registry
	number int
}

var errAway = errors.New("away")

func (r *registry) take(n int, call, user string) bool {
	if l, ok := r.leases[user]; ok && l.node != n && time.Now().Before(l.until) {
		return false
	}
	r.leases[user] = lease{n, call, time.Now().Add(acd.Lease)}
	return true
}

func (n node) Claim(ctx context.Context, call string, users []string) (given []string, err error) {
	select {
	case <-time.After(n.took):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.away {
		return nil, errAway
	}
	for _, u := range users {
		if n.take(n.number, call, u) {
			given = append(given, u)
		}
	}
	return given, nil
}

func (n node) Renew(_ context.Context, has, no map[string]string) (map[string]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.away {
		return nil, errAway
	}
	for user, call := range no {
		if l := n.leases[user]; l.node == n.number && l.call == call {
			delete(n.leases, user)
		}
	}
	for user, call := range has {
		n.take(n.number, call, user)
	}
	elsewhere := map[string]string{}
	for user, l := range n.leases {
		if l.node != n.number && time.Now().Before(l.until) {
			elsewhere[user] = l.call
		}
	}
	return elsewhere, nil
}

func (r *registry) set(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

// withNodes runs f with two boards of the same agents, all registered at both.
func withNodes(t *testing.T, f func(t *testing.T, one, two *acd.Board, r *registry, die func())) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &registry{leases: map[string]lease{}, took: time.Millisecond}
		boards := make([]*acd.Board, 2)
		var stops []func()
		for i := range boards {
			b := board([]acd.Queue{hotline}, agents)
			b.Leases = node{r, i + 1}
			stop := start(t, b, everyone...)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- b.KeepLeases(ctx) }()
			stops = append(stops, sync.OnceFunc(func() {
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("KeepLeases: %v", err)
				}
				stop()
			}))
			boards[i] = b
		}
		synctest.Wait()
		f(t, boards[0], boards[1], r, stops[0])
		for _, stop := range stops {
			stop()
		}
	})
}

// TestTwoNodesNeverRingTheSameAgent: callers enter both at the same moment; every
// agent rings for one of them.
func TestTwoNodesNeverRingTheSameAgent(t *testing.T) {
	withNodes(t, func(t *testing.T, one, two *acd.Board, _ *registry, _ func()) {
		var mu sync.Mutex
		var rung []string
		var all sync.WaitGroup
		for _, b := range []*acd.Board{one, two} {
			all.Go(func() {
				ticket := enter(t, b, "call")
				for len(ticket.Offers()) > 0 {
					o := <-ticket.Offers()
					mu.Lock()
					for _, a := range o.Agents {
						rung = append(rung, a.User)
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		slices.Sort(rung)
		if !slices.Equal(rung, everyone) {
			t.Errorf("rung were %v, want each of %v once", rung, everyone)
		}
	})
}

// TestOneNodeShowsWhomAnotherHas: and rings him as soon as he is free there.
func TestOneNodeShowsWhomAnotherHas(t *testing.T) {
	withNodes(t, func(t *testing.T, one, two *acd.Board, _ *registry, _ func()) {
		if _, err := enter(t, one, "a").Claim(acd.Answer{User: "clerk1", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if err := one.Take("head", "b", 0); err != nil {
			t.Fatal(err)
		}
		if err := two.Take("head", "c", 0); !errors.Is(err, acd.ErrTaken) {
			t.Errorf("take of whom another node has just taken: %v", err)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		wantStates(t, two, acd.Talking, acd.Ready, acd.Talking)
		if p := two.Snapshot().Agents[0]; p.Call != "a" {
			t.Errorf("agent %+v", p)
		}
		waits := enter(t, two, "d")
		wantOffer(t, waits, offer{1, []string{"clerk2"}, "ring_all"})
		one.Released("clerk1", "a")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		wantOffer(t, waits, offer{1, []string{"clerk1"}, "ring_all_joined"})
		if w := two.Snapshot().Agents[0].Work; w.Talked != 0 || w.Calls != 0 {
			t.Errorf("work of another node is counted here: %+v", w)
		}
		waits.Leave(metrics.WaitAbandoned)
	})
}

// TestNodeThatDiesLeavesNoGhost: its agents are free when its leases have run out.
func TestNodeThatDiesLeavesNoGhost(t *testing.T) {
	withNodes(t, func(t *testing.T, one, two *acd.Board, _ *registry, die func()) {
		if err := one.Take("clerk1", "a", 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		die()
		time.Sleep(3 * time.Second)
		wantStates(t, two, acd.Talking, acd.Ready, acd.Ready)
		time.Sleep(acd.Lease)
		synctest.Wait()
		wantStates(t, two, acd.Ready, acd.Ready, acd.Ready)
	})
}

// TestWithoutLeasesANodeGoesOn: with its own agents at once, and with those of other
// nodes when their leases must have run out.
func TestWithoutLeasesANodeGoesOn(t *testing.T) {
	withNodes(t, func(t *testing.T, one, two *acd.Board, r *registry, _ func()) {
		if err := one.Take("clerk1", "a", 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		r.set(true)
		waits := enter(t, two, "b")
		wantOffer(t, waits, offer{1, []string{"clerk2", "head"}, "ring_all"})
		if err := two.Take("clerk1", "c", 0); !errors.Is(err, acd.ErrTaken) {
			t.Errorf("take of who was elsewhere: %v", err)
		}
		time.Sleep(acd.Lease + 3*time.Second)
		synctest.Wait()
		if s := two.Snapshot().Agents[0].State; s == acd.Talking {
			t.Errorf("still elsewhere")
		}
		r.set(false)
		time.Sleep(3 * time.Second)
		if got := r.nodes(); got["clerk2"] != 2 || got["head"] != 2 || got["clerk1"] == 0 {
			t.Errorf("leases %v", got)
		}
		waits.Leave(metrics.WaitAbandoned)
	})
}

func (r *registry) nodes() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]int{}
	for user, l := range r.leases {
		if time.Now().Before(l.until) {
			all[user] = l.node
		}
	}
	return all
}

// TestSlowLeasesAreNotWaitedForLong: the caller is rung for all the same.
func TestSlowLeasesAreNotWaitedForLong(t *testing.T) {
	withNodes(t, func(t *testing.T, one, _ *acd.Board, r *registry, _ func()) {
		r.took = time.Minute
		began := time.Now()
		waits := enter(t, one, "a")
		wantOffer(t, waits, offer{1, everyone, "ring_all"})
		if d := time.Since(began); d > time.Second {
			t.Errorf("waited %s", d)
		}
		waits.Leave(metrics.WaitAbandoned)
	})
}

// TestCallerLeavesBeforeTheLeaseIsGiven: nobody is told to ring, and the lease
// ends.
func TestCallerLeavesBeforeTheLeaseIsGiven(t *testing.T) {
	withNodes(t, func(t *testing.T, one, _ *acd.Board, r *registry, _ func()) {
		if err := one.Take("clerk1", "x", 0); err != nil {
			t.Fatal(err)
		}
		if err := one.Take("clerk2", "y", 0); err != nil {
			t.Fatal(err)
		}
		if err := one.Take("head", "z", 0); err != nil {
			t.Fatal(err)
		}
		waits := enter(t, one, "a")
		r.took = 100 * time.Millisecond
		one.Released("head", "z")
		waits.Leave(metrics.WaitAbandoned)
		time.Sleep(time.Second)
		wantEnd(t, waits, nil)
		wantStates(t, one, acd.Talking, acd.Talking, acd.Ready)
		time.Sleep(3 * time.Second)
		if r.nodes()["head"] != 0 {
			t.Errorf("leases %v", r.nodes())
		}
	})
}

// TestWhoIsNoAgentAnyMoreWhileHeIsClaimed: what the other nodes say of him comes too
// late, and is of nobody.
func TestWhoIsNoAgentAnyMoreWhileHeIsClaimed(t *testing.T) {
	withNodes(t, func(t *testing.T, one, _ *acd.Board, _ *registry, _ func()) {
		taken := make(chan error)
		go func() { taken <- one.Take(agents[0].User, "call", 0) }()
		synctest.Wait() // for the answer
		one.Released(agents[0].User, "call")
		one.Reorganise(agents[1:], nil)
		if err := <-taken; err != nil {
			t.Error(err)
		}
		users := one.Snapshot().Agents
		if slices.ContainsFunc(users, func(p acd.Presence) bool { return p.User == agents[0].User }) {
			t.Errorf("he is still there: %+v", users)
		}
	})
}
