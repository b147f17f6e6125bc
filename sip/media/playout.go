package media

import "math"

// The buffer of a playout, in samples.
const (
	playoutStart = 60 * 8        // that a stream is delayed by at its beginning
	playoutMax   = 200 * 8       // that it may get ahead of what is played
	playoutFade  = 60 * 8        // over which a gap fades into silence
	playoutSize  = 2048          // all there is room for: a power of two over playoutMax and a chunk
	absent       = math.MinInt16 // where nothing came; no sample of G.711 has this value
	calmFrames   = 250           // after which delay that was not needed is given up
	maxBehind    = 5             // chunks in a row that are too late: the clock began anew
	mask         = playoutSize - 1
)

// playout turns the chunks of one stream, which come late, out of order or not
// at all, into a frame every 20 ms: a jitter buffer with loss concealment. It
// has no clock and no lock; its owner calls put and pull. The zero value is
// ready.
//
// Positions are RTP timestamps. A stream begins 60 ms late. When it has run dry,
// what comes next is played at once, which delays it further; when it gets more
// than 200 ms ahead, it skips to 60 ms again; and delay that nothing needed for
// 5 s is given up a frame at a time, which follows a sender's fast clock too.
type playout struct {
	started bool
	ssrc    uint32
	next    uint32             // position of the next sample to play
	end     uint32             // position after the newest one heard
	samples [playoutSize]int16 // by position; set from next on only
	behind  int                // chunks in a row that came too late

	calm  int   // frames played in this period
	least int32 // the smallest lead of the stream in it

	whole  [frameSamples]int16 // the latest frame without a gap
	missed int                 // samples in a row that are absent
}

// put takes in what was received.
func (b *playout) put(c *chunk) {
	end := c.ts + uint32(c.n)
	newest := int32(end-b.end) > 0
	late := int32(b.next - c.ts)
	switch {
	case !b.started || c.ssrc != b.ssrc, newest && late > playoutMax, b.behind == maxBehind:
		b.begin(c)
	case newest && late > 0:
		b.next = c.ts
	case int32(end-b.next) <= 0:
		b.behind++
		return
	case int32(end-b.next) > playoutMax:
		b.skip(startOf(c))
	}
	b.behind = 0
	if int32(end-b.end) > 0 {
		b.end = end
	}
	values := c.codec.values()
	for i, o := range c.audio() {
		if at := c.ts + uint32(i); int32(at-b.next) >= 0 {
			b.samples[at&mask] = values[o]
		}
	}
}

// startOf returns where to play from, so that a packet after c may be
// playoutStart late, however short it is.
func startOf(c *chunk) uint32 { return c.ts + uint32(c.n) - playoutStart - frameSamples }

// begin starts a stream with c.
func (b *playout) begin(c *chunk) {
	for i := range b.samples {
		b.samples[i] = absent
	}
	b.started, b.ssrc, b.end, b.calm = true, c.ssrc, c.ts, 0
	b.next = startOf(c)
}

// skip plays on from position to.
func (b *playout) skip(to uint32) {
	for i := range min(to-b.next, playoutSize) {
		b.samples[(b.next+i)&mask] = absent
	}
	b.next, b.calm = to, 0
}

// pull fills f with the next 20 ms and reports whether all of it was heard. A gap
// repeats the frame before it and fades into silence.
func (b *playout) pull(f *[frameSamples]int16) bool {
	if !b.started {
		clear(f[:])
		return false
	}
	b.relax()
	gap := false
	for i := range f {
		at := &b.samples[(b.next+uint32(i))&mask]
		if *at != absent {
			f[i], *at, b.missed = *at, absent, 0
			continue
		}
		gap = true
		f[i] = int16(int(b.whole[i]) * (playoutFade - b.missed) / playoutFade)
		b.missed = min(b.missed+1, playoutFade)
	}
	b.next += frameSamples
	if !gap {
		b.whole = *f
	}
	return !gap
}

// relax gives up a frame of delay at the end of a period that did not need it.
func (b *playout) relax() {
	lead := int32(b.end - b.next)
	if b.calm == 0 || lead < b.least {
		b.least = lead
	}
	if b.calm++; b.calm < calmFrames {
		return
	}
	b.calm = 0
	if b.least >= playoutStart+2*frameSamples {
		b.skip(b.next + frameSamples)
	}
}
