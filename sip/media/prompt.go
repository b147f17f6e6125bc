package media

import "time"

// Prompt is audio ready to be sent: encoded by every codec, in frames of 20 ms.
// It is immutable and may play in any number of sessions at once.
type Prompt struct {
	frames     int
	ulaw, alaw []byte
}

// NewPrompt encodes samples, 8 kHz mono. The last frame is filled up with
// silence.
func NewPrompt(samples []int16) *Prompt {
	pr := &Prompt{frames: (len(samples) + frameSamples - 1) / frameSamples}
	fill := make([]int16, pr.frames*frameSamples-len(samples))
	pr.ulaw = PCMU.Encode(PCMU.Encode(nil, samples), fill)
	pr.alaw = PCMA.Encode(PCMA.Encode(nil, samples), fill)
	return pr
}

// Duration returns how long the prompt plays, a multiple of 20 ms.
func (pr *Prompt) Duration() time.Duration { return time.Duration(pr.frames) * frameTime }

// frame returns the payload of frame i.
func (pr *Prompt) frame(c Codec, i int) []byte {
	audio := pr.ulaw
	if c == PCMA {
		audio = pr.alaw
	}
	return audio[i*frameSamples:][:frameSamples]
}

// From returns the rest of the prompt after d, cut to whole frames; after its end
// it is empty.
func (pr *Prompt) From(d time.Duration) *Prompt {
	skip := min(max(int(d/frameTime), 0), pr.frames)
	return &Prompt{frames: pr.frames - skip, ulaw: pr.ulaw[skip*frameSamples:], alaw: pr.alaw[skip*frameSamples:]}
}
