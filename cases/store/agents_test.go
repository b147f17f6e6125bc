package store_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"

	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

func TestDutiesAreKept(t *testing.T) {
	t.Parallel()
	s, ctx := storetest.New(t), t.Context()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	clerk := store.Duty{
		User: "clerk", Changed: at, Paused: true, Reason: "lunch", Said: at, WrapUp: at.Add(time.Minute), Idle: at.Add(-time.Hour),
		Rung: at.Add(-time.Minute), Calls: 7, Talked: 3*time.Hour + time.Microsecond, Missed: 1,
	}
	aide := store.Duty{User: "aide", Changed: at, Idle: at}
	save := func(all ...store.Duty) {
		t.Helper()
		if err := s.SaveDuties(ctx, all); err != nil {
			t.Fatal(err)
		}
	}
	want := func(after time.Time, want ...store.Duty) {
		t.Helper()
		got, err := s.Duties(ctx, after)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, func(a, b store.Duty) int { return strings.Compare(b.User, a.User) })
		for i := range got {
			got[i].Stored = time.Time{}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	save(clerk)
	save(aide)
	want(time.Time{}, clerk, aide)
	want(time.Now().Add(time.Hour))
	old := clerk
	old.Changed, old.Said, old.Reason, old.Calls = at.Add(-time.Second), at.Add(-time.Second), "meeting", 1
	save(old) // is no news
	want(time.Time{}, clerk, aide)
	back := old // the pause is, the work is not
	back.Said, back.Paused, back.Reason = at.Add(time.Second), false, ""
	save(back)
	clerk.Said, clerk.Paused, clerk.Reason = back.Said, false, ""
	want(time.Time{}, clerk, aide)
	worked := old // the work is, the pause is not
	worked.Changed, worked.Calls = at.Add(2*time.Second), 8
	save(worked)
	clerk.Changed, clerk.Calls = worked.Changed, 8
	want(time.Time{}, clerk, aide)
}

// TestOneNodeClaimsAnAgent: of many nodes that want the same agents at once each
// agent goes to one.
func TestOneNodeClaimsAnAgent(t *testing.T) {
	t.Parallel()
	s, ctx := storetest.New(t), t.Context()
	users := []string{"a", "b", "c", "d"}
	for range 10 {
		owners := make(map[string][]int)
		var mu sync.Mutex
		var all sync.WaitGroup
		for node := 1; node <= 8; node++ {
			all.Go(func() {
				wanted := slices.Clone(users)
				if node%2 == 0 {
					slices.Reverse(wanted)
				}
				given, err := s.ClaimAgents(ctx, node, "call", wanted, time.Minute)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, u := range given {
					owners[u] = append(owners[u], node)
				}
			})
		}
		all.Wait()
		for _, u := range users {
			if len(owners[u]) != 1 {
				t.Fatalf("%s went to nodes %v", u, owners[u])
			}
			if _, err := s.RenewAgents(ctx, store.Node{Number: owners[u][0]}, nil, map[string]string{u: "call"}, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestLeasesOfAgents(t *testing.T) {
	t.Parallel()
	s, ctx := storetest.New(t), t.Context()
	claim := func(node int, call, user string, want bool) {
		t.Helper()
		given, err := s.ClaimAgents(ctx, node, call, []string{user}, time.Minute)
		if err != nil || (len(given) == 1) != want {
			t.Fatalf("claim of %s by node %d: %v, %v, want %t", user, node, given, err, want)
		}
	}
	renew := func(node int, has, no map[string]string, lease time.Duration, want map[string]string) {
		t.Helper()
		n := store.Node{Number: node}
		if node == 1 {
			n.SIP = "192.0.2.1:5060"
		}
		got, err := s.RenewAgents(ctx, n, has, no, lease)
		if err != nil || !maps.Equal(got.Calls, want) {
			t.Fatalf("node %d: elsewhere are %v, %v, want %v", node, got, err, want)
		}
	}
	claim(1, "one", "clerk", true)
	claim(2, "two", "clerk", false)
	claim(1, "next", "clerk", true) // ours already
	renew(2, map[string]string{"aide": "two", "clerk": "two"}, nil, time.Minute, map[string]string{"clerk": "next"})
	renew(1, nil, map[string]string{"clerk": "one"}, time.Minute, map[string]string{"aide": "two"}) // that call is over, not this
	claim(2, "two", "clerk", false)
	renew(1, nil, map[string]string{"clerk": "next"}, time.Minute, map[string]string{"aide": "two"})
	claim(2, "two", "clerk", true)
	if o, err := s.RenewAgents(ctx, store.Node{Number: 3}, nil, nil, time.Millisecond); err != nil || !maps.Equal(o.Nodes, map[int]string{1: "192.0.2.1:5060", 2: ""}) {
		t.Errorf("nodes %v, %v", o.Nodes, err)
	}
	renew(2, map[string]string{"clerk": "two", "aide": "two"}, nil, time.Millisecond, map[string]string{}) // and node 2 dies
	deadline := time.Now().Add(20 * time.Second)
	for {
		elsewhere, err := s.RenewAgents(ctx, store.Node{Number: 1}, nil, nil, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if len(elsewhere.Calls) == 0 && len(elsewhere.Nodes) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still elsewhere: %v", elsewhere)
		}
	}
	claim(1, "later", "clerk", true)
}

// TestNodesSaveTheSameAtOnce: in whatever order each of them has it.
func TestNodesSaveTheSameAtOnce(t *testing.T) {
	t.Parallel()
	s, ctx := storetest.New(t), t.Context()
	at := time.Now()
	var duties []store.Duty
	var bindings []store.Binding
	var phones []store.PhoneSecret
	for n := range 100 {
		user := fmt.Sprint(n)
		duties = append(duties, store.Duty{User: user})
		bindings = append(bindings, store.Binding{User: user, Contact: "sip:" + user + "@192.0.2.1", Expires: at.Add(time.Hour), Updated: at})
		phones = append(phones, store.PhoneSecret{User: user, Realm: "hotline", MD5: strings.Repeat("1", 32), SHA256: strings.Repeat("2", 64)})
	}
	var nodes errgroup.Group
	for range 4 {
		duties, bindings, phones := slices.Clone(duties), slices.Clone(bindings), slices.Clone(phones)
		nodes.Go(func() error {
			for n := range 5 {
				rand.Shuffle(len(duties), func(i, j int) {
					duties[i], duties[j], bindings[i], bindings[j], phones[i], phones[j] = duties[j], duties[i], bindings[j], bindings[i], phones[j], phones[i]
				})
				for i := range duties {
					duties[i].Changed = at.Add(time.Duration(n) * time.Second)
				}
				if err := errors.Join(s.SaveDuties(ctx, duties), s.SaveBindings(ctx, bindings), s.KeepPhones(ctx, phones)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := nodes.Wait(); err != nil {
		t.Error(err)
	}
}
