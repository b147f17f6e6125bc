package media

import (
	"sync/atomic"
	"time"
)

// speechLevel is the mean amplitude of a packet with speech, of 32767: about
// -43 dBm0, above the noise of lines and below a low voice.
const speechLevel = 160

// Speech notes when somebody speaks: tap a session with it. Its methods may be
// called from any goroutine. The zero value is ready.
type Speech struct{ last atomic.Pointer[time.Time] }

// Last returns when speech was heard last; zero: never.
func (k *Speech) Last() time.Time {
	if at := k.last.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// WriteRTP implements Sink.
func (k *Speech) WriteRTP(p *Packet) {
	if p.Event || len(p.Payload) == 0 {
		return
	}
	values, sum := p.Codec.values(), 0
	for _, o := range p.Payload {
		sum += max(int(values[o]), -int(values[o]))
	}
	if sum > speechLevel*len(p.Payload) {
		at := p.At
		k.last.Store(&at)
	}
}
