package call

import (
	"slices"
	"time"

	"shouwen/cases"
	"shouwen/ivr/prompts"
	"shouwen/sip/media"
)

// Tones an agent hears while he passes a caller on (ITU-T E.180, as in China:
// 450 Hz).
var (
	ringbackTone   = cadence(time.Second, 4*time.Second, 1)
	busyTone       = cadence(350*time.Millisecond, 350*time.Millisecond, 3)
	congestionTone = cadence(700*time.Millisecond, 700*time.Millisecond, 2)
	onceTone       = cadence(300*time.Millisecond, 50*time.Millisecond, 1)  // it is recorded
	twiceTone      = cadence(300*time.Millisecond, 150*time.Millisecond, 2) // it is not
)

// cadence is n times a tone and a pause.
func cadence(tone, pause time.Duration, n int) *media.Prompt {
	one := append(media.Tone(450, tone), make([]int16, 8*pause.Milliseconds())...)
	for i := range one {
		one[i] /= 4
	}
	return media.NewPrompt(slices.Repeat(one, n))
}

// toneOf says by ear why a target does not come.
func toneOf(why cases.TransferFailure) *media.Prompt {
	if why == cases.TransferBusy || why == cases.TransferDeclined {
		return busyTone
	}
	return congestionTone
}

// wordsOf says in words what a tone cannot, after it.
var wordsOf = map[cases.TransferFailure]prompts.Name{
	"":                            prompts.InvalidKey, // no such code
	cases.TransferUnknown:         prompts.InvalidKey,
	cases.TransferNobodyCompetent: prompts.InvalidKey,
	cases.TransferClosed:          "closed",
	cases.TransferBusy:            prompts.TargetBusy,
	cases.TransferNoAnswer:        prompts.TargetNoAnswer,
	cases.TransferDeclined:        prompts.TargetDeclined,
	cases.TransferUnreachable:     prompts.TargetUnreachable,
	cases.TransferNotAcceptable:   prompts.TargetUnreachable,
	cases.TransferDenied:          prompts.TargetDenied,
}
