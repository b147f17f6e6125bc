package main

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"shouwen/cases/store"
	"shouwen/ivr/acd"
)

// leases are the agents' leases in PostgreSQL. A node that knows itself to be alone
// asks nobody.
type leases struct {
	store *store.Store
	node  store.Node
	log   *slog.Logger

	mu    sync.Mutex
	alone time.Time // until when no other node can ring anybody
	away  time.Time // until when PostgreSQL is not asked again; zero: it answers

	others map[int]netip.AddrPort // nodes, as known last, but for those without an address; never changed
}

const (
	aloneFor  = 4 * time.Second // after each renewal that saw no other node
	aloneRest = time.Second     // between two of them
	awayFor   = 3 * time.Second // after each failure
)

var errAway = errors.New("database is away")

// join makes this node known. If there are others it returns when they know.
func (l *leases) join(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, aloneFor+2*time.Second)
	defer cancel()
	if _, err := l.Renew(ctx, nil, nil); err != nil || l.isAlone() {
		return
	}
	l.log.Info("other nodes are alive: waiting until they know of this one", "wait", aloneFor)
	select {
	case <-ctx.Done():
	case <-time.After(aloneFor + time.Second):
	}
}

// spending is where the limits of calls to the outside agree with other nodes.
type spending struct {
	*store.Store
	leases *leases
}

// Alone implements call.Spending.
func (s spending) Alone() bool { return s.leases.isAlone() }

func (l *leases) isAlone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.alone)
}

// Claim implements acd.Leases.
func (l *leases) Claim(ctx context.Context, call string, users []string) ([]string, error) {
	l.mu.Lock()
	alone, away := time.Now().Before(l.alone), time.Now().Before(l.away)
	l.mu.Unlock()
	switch {
	case alone:
		return users, nil
	case away:
		return nil, errAway
	}
	given, err := l.store.ClaimAgents(ctx, l.node.Number, call, users, acd.Lease)
	l.note(err)
	return given, err
}

// Renew implements acd.Leases. While this node is alone it only says that it is
// alive.
func (l *leases) Renew(ctx context.Context, has, no map[string]string) (map[string]string, error) {
	l.mu.Lock()
	left := time.Until(l.alone)
	l.mu.Unlock()
	if left > aloneFor-aloneRest {
		return nil, nil
	}
	if left > 0 {
		others, err := l.renew(ctx, nil, nil)
		if err != nil || len(others.Nodes) == 0 {
			return nil, err
		}
	}
	others, err := l.renew(ctx, has, no)
	return others.Calls, err
}

func (l *leases) renew(ctx context.Context, has, no map[string]string) (store.Others, error) {
	asked := time.Now()
	others, err := l.store.RenewAgents(ctx, l.node, has, no, acd.Lease)
	l.note(err)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.alone, l.others = time.Time{}, make(map[int]netip.AddrPort, len(others.Nodes))
		if len(others.Nodes) == 0 {
			l.alone = asked.Add(aloneFor)
		}
		for n, sip := range others.Nodes {
			if at, err := netip.ParseAddrPort(sip); err == nil {
				l.others[n] = at
			}
		}
	}
	return others, err
}

// nodes are the others that are alive, by number, with where they take SIP.
func (l *leases) nodes() map[int]netip.AddrPort {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.others
}

// note keeps whether PostgreSQL answers, and says so when it changes.
func (l *leases) note(err error) {
	l.mu.Lock()
	was := !l.away.IsZero()
	l.away = time.Time{}
	if err != nil {
		l.away = time.Now().Add(awayFor)
	}
	l.mu.Unlock()
	switch {
	case err != nil && !was && !errors.Is(err, context.Canceled):
		l.log.Warn("leases of agents cannot be asked for: this node goes on with what it knows", "err", err)
	case err == nil && was:
		l.log.Info("leases of agents are back")
	}
}
