package cases

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// FlowLeft: the caller has come to the end of a flow, or hung up in it: before the
// queue, or as a survey after the call.
type FlowLeft struct {
	Flow     string         `json:"flow"`               // its name
	To       string         `json:"to,omitempty"`       // queue, extension, voicemail, callback, hangup or emergency; empty: he hung up, or the flow failed
	Name     string         `json:"name,omitempty"`     // queue, extension, mailbox or number to call back
	Language string         `json:"language,omitempty"` // last spoken
	Class    string         `json:"class,omitempty"`
	Category string         `json:"category,omitempty"`
	Priority int            `json:"priority,omitempty"` // 1–9
	Avoid    string         `json:"avoid,omitempty"`    // extension of a person complained of, never rung in this call
	Scores   map[string]int `json:"scores,omitempty"`   // 1–5, by survey node
	Steps    []FlowStep     `json:"steps,omitempty"`
}

// FlowStep is one thing that happened in a flow.
type FlowStep struct {
	At   time.Time `json:"at"`
	Node string    `json:"node"`
	On   string    `json:"on"`             // the way taken, or silent or invalid for a try, or the destination
	Note string    `json:"note,omitempty"` // why, where On does not say it
}

// Emergency: the caller pressed the emergency key. Who was summoned is rung past
// the queue (S05-R9).
type Emergency struct {
	Summoned []string `json:"summoned"`     // users; none: the whole queue rings
	By       string   `json:"by,omitempty"` // user of the agent who raised the alarm; empty: the caller pressed the key
}

// SelfServed: a flow gave the caller what he called for and hung up. Nobody owes
// him anything, so there is no case.
type SelfServed struct{}

// flowLeft keeps what the flow found with the call, for the event that opens its
// case, or appends it to the case there is.
func flowLeft(call Call, c Case, f Fact, at time.Time) (Effect, error) {
	if c.Number == "" {
		call.Flow = f.FlowLeft
		return Effect{Call: call, Case: c}, nil
	}
	return recorded(call, c, Event{Kind: EventFlowLeft, At: at, Fact: f.ID}, *f.FlowLeft)
}

func emergency(call Call, c Case, f Fact, at time.Time) (Effect, error) {
	by := f.Emergency.By
	if by == "" {
		call.Emergency = at
	}
	if c.Number == "" {
		return Effect{Call: call, Case: c}, nil
	}
	return recorded(call, c, Event{Kind: EventEmergency, At: at, By: by, Fact: f.ID}, *f.Emergency)
}

func selfServed(call Call, c Case, at time.Time) Effect {
	call.Ended, call.Missed = at, MissedSelfServed
	return Effect{Call: call, Case: c}
}

// beforeCase is what the event that opens a case says of the time before.
type beforeCase struct {
	Flow      *FlowLeft `json:"flow,omitempty"`
	Emergency time.Time `json:"emergency,omitzero"` // when the caller pressed the emergency key
}

// checkFlow returns what makes a fact of a flow unfit; empty: nothing.
func (f Fact) checkFlow() string {
	l := f.FlowLeft
	if l == nil {
		return ""
	}
	for _, node := range slices.Sorted(maps.Keys(l.Scores)) {
		if s := l.Scores[node]; s < 1 || s > 5 {
			return fmt.Sprintf("score %q is %d", node, s)
		}
	}
	if l.Priority < 0 || l.Priority > 9 {
		return fmt.Sprintf("priority %d", l.Priority)
	}
	if _, err := json.Marshal(l); err != nil { // a year JSON cannot write
		return err.Error()
	}
	return ""
}
