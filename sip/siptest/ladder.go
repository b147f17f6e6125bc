package siptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ladder keeps what was sent and received, in order, and hands each received
// message to one who expects it. It is owned by the phone's goroutine.
type ladder struct {
	start   time.Time
	cap     int // entries kept; none when negative
	entries []entry
	waiting []*expectation
	bad     int // packets that were no messages
}

type entry struct {
	at      time.Time
	sent    bool
	msg     *Message // nil for a packet that is no message
	err     error    // of that packet, or of the connection
	claimed bool     // sent, a retransmission, or already expected by somebody
}

type expectation struct {
	callID string // "" for any
	what   string
	found  chan *Message // buffered
}

func (e *expectation) wants(m *Message) bool {
	return (e.callID == "" || m.Get("Call-ID") == e.callID) && matches(e.what, m)
}

// matches reports whether m is what: "INVITE", "180", "200 BYE" or "4xx INVITE".
func matches(what string, m *Message) bool {
	first, method, _ := strings.Cut(what, " ")
	if m.Method != "" {
		return m.Method == first
	}
	_, cseq := m.CSeq()
	code := strconv.Itoa(m.Status)
	return (first == code || first == code[:1]+"xx") && (method == "" || method == cseq)
}

// sent notes m, which its maker may go on to change.
func (l *ladder) sent(m *Message) {
	if l.cap >= 0 {
		l.add(entry{at: time.Now(), sent: true, msg: m.Clone(), claimed: true})
	}
}

// received notes m; fresh is false for a retransmission that needs no attention.
func (l *ladder) received(m *Message, fresh bool) {
	fresh = fresh && !l.repeats(m)
	e := entry{at: m.At, msg: m, claimed: !fresh}
	for i, x := range l.waiting {
		if fresh && x.wants(m) {
			x.found <- m
			l.waiting = slices.Delete(l.waiting, i, i+1)
			e.claimed = true
			break
		}
	}
	l.add(e)
}

// repeats reports whether m is a request that somebody has expected before: on a slow
// machine it is sent again before it is answered.
func (l *ladder) repeats(m *Message) bool {
	return m.Method != "" && m.Method != "ACK" && slices.ContainsFunc(l.entries, func(e entry) bool {
		return !e.sent && e.claimed && e.err == nil && e.msg.Method == m.Method && e.msg.Get("CSeq") == m.Get("CSeq") &&
			e.msg.Param("Via", "branch") == m.Param("Via", "branch") && e.msg.Get("Call-ID") == m.Get("Call-ID")
	})
}

// failed notes a packet that is no message, or the end of the connection.
func (l *ladder) failed(err error) {
	if errors.Is(err, errMalformed) {
		l.bad++
	}
	l.add(entry{at: time.Now(), err: err, claimed: true})
}

func (l *ladder) add(e entry) {
	if l.cap < 0 {
		return
	}
	if len(l.entries) >= l.cap {
		l.entries = slices.Delete(l.entries, 0, len(l.entries)/2+1)
	}
	l.entries = append(l.entries, e)
}

// expect claims the oldest message that x wants, now or when it comes.
func (l *ladder) expect(x *expectation) {
	for i, e := range l.entries {
		if !e.claimed && x.wants(e.msg) {
			l.entries[i].claimed = true
			x.found <- e.msg
			return
		}
	}
	l.waiting = append(l.waiting, x)
}

func (l *ladder) forget(x *expectation) {
	l.waiting = slices.DeleteFunc(l.waiting, func(w *expectation) bool { return w == x })
}

func (l *ladder) String() string {
	var b strings.Builder
	for _, e := range l.entries {
		fmt.Fprintf(&b, "%9.3f %s\n", e.at.Sub(l.start).Seconds(), e)
	}
	return b.String()
}

func (e entry) String() string {
	switch {
	case e.err != nil:
		return "← " + e.err.Error()
	case e.sent:
		return "→ " + summary(e.msg)
	default:
		return "← " + summary(e.msg)
	}
}

// summary is one line: start line, CSeq and the ends of what tells dialogs apart.
func summary(m *Message) string {
	line := m.Method + " " + m.URI
	if m.Method == "" {
		line = strconv.Itoa(m.Status) + " " + m.Reason
	}
	if m.Body != "" {
		line += " +body"
	}
	return fmt.Sprintf("%s [%s] call %s to %s", line, m.Get("CSeq"), end(m.Get("Call-ID")), end(m.Param("To", "tag")))
}

func end(s string) string { return s[max(0, len(s)-6):] }

// Expect returns the oldest received message that is what and that nobody has
// expected before, nor a request that was sent again since, waiting for it where needed: "INVITE", "180", "200 BYE",
// "4xx INVITE". Messages that came before it stay for others. The error shows
// the ladder.
func (p *Phone) Expect(ctx context.Context, what string) (*Message, error) {
	return p.expect(ctx, "", what)
}

func (p *Phone) expect(ctx context.Context, callID, what string) (*Message, error) {
	x := &expectation{callID: callID, what: what, found: make(chan *Message, 1)}
	if err := p.do(func() { p.ladder.expect(x) }); err != nil {
		return nil, err
	}
	m, err := await(ctx, p, what, x.found)
	if err != nil {
		_ = p.do(func() { p.ladder.forget(x) })
	}
	return m, err
}

// Never returns nil when no message that is what comes within d.
func (p *Phone) Never(ctx context.Context, what string, d time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	switch m, err := p.Expect(limited, what); {
	case err == nil:
		return fmt.Errorf("%s came\n%s", summary(m), p)
	case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		return nil
	default:
		return err
	}
}

// Count returns how many messages that are what came. A request that was sent again,
// because one of the two machines is slow, counts once; responses count as often as they
// came.
func (p *Phone) Count(what string) (n int) {
	once := map[string]bool{}
	for _, m := range p.came(what) {
		key := txKey(m) + m.Get("Call-ID") + m.Get("CSeq")
		if m.Method == "" || !once[key] {
			n++
		}
		once[key] = true
	}
	return n
}

// CountAll is Count with what was sent again.
func (p *Phone) CountAll(what string) int { return len(p.came(what)) }

// came are the messages received that are what.
func (p *Phone) came(what string) (all []*Message) {
	_ = p.do(func() {
		for _, e := range p.ladder.entries {
			if !e.sent && e.err == nil && matches(what, e.msg) {
				all = append(all, e.msg)
			}
		}
	})
	return all
}

// String returns the ladder so far: seconds, direction, first line, CSeq and the
// ends of Call-ID and To-tag.
func (p *Phone) String() (s string) {
	name := fmt.Sprintf("%s at %s\n", p.cfg.User, p.local)
	if p.cfg.Trace < 0 {
		return name
	}
	if err := p.do(func() { s = p.ladder.String() }); err != nil {
		s = p.ladder.String() // the owner has returned
	}
	return name + s
}

// await waits for ch within ctx and the phone's patience.
func await[T any](ctx context.Context, p *Phone, what string, ch <-chan T) (T, error) {
	select {
	case v := <-ch:
		return v, nil
	default:
	}
	limit := time.NewTimer(p.cfg.Patience)
	defer limit.Stop()
	var none T
	select {
	case v := <-ch:
		return v, nil
	case <-ctx.Done():
		return none, fmt.Errorf("waiting for %s: %w\n%s", what, ctx.Err(), p)
	case <-limit.C:
		return none, fmt.Errorf("waiting for %s: %w\n%s", what, context.DeadlineExceeded, p)
	case <-p.done:
		return none, fmt.Errorf("waiting for %s: %w", what, ErrClosed)
	}
}
