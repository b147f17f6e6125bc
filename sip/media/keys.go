package media

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrNoEvents is returned by SendDigit when the far end takes no
// telephone-events now: none negotiated, or it does not want to hear us.
var ErrNoEvents = errors.New("far end takes no telephone-events")

const (
	eventStep   = 50 * time.Millisecond // between packets of an event
	eventRepeat = 3                     // packets that state the end (RFC 4733 2.5.1.4)
	eventVolume = 10                    // -10 dBm0
	eventMax    = 8 * time.Second       // shorter than one segment, so there is only one
)

// SendDigit presses the key d, one of 0-9 * # A-D, for the time held, at least
// 50 ms and at most 8 s, and returns when the far end has been told so, 100 ms
// after its end. Meanwhile the speaker is not heard. Concurrent calls take
// turns. When ctx ends early the key is let go at once.
func (s *Session) SendDigit(ctx context.Context, d byte, held time.Duration) error {
	event := strings.IndexByte(digits, d)
	if event < 0 {
		return fmt.Errorf("%q is no telephone key: use one of %s", d, digits)
	}
	select {
	case s.keys <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-s.keys }()
	if !s.tx.keyDown() {
		return ErrNoEvents
	}
	defer s.tx.keyUp()

	held = min(max(held, eventStep), eventMax)
	tick := time.NewTicker(eventStep)
	defer tick.Stop()
	duration := time.Duration(0)
	for ends := 0; ends < eventRepeat; {
		if ends == 0 && ctx.Err() == nil {
			duration = min(duration+eventStep, held)
		}
		if duration == held || ctx.Err() != nil {
			ends++
		}
		s.tx.event(uint8(event), duration, ends > 0)
		if ends < eventRepeat {
			<-tick.C
		}
	}
	return context.Cause(ctx)
}

// keyDown silences the speaker for an event; false when none can be sent.
func (t *sender) keyDown() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rw.cut()
	t.keying = t.live() && t.n.Send.EventPT != 0
	return t.keying
}

func (t *sender) keyUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rw.cut()
	t.keying = false
}

// event sends one packet about the event that began with the first one after
// keyDown.
func (t *sender) event(code uint8, duration time.Duration, end bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.live() || t.n.Send.EventPT == 0 {
		return
	}
	h := t.rw.repeat(time.Now())
	h.pt = t.n.Send.EventPT
	h.put(t.scratch[:])
	b := t.scratch[headerLen:]
	b[0], b[1] = code, eventVolume
	if end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], uint16(samples(duration)))
	t.write(t.scratch[:headerLen+4])
}
