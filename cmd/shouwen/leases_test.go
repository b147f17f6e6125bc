package main

import (
	"context"
	"log/slog"
	"testing"

	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// TestNodeThatJoinsIsKnownBeforeItRings: a node alone asks nobody, but from when
// another has joined the two divide the agents.
func TestNodeThatJoinsIsKnownBeforeItRings(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	node := func(n int) *leases {
		st := storetest.Open(t, url)
		if err := st.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		return &leases{store: st, node: store.Node{Number: n}, log: slog.New(slog.DiscardHandler)}
	}
	claim := func(ctx context.Context, l *leases, want int) {
		t.Helper()
		if given, err := l.Claim(ctx, "call", []string{"clerk"}); err != nil || len(given) != want {
			t.Errorf("node %d: given %v, %v, want %d", l.node.Number, given, err, want)
		}
	}
	one, two := node(1), node(2)
	one.join(t.Context())
	nowhere, cancel := context.WithCancel(t.Context())
	cancel()
	claim(nowhere, one, 1) // without a question

	has := map[string]string{"clerk": "call"}
	joined := make(chan struct{})
	go func() {
		two.join(t.Context())
		close(joined)
	}()
	until(t, "the first knows of the second", func() bool {
		if _, err := one.Renew(t.Context(), has, nil); err != nil {
			t.Fatal(err)
		}
		return !one.isAlone()
	})
	select {
	case <-joined:
		t.Error("the second did not wait until the first knew")
	default:
	}
	<-joined
	claim(t.Context(), two, 0)
	claim(t.Context(), one, 1)
	if elsewhere, err := two.Renew(t.Context(), nil, nil); err != nil || elsewhere["clerk"] != "call" {
		t.Errorf("the second knows %v, %v", elsewhere, err)
	}
	if _, err := one.Renew(t.Context(), nil, has); err != nil {
		t.Fatal(err)
	}
	claim(t.Context(), two, 1)
	claim(t.Context(), one, 0)
}
