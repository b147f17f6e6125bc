package sip

import (
	"time"

	"shouwen/sip/media"
)

// DigitSource is how we learned of a key press.
type DigitSource string

// The ways to tell a key press.
const (
	ByEvent DigitSource = "rfc4733"
	ByInfo  DigitSource = "info"   // SIP INFO
	ByTone  DigitSource = "inband" // heard in the audio
)

// hearTones takes keys pressed as tones, too.
func (l *Leg) hearTones() {
	l.media.Tap(media.NewInband(func(key byte) { l.box.put(signal{kind: sigKey, key: key, by: ByTone}) }))
}

// pressed takes a key told by events or tones.
func (l *Leg) pressed(s signal) { l.digit(Digit{Key: s.key, By: s.by}) }

func (l *Leg) digit(d Digit) {
	if l.digits.fresh(d, time.Now()) {
		l.ua.deps.Metrics.RTP.Key(string(d.By))
		l.emit(d)
	}
}

// toldTwiceWithin is how far apart the reports of one key press may come: a phone may
// send INFO when the key is let go.
const toldTwiceWithin = 2 * time.Second

// digitFilter drops what was told already: some phones send INFO and RTP events, and
// some networks the tones as well. The zero value has heard nothing.
type digitFilter struct{ keys map[byte]*presses }

// presses is how often each source told of a key lately.
type presses struct {
	by map[DigitSource]int
	at time.Time // of the last report
}

// fresh tells whether d is news: its source has told of more presses of this key than
// every other.
func (f *digitFilter) fresh(d Digit, now time.Time) bool {
	p := f.keys[d.Key]
	if p == nil || now.Sub(p.at) > toldTwiceWithin {
		p = &presses{by: map[DigitSource]int{}}
		if f.keys == nil {
			f.keys = map[byte]*presses{}
		}
		f.keys[d.Key] = p
	}
	most := 0
	for _, n := range p.by {
		most = max(most, n)
	}
	p.by[d.By]++
	p.at = now
	return p.by[d.By] > most
}
