package media

import (
	"sync/atomic"
	"time"
)

// chunk is the audio of one packet, or 20 ms of a longer one.
type chunk struct {
	at     time.Time // arrival, as if each chunk of a packet came when it is due
	ssrc   uint32
	ts     uint32
	codec  Codec
	n      uint8 // octets used
	octets [frameSamples]byte
}

// audio returns the payload.
func (c *chunk) audio() []byte { return c.octets[:c.n] }

// ring carries audio from the reader of one session, who must not wait, to one
// other goroutine. When that one is slow, packets are dropped and counted.
type ring struct {
	slots   []chunk // a power of two
	written atomic.Uint32
	taken   atomic.Uint32
	dropped atomic.Uint64 // packets
}

func newRing(slots int) *ring { return &ring{slots: make([]chunk, slots)} }

// write copies the audio of p, all of it or nothing. Only the reader of one
// session may call it.
func (r *ring) write(p *Packet) {
	w, rest := r.written.Load(), p.Payload
	need := (len(rest) + frameSamples - 1) / frameSamples
	if need > len(r.slots)-int(w-r.taken.Load()) {
		r.dropped.Add(1)
		return
	}
	for i := range need {
		c := &r.slots[w&uint32(len(r.slots)-1)]
		c.at, c.ts = p.At.Add(time.Duration(i)*frameTime), p.TS+uint32(i*frameSamples)
		c.ssrc, c.codec = p.SSRC, p.Codec
		n := copy(c.octets[:], rest)
		c.n, rest = uint8(n), rest[n:]
		w++
	}
	r.written.Store(w)
}

// peek returns the oldest chunk, nil when there is none. It is valid until drop.
func (r *ring) peek() *chunk {
	at := r.taken.Load()
	if at == r.written.Load() {
		return nil
	}
	return &r.slots[at&uint32(len(r.slots)-1)]
}

// drop gives the slot of the chunk peeked at back to the writer.
func (r *ring) drop() { r.taken.Add(1) }
