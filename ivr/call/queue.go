package call

import (
	"strings"
	"time"

	"shouwen/ivr/prompts"
	"shouwen/sip/media"
)

// Queue says what callers of a queue of the Board hear while they wait, and what
// becomes of those whom nobody can take. The zero value beside its Name: music of
// the house, no announcements, an apology.
type Queue struct {
	Name  string
	Music []*media.Prompt // tracks, one after the other; nil: that of the house

	AnnounceEvery    time.Duration  // how often what follows is said; 0: never
	AnnouncePosition bool           // the place in line and the wait still ahead
	Announcements    []prompts.Name // said then, too
	OfferCallback    time.Duration  // wait after which a callback is offered, with the place in line kept; 0: never
	OtherNumber      bool           // callers may name another number than the one they call from

	StickyFor time.Duration // how long only the first-asker of a caller's open case is rung, if he is there; 0: not at all

	WhenFull   Disposition // as many wait as may
	WhenNobody Disposition // no agent is there, or the last one leaves: the queue of the Board is Attended
	WhenWaited Disposition // the longest wait is over

	Survey    *Flow         // after the agent has hung up; nil: the hotline's
	Recording RecordingRule // of calls that are picked up

	LongestMessage time.Duration // of voicemail; 0: 2 min
	MessageSilence time.Duration // that ends one; 0: 5 s
	KeepMessages   time.Duration // then they are deleted; 0: never
}

// Disposition is what becomes of a caller whom a queue cannot serve: one of the
// constants, or OverflowTo with the name of another queue. Whatever it is, a
// callback is owed to who was not answered.
type Disposition string

// The dispositions. Empty is Announcement.
const (
	Announcement  Disposition = "announcement" // an apology and the promise of a callback
	LeaveMessage  Disposition = "voicemail"
	TakeCallback  Disposition = "callback" // asked which number to call; keeps his place in line
	Wait          Disposition = "wait"     // as if nothing were the matter
	overflowQueue             = "queue:"
)

// OverflowTo returns the queue a caller goes to, without losing the time he has
// waited; false: d is another disposition.
func (d Disposition) OverflowTo() (queue string, ok bool) {
	return strings.CutPrefix(string(d), overflowQueue)
}

// queue returns what the callers of a queue experience.
func (s *Switch) queue(name string) Queue {
	for _, q := range s.Queues {
		if q.Name == name {
			return q
		}
	}
	return Queue{Name: name}
}
