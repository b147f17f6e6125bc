package cases

import (
	"fmt"
	"path"
	"regexp"
	"time"
)

// Place is where a caller stands in line who has hung up and is owed a callback.
// Without a Queue he stands in that of the hotline.
type Place struct {
	Case    CaseNumber
	Call    string // in which he took the callback
	Caller  Caller // of that call
	Hotline string // dialled then
	Number  Number // to be called
	Queue   string
	Since   time.Time // when he began to wait
	Due     time.Time // of the callback

	Priority int    // as in the queue
	Avoid    string // extension of who is not to be rung for him; empty: nobody

	Taken      bool      // he chose to be called back, in that call
	MayRing    time.Time // when he last agreed to be rung in quiet hours; zero: he did not
	FirstAsker string    // is rung first; empty: none
	Attempts   int       // to call him back so far
}

// CallbackTaken: a caller who waited chose to be called back and to keep his place
// in line. Like Missed, which follows when he hangs up, it opens a case.
type CallbackTaken struct {
	Number Number    `json:"number"`          // to be called: E.164, or the digits of whoever keyed them in
	Keyed  bool      `json:"keyed,omitempty"` // the caller keyed it in; else it is the one he called from
	Queue  string    `json:"queue"`           // in which he waited
	Since  time.Time `json:"since"`           // when he began to wait: his place in line

	Priority int    `json:"priority,omitempty"` // he had in line
	Avoid    string `json:"avoid,omitempty"`    // extension of whom he complains of
}

// Voicemail: a caller left a message. Like Missed, which follows, it opens a case.
type Voicemail struct {
	File   string `json:"file"` // where the message is kept, below the folder of messages: 2026/11/23/CALL.wav
	Length Span   `json:"length_seconds"`

	Keep time.Time `json:"keep_until,omitzero"` // then the file is deleted; zero: never
}

// VoicemailDeleted: the message is gone for good, because its time was over.
type VoicemailDeleted struct {
	File string `json:"file"`
}

var messageFile = regexp.MustCompile(`^\d{4}/\d\d/\d\d/[0-9a-f-]{36}\.wav$`)

// OpensCase says whether the journal gives f a case number if its call has none.
func (f Fact) OpensCase() bool {
	return f.PickedUp != nil || f.Missed != nil || f.CallbackTaken != nil || f.Voicemail != nil
}

// checkUnanswered returns what makes f unfit as CallbackTaken or Voicemail; empty:
// nothing.
func (f Fact) checkUnanswered() string {
	switch taken, message := f.CallbackTaken, f.Voicemail; {
	case taken != nil && taken.Number == "":
		return "callback to no number"
	case taken != nil && (taken.Since.IsZero() || taken.Since.Year() > 9999):
		return fmt.Sprintf("waiting since %s", taken.Since)
	case message != nil && !(messageFile.MatchString(message.File) && path.Base(message.File) == f.Call+".wav"):
		return fmt.Sprintf("message in file %q, want YYYY/MM/DD/ID.wav with the call's id", message.File)
	case message != nil && time.Duration(message.Length) < time.Microsecond:
		return "message without a length"
	case message != nil && message.Keep.Year() > 9999:
		return fmt.Sprintf("message kept until %s", message.Keep)
	}
	return ""
}

// promised projects CallbackTaken: who works on a case that has it is told which
// number to call.
func promised(call Call, c Case, f Fact, at time.Time) (Effect, error) {
	taken := *f.CallbackTaken
	taken.Number, taken.Queue, taken.Avoid, taken.Since = Number(Clean(string(taken.Number))), Clean(taken.Queue), Clean(taken.Avoid), micros(taken.Since)
	c, before := opened(call, c, f.Case, at)
	body := struct {
		CallbackTaken
		beforeCase
	}{taken, before}
	return recorded(call, c, Event{Kind: EventCallbackTaken, At: at, Fact: f.ID}, body)
}

func messageLeft(call Call, c Case, f Fact, at time.Time) (Effect, error) {
	c, before := opened(call, c, f.Case, at)
	body := struct {
		Voicemail
		beforeCase
	}{*f.Voicemail, before}
	return recorded(call, c, Event{Kind: EventVoicemail, At: at, Fact: f.ID}, body)
}
