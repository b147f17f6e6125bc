package media

import (
	"math"
	"math/cmplx"
	"strings"
)

// Detection of DTMF in audio (ITU-T Q.23, Q.24). A window of 20 ms is looked at
// every 5 ms.
const (
	inbandWindow = 160
	inbandHop    = 40
	inbandHits   = 5         // windows in a row that make a press: 40 ms of tone always do, 23 ms never
	inbandMisses = 4         // windows without the key that end it
	inbandLost   = 2 * 160   // samples missing that may have been tone
	inbandLevel  = 810       // least amplitude of each tone: -29 dBm0
	inbandTwist  = 5.62      // most power of one over the other: 7.5 dB, between 6 that must pass and 8 that must not
	inbandApart  = 4         // least power of a tone over the others of its group: 6 dB
	inbandPurity = 0.88      // least part of all power that is in the two tones
	inbandOff    = 1.8 / 100 // most distance from the nominal frequency; 1.5 % must pass

	inbandGain = inbandWindow / 4.0 * inbandWindow / 4 // power found of a tone of amplitude 1
	inbandSine = inbandWindow * 3 / 16.0               // energy of it in a window
)

// keypad has the keys in rows and columns; toneHz the frequencies of the rows,
// then of the columns.
const keypad = "123A456B789C*0#D"

var toneHz = [8]float64{697, 770, 852, 941, 1209, 1336, 1477, 1633}

// Inband hears keys pressed as DTMF tones, for trunks that have no
// telephone-events: tap a session with it. Which keys were heard as
// telephone-events too is for the caller to know.
type Inband struct {
	press func(d byte)

	ssrc, next uint32 // the stream, and the timestamp that continues it
	audio      [inbandWindow]float64
	fill       int // samples of audio there are

	last   look
	run    int  // looks in a row at one steady key
	down   byte // the key that was pressed and not let go; 0: none
	misses int  // looks in a row without it
}

// look is what one window shows.
type look struct {
	key      byte       // 0: none
	row, col complex128 // its tones
	energy   float64    // of everything
}

// NewInband returns a tap that calls press for each key, one of 0-9 * # A-D,
// once it has lasted for 40 ms. press runs in the reader's goroutine and must not
// block.
func NewInband(press func(d byte)) *Inband { return &Inband{press: press} }

// WriteRTP implements Sink.
func (k *Inband) WriteRTP(p *Packet) {
	if p.Event {
		return
	}
	gap := int32(p.TS - k.next)
	switch {
	case p.SSRC == k.ssrc && gap < 0 && gap > -playoutMax:
		return // late
	case p.SSRC != k.ssrc || gap < 0 || gap > inbandLost:
		*k = Inband{press: k.press, ssrc: p.SSRC}
	}
	k.next = p.TS + uint32(len(p.Payload))
	values := p.Codec.values()
	for _, o := range p.Payload {
		k.audio[k.fill] = float64(values[o])
		if k.fill++; k.fill == inbandWindow {
			k.take(lookAt(&k.audio))
			k.fill = copy(k.audio[:], k.audio[inbandHop:])
		}
	}
}

// take follows the keys from look to look.
func (k *Inband) take(l look) {
	if l.key == 0 || l.key != k.last.key || !l.steady(k.last) {
		k.run = 0
	}
	k.run++
	k.last = l
	if l.key == k.down {
		k.misses = 0
	} else if k.misses++; k.misses == inbandMisses {
		k.down = 0
	}
	if l.key != 0 && k.run == inbandHits && l.key != k.down {
		k.down, k.misses = l.key, 0
		k.press(l.key)
	}
}

// steady reports whether both tones of l have the frequency of their key, and
// there is little beside them.
func (l look) steady(before look) bool {
	n := strings.IndexByte(keypad, l.key)
	row, rowOK := onPitch(l.row, before.row, n/4)
	col, colOK := onPitch(l.col, before.col, 4+n%4)
	return rowOK && colOK && row+col > inbandPurity*l.energy*inbandGain/inbandSine
}

// onPitch returns the power of a tone, and whether its frequency is near enough,
// by how far its phase went on since the look before. Power that a window misses
// of a tone off the nominal frequency is made up for.
func onPitch(now, before complex128, tone int) (power float64, ok bool) {
	step := 2 * math.Pi * toneHz[tone] * inbandHop / 8000
	moved := now * cmplx.Conj(before) * cmplx.Rect(1, -step)
	off := cmplx.Phase(moved)
	x := off / (2 * math.Pi) * inbandWindow / inbandHop // in bins: turns in a window
	seen := 1.0
	if x != 0 {
		seen = math.Sin(math.Pi*x) / (math.Pi * x) / (1 - x*x)
	}
	return squared(now) / (seen * seen), math.Abs(off) <= step*inbandOff
}

func squared(v complex128) float64 { return real(v)*real(v) + imag(v)*imag(v) }

var (
	hann     [inbandWindow]float64 // so that the tones do not blur into one another
	rotation [8]complex128         // of each tone in one sample
)

func init() {
	for i := range hann {
		hann[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/inbandWindow)
	}
	for i, hz := range toneHz {
		w := 2 * math.Pi * hz / 8000
		rotation[i] = complex(math.Cos(w), math.Sin(w))
	}
}

// lookAt finds the key in a window, by the Goertzel algorithm.
func lookAt(audio *[inbandWindow]float64) look {
	var x [inbandWindow]float64
	energy := 0.0
	for i, v := range audio {
		x[i] = v * hann[i]
		energy += x[i] * x[i]
	}
	if energy < 2*inbandSine*inbandLevel*inbandLevel {
		return look{}
	}
	var tones [8]complex128
	var power [8]float64
	for i := range tones {
		tones[i] = goertzel(&x, rotation[i])
		power[i] = squared(tones[i])
	}
	row, rowAlone := strongest(power[:4])
	col, colAlone := strongest(power[4:])
	low, high := power[row], power[4+col]
	switch {
	case !rowAlone || !colAlone,
		min(low, high) < inbandGain*inbandLevel*inbandLevel,
		max(low, high) > inbandTwist*min(low, high):
		return look{}
	}
	return look{keypad[4*row+col], tones[row], tones[4+col], energy}
}

// goertzel returns amplitude and phase, at the end of x, of the tone that turns
// by w a sample.
func goertzel(x *[inbandWindow]float64, w complex128) complex128 {
	k := 2 * real(w)
	var a, b float64
	for _, v := range x {
		a, b = k*a-b+v, a
	}
	return complex(a-b*real(w), b*imag(w))
}

// strongest returns the tone of a group with the most power, and whether it is
// clear of the others.
func strongest(power []float64) (best int, alone bool) {
	for i, p := range power {
		if p > power[best] {
			best = i
		}
	}
	for i, p := range power {
		if i != best && p*inbandApart > power[best] {
			return best, false
		}
	}
	return best, true
}
