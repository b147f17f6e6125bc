package media

import "time"

// rewriter gives the packets of changing sources one sequence: of RFC 3550 a
// single synchronization source. Within a source it keeps the gaps and the
// order the source had, so that the far end sees loss as loss; at a switch the
// sequence goes on by one and the timestamp by the time that has passed. It
// does no I/O and has no lock.
type rewriter struct {
	ssrc uint32
	seq  uint16    // newest sent
	ts   uint32    // newest sent
	at   time.Time // when ts was first sent; zero: nothing was sent yet

	mode mode

	// The source followed.
	src    uint32 // its SSRC
	last   uint16 // its newest packet
	lastTS uint32 // its newest timestamp
	room   uint16 // how far behind last a packet may be and still be sent
	seqOff uint16 // to add to its sequence numbers
	tsOff  uint32
}

// mode is where the packets come from now.
type mode uint8

const (
	cut       mode = iota // whatever comes next is a switch
	following             // packets of another session
	speaking              // frames of our own
)

// cut makes the next packet a switch of the source.
func (w *rewriter) cut() { w.mode = cut }

// follow returns sequence, timestamp and marker under which p goes out; false
// when p is from before the switch and must not.
func (w *rewriter) follow(p *Packet) (h header, ok bool) {
	step := p.Seq - w.last
	if w.mode != following || p.SSRC != w.src || w.broken(p, step) {
		w.join(p)
		return header{marker: true, seq: w.seq, ts: w.ts, ssrc: w.ssrc}, true
	}
	h = header{marker: p.Marker, seq: p.Seq + w.seqOff, ts: p.TS + w.tsOff, ssrc: w.ssrc}
	if int16(step) <= 0 {
		return h, -step <= w.room
	}
	w.last, w.seq = p.Seq, h.seq
	w.room = min(w.room+step, maxMisorder)
	if int32(p.TS-w.lastTS) > 0 {
		w.lastTS, w.ts, w.at = p.TS, h.ts, p.At
	}
	return h, true
}

// broken reports whether p, step packets after the newest, does not continue
// the source followed: its sequence or its clock began anew. An event may carry
// a timestamp from before the audio around it.
func (w *rewriter) broken(p *Packet, step uint16) bool {
	const clockJump = 3 * 8000
	if step >= maxDropout && -step > maxMisorder {
		return true
	}
	ahead := int32(p.TS - w.lastTS)
	return int16(step) > 0 && (ahead > clockJump || ahead < 0 && !p.Event)
}

func (w *rewriter) join(p *Packet) {
	w.seq++
	w.ts += w.since(p.At)
	w.at = p.At
	w.mode, w.src, w.last, w.lastTS, w.room = following, p.SSRC, p.Seq, p.TS, 0
	w.seqOff, w.tsOff = w.seq-p.Seq, w.ts-p.TS
}

// skip leaves p out without a gap in the sequence sent.
func (w *rewriter) skip(p *Packet) {
	if w.mode != following || p.SSRC != w.src || w.broken(p, p.Seq-w.last) {
		return // its successor is a switch anyway
	}
	if step := p.Seq - w.last; int16(step) > 0 {
		w.last, w.room = p.Seq, 0
		w.seqOff--
	}
}

// speak returns sequence, timestamp and marker of a frame of our own that
// begins advance samples after the one before.
func (w *rewriter) speak(advance uint32, at time.Time) header {
	first := w.mode != speaking
	if first {
		advance = w.since(at)
	}
	w.mode = speaking
	w.seq++
	w.ts += advance
	w.at = at
	return header{marker: first, seq: w.seq, ts: w.ts, ssrc: w.ssrc}
}

// repeat returns the header of a packet about the event that the first call
// after a cut began: it has the timestamp and the marker, the others follow.
func (w *rewriter) repeat(at time.Time) header {
	if w.mode != speaking {
		return w.speak(0, at)
	}
	w.seq++
	return header{seq: w.seq, ts: w.ts, ssrc: w.ssrc}
}

// since returns how far the timestamp moves from the newest one to at: never
// less than a frame.
func (w *rewriter) since(at time.Time) uint32 {
	if w.at.IsZero() {
		return 0
	}
	return max(frameSamples, samples(max(at.Sub(w.at), 0)))
}
