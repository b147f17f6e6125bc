package console

import (
	"context"
	"time"

	"shouwen/ivr/acd"
)

// Feed tells the pages that are open when something has changed. One goroutine, in
// Run, owns who watches; whoever changes something only leaves a word, and is held up by
// nobody who reads slowly.
type Feed struct {
	calls  func() []Call
	agents func() acd.Snapshot

	telephony, cases chan struct{} // of one word each
	joins, leaves    chan *watcher
	done             chan struct{} // closed when Run returns

	// Owned by Run.
	watchers map[*watcher]bool
	now      *moment
}

// moment is how things stand, for everybody who watches. Nobody changes it.
type moment struct {
	Calls  []Call // oldest first
	Agents acd.Snapshot
	cases  int // grows when cases have changed
}

// watcher is a page that is open.
type watcher struct {
	news chan *moment // of one: the latest
}

const (
	feedPause = 150 * time.Millisecond // between two moments: what happens together is told together
	feedBeat  = 10 * time.Second       // at least so often pages look anew, for what other nodes have done
)

// NewFeed returns a feed of telephony; the functions are safe from any goroutine.
func NewFeed(calls func() []Call, agents func() acd.Snapshot) *Feed {
	return &Feed{
		calls: calls, agents: agents, telephony: make(chan struct{}, 1), cases: make(chan struct{}, 1),
		joins: make(chan *watcher), leaves: make(chan *watcher), done: make(chan struct{}),
		watchers: map[*watcher]bool{}, now: &moment{},
	}
}

// Changed says that calls, agents or who may look may have changed. It never blocks.
func (f *Feed) Changed() { leave(f.telephony) }

// CasesChanged says that cases may have. It never blocks.
func (f *Feed) CasesChanged() { leave(f.cases) }

func leave(word chan struct{}) {
	select {
	case word <- struct{}{}:
	default: // it is there already
	}
}

// Run tells who watches until ctx ends, and returns why it did.
func (f *Feed) Run(ctx context.Context) error {
	defer close(f.done)
	beat := time.NewTicker(feedBeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case w := <-f.joins:
			f.watchers[w] = true
			f.look()
			w.tell(f.now)
			continue
		case w := <-f.leaves:
			delete(f.watchers, w)
			continue
		case <-f.telephony:
		case <-f.cases:
			f.now = &moment{cases: f.now.cases + 1}
		case <-beat.C:
			f.now = &moment{cases: f.now.cases + 1}
		}
		if len(f.watchers) == 0 {
			continue
		}
		f.look()
		for w := range f.watchers {
			w.tell(f.now)
		}
		select { // for what comes right behind
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(feedPause):
		}
	}
}

// look makes a moment of how things stand.
func (f *Feed) look() {
	agents := f.agents()
	f.now = &moment{Calls: waitingIn(f.calls(), agents), Agents: agents, cases: f.now.cases}
}

// tell leaves the latest moment for who reads slowly. Only Run calls it.
func (w *watcher) tell(m *moment) {
	select {
	case <-w.news:
	default:
	}
	w.news <- m
}

// watch returns a watcher; leave it by unwatch. It is nil when the feed or ctx is over.
func (f *Feed) watch(ctx context.Context) *watcher {
	w := &watcher{news: make(chan *moment, 1)}
	select {
	case f.joins <- w:
		return w
	case <-f.done:
	case <-ctx.Done():
	}
	return nil
}

func (f *Feed) unwatch(w *watcher) {
	select {
	case f.leaves <- w:
	case <-f.done:
	}
}
