package media

import (
	"testing"
	"time"
)

func TestSpeech(t *testing.T) {
	quiet, voice := make([]int16, frameSamples), Tone(300, frameTime)
	for i := range quiet {
		quiet[i] = int16(60 * (1 - i%2*2)) // hum
	}
	for i := range voice {
		voice[i] /= 20
	}
	began := time.Now()
	packet := func(n int, audio []int16, event bool) *Packet {
		return &Packet{Codec: PCMA, Payload: PCMA.Encode(nil, audio), Event: event, At: began.Add(time.Duration(n) * frameTime)}
	}
	var k Speech
	for n, tt := range []struct {
		audio []int16
		event bool
		want  int // packet of the last speech, -1: none
	}{
		{quiet, false, -1}, {voice, false, 1}, {quiet, false, 1}, {nil, false, 1}, {voice, true, 1}, {voice, false, 5},
	} {
		k.WriteRTP(packet(n, tt.audio, tt.event))
		var want time.Time
		if tt.want >= 0 {
			want = began.Add(time.Duration(tt.want) * frameTime)
		}
		if got := k.Last(); !got.Equal(want) {
			t.Errorf("after packet %d: last speech %s, want %s", n, got, want)
		}
	}
}
