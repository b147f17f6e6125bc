package media

import (
	"encoding/binary"
	"math"
)

// tape is the part of a recording that is not written yet: two channels, on
// which packets may still be placed in any order.
type tape struct {
	from     int64              // position of the first sample that is not written
	newest   int64              // position after the last sample placed
	samples  [2][tapeSize]int16 // by side and position; absent where nothing came
	channels [2]channel
	late     uint64 // chunks, or parts of them, that came when their time was written
}

const (
	tapeSize = 8192
	tapeMask = tapeSize - 1
)

// channel is what was written of one side so far.
type channel struct {
	heard bool // somebody, since the beginning or the last pause
	hole  bool // and nobody now
	gaps  int
}

func newTape() *tape {
	t := &tape{}
	for side := range t.samples {
		for i := range t.samples[side] {
			t.samples[side][i] = absent
		}
	}
	return t
}

// put adds the audio of c at pos to what others on the side say there.
func (t *tape) put(side Side, pos int64, c *chunk) {
	audio := c.audio()
	if behind := t.from - pos; behind > 0 {
		t.late++
		audio = audio[min(behind, int64(len(audio))):]
		pos = t.from
	}
	values, track := c.codec.values(), &t.samples[side]
	for i, o := range audio {
		at := &track[(pos+int64(i))&tapeMask]
		if *at == absent {
			*at = values[o]
			continue
		}
		*at = int16(min(max(int32(*at)+int32(values[o]), -math.MaxInt16), math.MaxInt16))
	}
	t.newest = max(t.newest, pos+int64(len(audio)))
}

// cut appends everything before position to to b, as 16-bit samples, left and
// right in turn, and forgets it. Where nobody was heard is silence, which counts
// as a gap when somebody is heard again, unless paused says that it was meant.
func (t *tape) cut(b []byte, to int64, paused bool) []byte {
	for ; t.from < to; t.from++ {
		for side := range t.samples {
			at := &t.samples[side][t.from&tapeMask]
			b = binary.LittleEndian.AppendUint16(b, uint16(t.channels[side].next(*at, paused)))
			*at = absent
		}
	}
	return b
}

// next takes the next sample of the channel and returns what to write.
func (c *channel) next(v int16, paused bool) int16 {
	if v != absent {
		if c.hole {
			c.gaps++
		}
		c.heard, c.hole = true, false
		return v
	}
	if paused {
		c.heard = false
	}
	c.hole = c.heard
	return 0
}
