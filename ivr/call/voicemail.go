package call

import (
	"cmp"
	"context"
	"time"

	"shouwen/cases"
	"shouwen/ivr/acd"
	"shouwen/ivr/prompts"
	"shouwen/sip"
	"shouwen/sip/media"
)

const (
	messageSpace = 256 << 20 // octets left on the disk, below which no message is taken
	messageLabel = "voicemail"
)

// ShortestMessage is what a recording must last to be a message.
const ShortestMessage = time.Second

// message is what a caller is saying for later.
type message struct {
	recorder *media.Recorder
	speech   media.Speech
	began    time.Time
	urgent   bool // the caller pressed the emergency key
}

// takeMessage asks the caller for a message. It can be the way out of any state in
// which nobody else has the caller. If he says nothing, he was missed for the reason
// that c.missed has.
func (c *Conversation) takeMessage() {
	c.leaveQueue()
	c.enter(inviting)
	c.play(append(c.words(prompts.LeaveMessage), c.sounds.Beep)...)
}

// listen begins the message when the tone is over.
func (c *Conversation) listen(event) {
	if len(c.next) > 0 {
		c.playNext()
		return
	}
	r, err := c.sw.Messages.Record(c.id, messageLabel, messageSpace)
	if err != nil {
		c.log.Error("no message taken", "err", err)
		c.sorry()
		return
	}
	c.message = &message{recorder: r, began: time.Now()}
	c.sw.wg.Go(func() { _ = r.Run(context.Background()) }) // Close has its error
	c.caller.Media().Tap(&c.message.speech)
	r.Add(c.caller.Media(), media.Both)
	c.enter(messaging)
	c.arm(cmp.Or(c.waitsIn.LongestMessage, 2*time.Minute))
}

// messageKey: # ends a message, and so does the emergency key.
func (c *Conversation) messageKey(e event) {
	key := e.sip.(sip.Digit).Key
	c.message.urgent = key == c.line.Emergency && c.matter.Priority != acd.Emergency
	if key == '#' || c.message.urgent {
		c.messageOver(e)
	}
}

// checkMessage ends a message when the caller says no more.
func (c *Conversation) checkMessage(event) {
	last := c.message.speech.Last()
	if last.IsZero() {
		last = c.message.began
	}
	if time.Since(last) > cmp.Or(c.waitsIn.MessageSilence, 5*time.Second) {
		c.messageOver(event{})
	}
}

// messageOver makes the message safe on the disk, which takes a moment.
func (c *Conversation) messageOver(e event) {
	if _, ended := e.sip.(sip.Ended); ended {
		c.gone = true
	}
	m := c.message
	c.enter(storing)
	c.caller.Media().Untap(&m.speech)
	c.sw.wg.Go(func() { c.post(c.sw.store(m)) })
}

// store keeps a message in which somebody spoke.
func (s *Switch) store(m *message) event {
	info, err := m.recorder.Close()
	e := event{kind: evStored, length: info.Duration, err: err}
	if m.speech.Last().IsZero() || info.Duration < ShortestMessage {
		e.length = 0
	}
	kept, keepErr := s.Messages.Keep(info.Path)
	if e.err = cmp.Or(e.err, keepErr); keepErr != nil {
		e.length = 0
		return e
	}
	if e.file = kept.File; e.length == 0 {
		e.err = cmp.Or(e.err, s.Messages.Remove(kept.File))
	}
	return e
}

// stored: the message is safe, or there is none.
func (c *Conversation) stored(e event) {
	if e.err != nil {
		c.log.Error("message damaged", "err", e.err, "kept", e.length)
	}
	c.log.Info("message over", "length", e.length)
	if e.length > 0 {
		c.missed = cases.MissedVoicemail
		c.record(cases.Fact{Voicemail: &cases.Voicemail{
			File: e.file, Length: cases.Span(e.length), Keep: KeepUntil(time.Now(), c.waitsIn.KeepMessages),
		}})
	}
	switch {
	case c.gone:
		c.conclude(cases.EndCaller, c.missed)
	case c.message.urgent:
		c.emergency()
	case e.length == 0:
		c.sorry()
	default:
		c.enter(promised)
		c.play(append(c.words(prompts.MessageKept), c.sounds.Goodbye)...)
	}
}

// messageCaller: the caller hung up while his message is made safe.
func (c *Conversation) messageCaller(event) { c.gone = true }
