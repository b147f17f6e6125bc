package ivr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"shouwen/ivr/prompts"
)

// Caller is the part of a call a flow needs. One walk uses it from one goroutine at
// a time. Both methods return io.EOF when the caller has hung up and ctx's error
// when ctx ends first.
type Caller interface {
	// Play plays prompts of a language one after another until all were played (key
	// 0) or a key is pressed, which stops the sound and is returned; a key pressed
	// before and not yet returned stops it at once.
	Play(ctx context.Context, language string, names []prompts.Name) (key byte, err error)
	// Digit waits for the next key: 0–9, *, # or A–D.
	Digit(ctx context.Context) (key byte, err error)
}

// Walk is a flow and what callers find on their way through it.
type Walk struct {
	Flow     Flow              // checked
	Language string            // at the start, one of prompts.Languages
	Values   map[string]string // variables known before, such as caller and case
	// Open says whether the hours of a name are open now; a flow with Hours needs it.
	Open func(hours string) bool
	// HTTP sends a request and must give up when its context ends, as
	// (*http.Client).Do does; a flow with HTTP needs it.
	HTTP func(*http.Request) (*http.Response, error)
}

// Destination is where a caller leaves a flow for.
type Destination string

// The destinations.
const (
	ToQueue     Destination = "queue"
	ToExtension Destination = "extension"
	ToVoicemail Destination = "voicemail"
	ToCallback  Destination = "callback"
	ToHangup    Destination = "hangup"
	ToEmergency Destination = "emergency" // the emergency key: whoever is highest on duty is rung, past the queue
)

// Exit is how a walk ended, and what came together on the way.
type Exit struct {
	To       Destination // empty if the walk returned an error
	Name     string      // queue, extension, mailbox, or number to call back if it is not the caller's own
	Language string      // last spoken
	Class    string      // empty: none was set; so the next three
	Category string
	Priority int
	Avoid    string            // extension of a person complained of, who is not to be rung, whatever To and Name say
	Values   map[string]string // variables the flow filled
	Scores   map[string]int    // 1–5, by the name of the survey node
	Steps    []Step

	Unanswered Unanswered // how the last question was left
}

// Unanswered says how a caller left a question without an answer.
type Unanswered string

// The ways to leave a question.
const (
	Silent  Unanswered = "silent"  // nothing came in time
	Invalid Unanswered = "invalid" // what came was no answer
)

// Step is one thing that happened on a walk. It has no digits a caller keyed in
// but those of menus.
type Step struct {
	At   time.Time
	Node string
	On   string // the way taken, or silent or invalid for a try, or the destination
	Note string // why, where On does not say it
}

// visit is a walk under way.
type visit struct {
	Walk
	caller Caller
	at     string         // name of the node
	typed  []byte         // keys pressed and not yet used
	tries  map[string]int // of questions so far, by node
	note   string         // on what the node at did
	exit   Exit
}

var errEmergency = errors.New("emergency key")

// Run walks a caller through the flow and returns where he went. The error is
// io.EOF, wrapped, when he hung up, or that of ctx or of the caller; the exit then
// has what came together until then. Every walk of a checked flow ends: it asks at
// most as often as there are tries in the flow, and passes at most every node once
// between two questions.
func (w Walk) Run(ctx context.Context, c Caller) (Exit, error) {
	v := &visit{Walk: w, caller: c, at: w.Flow.Start, tries: map[string]int{}}
	v.exit = Exit{Language: w.Language, Values: map[string]string{}, Scores: map[string]int{}}
	err := v.run(ctx)
	switch {
	case errors.Is(err, errEmergency):
		v.exit.To, v.exit.Unanswered, err = ToEmergency, "", nil
		v.step(string(ToEmergency), "")
	case errors.Is(err, io.EOF):
		v.step("hung up", "")
	}
	return v.exit, err
}

func (v *visit) run(ctx context.Context) error {
	for {
		if slices.ContainsFunc(v.typed, v.emergency) {
			return errEmergency
		}
		k, _ := v.Flow.Nodes[v.at].kind()
		v.note = ""
		on, err := k.walk(ctx, v)
		if err != nil {
			return fmt.Errorf("node %q: %w", v.at, err)
		}
		v.step(on, v.note)
		if v.exit.To != "" {
			return nil
		}
		ways := k.ways()
		v.at = ways[slices.IndexFunc(ways, func(w way) bool { return w.on == on })].to
	}
}

func (v *visit) step(on, note string) {
	v.exit.Steps = append(v.exit.Steps, Step{At: time.Now(), Node: v.at, On: on, Note: note})
}

func (v *visit) value(variable string) string {
	if value, ok := v.exit.Values[variable]; ok {
		return value
	}
	return v.Values[variable]
}

// emergency reports whether key means the emergency path here: within digits, a
// digit does not.
func (v *visit) emergency(key byte) bool {
	within := v.Flow.Nodes[v.at].Collect != nil && key >= '0' && key <= '9'
	return key != 0 && key == v.Flow.emergency() && !within
}

// play plays items unless the caller has typed ahead, and keeps the key that ends it.
func (v *visit) play(ctx context.Context, items []Item) error {
	if len(v.typed) > 0 {
		return nil
	}
	names := v.names(items)
	if len(names) == 0 {
		return nil
	}
	key, err := v.caller.Play(ctx, v.exit.Language, names)
	switch {
	case err != nil:
		return err
	case v.emergency(key):
		return errEmergency
	case key != 0:
		v.typed = append(v.typed, key)
	}
	return nil
}

// key returns the next key, or errSilent if there is none in time.
func (v *visit) key(ctx context.Context, timeout time.Duration) (key byte, err error) {
	if len(v.typed) > 0 {
		key, v.typed = v.typed[0], v.typed[1:]
	} else {
		waiting, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		if key, err = v.caller.Digit(waiting); err != nil {
			if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
				err = errSilent
			}
			return 0, err
		}
	}
	if v.emergency(key) {
		return 0, errEmergency
	}
	return key, nil
}
