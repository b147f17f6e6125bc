package media

// How far a recording trusts the timestamps of a party, in samples.
const (
	maxStray    = 200*8 + frameSamples // jitter: a packet may be this far from when it should have come
	driftPeriod = 10 * 8000            // over which the clock of a party is compared with ours
)

// timeline places what one party says on the clock of a recording: by the RTP
// timestamps while they agree with the time of arrival, by the time of arrival
// when they do not (the first packet, another SSRC, a jump). A clock that runs
// at another rate is followed, a frame at a time. The zero value is ready.
type timeline struct {
	started bool
	ssrc    uint32
	ts      uint32 // of the newest chunk
	pos     int64  // and its position
	least   int64  // the smallest lateness in this period
	since   int64  // when the period began
}

// place returns the position of c, which has arrived at a position of the same
// clock. They differ by at most maxStray.
func (l *timeline) place(c *chunk, arrived int64) int64 {
	pos := l.pos + int64(int32(c.ts-l.ts))
	late := arrived - pos
	if !l.started || c.ssrc != l.ssrc || late > maxStray || late < -maxStray {
		*l = timeline{started: true, ssrc: c.ssrc, ts: c.ts, pos: arrived, since: arrived}
		return arrived
	}
	if pos > l.pos {
		l.ts, l.pos = c.ts, pos
	}
	l.least = min(l.least, late)
	if arrived-l.since >= driftPeriod {
		l.adjust()
		l.least, l.since = maxStray, arrived
	}
	return pos
}

// adjust moves what follows by a frame if a whole period was off by more.
func (l *timeline) adjust() {
	switch {
	case l.least > frameSamples:
		l.pos += frameSamples
	case l.least < -frameSamples:
		l.pos -= frameSamples
	}
}
