package media

import (
	"math"
	"testing"
)

// uLawValue is the decoder output of ITU-T G.711 table 2b for a code word as
// transmitted, in units of the 14-bit scale.
func uLawValue(code byte) int {
	code = ^code
	segment, step := int(code>>4&7), int(code&0x0f)
	v := (2*step+33)<<segment - 33
	if code&0x80 != 0 {
		v = -v
	}
	return v
}

// aLawValue is the decoder output of ITU-T G.711 table 1b, in units of the
// 13-bit scale.
func aLawValue(code byte) int {
	code ^= 0x55
	segment, step := int(code>>4&7), int(code&0x0f)
	v := 2*step + 1
	if segment > 0 {
		v = (2*step + 33) << (segment - 1)
	}
	if code&0x80 == 0 {
		v = -v
	}
	return v
}

func TestDecodeIsTheITUTable(t *testing.T) {
	for i := range 256 {
		code := []byte{byte(i)}
		if got, want := int(PCMU.Decode(nil, code)[0]), uLawValue(code[0])*4; got != want {
			t.Errorf("µ-law %#x = %d, want %d", i, got, want)
		}
		if got, want := int(PCMA.Decode(nil, code)[0]), aLawValue(code[0])*8; got != want {
			t.Errorf("A-law %#x = %d, want %d", i, got, want)
		}
	}
}

// Every sample must get a code word whose value is off by no more than half the
// step of its segment, which is what the decision values of G.711 give.
func TestEncodeTakesTheNearestCode(t *testing.T) {
	const uTop, aTop = 8031 * 4, 4032 * 8 // the largest values there are
	for v := math.MinInt16; v <= math.MaxInt16; v++ {
		in := []int16{int16(v)}
		size := math.Abs(float64(v))
		u := PCMU.Decode(nil, PCMU.Encode(nil, in))[0]
		a := PCMA.Decode(nil, PCMA.Encode(nil, in))[0]
		uStep := 8 * math.Exp2(max(math.Floor(math.Log2(size+132))-7, 0))
		aStep := 16 * math.Exp2(max(math.Floor(math.Log2(max(size, 1)))-8, 0))
		if off := math.Abs(float64(u) - float64(v)); off > uStep/2+2 && size <= uTop {
			t.Fatalf("µ-law of %d comes back as %d: off by %v, step %v", v, u, off, uStep)
		}
		if off := math.Abs(float64(a) - float64(v)); off > aStep/2+1 && size <= aTop {
			t.Fatalf("A-law of %d comes back as %d: off by %v, step %v", v, a, off, aStep)
		}
	}
}

func TestCodeWordsSurviveARoundTrip(t *testing.T) {
	for i := range 256 {
		code := byte(i)
		for _, c := range []Codec{PCMU, PCMA} {
			got := c.Encode(nil, c.Decode(nil, []byte{code}))[0]
			if c == PCMU && code == 0x7f { // negative zero
				code = 0xff
			}
			if got != code {
				t.Errorf("%s %#x comes back as %#x", c, code, got)
			}
		}
	}
}

func TestTranscodeEqualsDecodeAndEncode(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, way := range [][2]Codec{{PCMU, PCMA}, {PCMA, PCMU}, {PCMU, PCMU}, {PCMA, PCMA}} {
		got := append([]byte(nil), all...)
		transcode(got, way[0], way[1])
		want := all
		if way[0] != way[1] {
			want = way[1].Encode(nil, way[0].Decode(nil, all))
		}
		if string(got) != string(want) {
			t.Errorf("%s to %s differs from decoding and encoding", way[0], way[1])
		}
	}
}
