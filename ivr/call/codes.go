package call

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Feature is something an agent asks for by keys of his phone, most during a call.
type Feature string

// The features.
const (
	WarmTransfer     Feature = "warm_transfer"     // followed by an extension and #: speak with it first; by # alone: with the department of the case's category
	BlindTransfer    Feature = "blind_transfer"    // likewise; the caller gets whoever picks up
	ToggleTransfer   Feature = "toggle_transfer"   // speak with the other of caller and target
	CompleteTransfer Feature = "complete_transfer" // leave caller and target to each other
	CancelTransfer   Feature = "cancel_transfer"   // take the caller back
	Conference       Feature = "conference"        // speak with both
	WrongNumber      Feature = "wrong_number"      // of a callback: somebody else answered
	AnsweredByRobot  Feature = "voicemail"         // of a callback: a machine answered
	ToggleRecording  Feature = "toggle_recording"  // pause the recording, resume it, or start it where it is on demand
	RaiseAlarm       Feature = "alarm"             // ring whoever manages emergencies

	MonitorCall Feature = "monitor"   // dialled, with the extension of an agent: on his line
	CallBack    Feature = "callback"  // dialled, with the number of a case: call its caller back
	Ready       Feature = "ready"     // dialled: he wants calls
	NotReady    Feature = "not_ready" // dialled, with a digit that tells the reason, from 1, or without: he wants none; see Switch.PauseReasons
)

// outside says whether f is dialled outside of a call.
func (f Feature) outside() bool {
	return f == MonitorCall || f == CallBack || f == Ready || f == NotReady
}

// takesExtension says whether an extension and # follow the code.
func (f Feature) takesExtension() bool { return f == WarmTransfer || f == BlindTransfer }

// Codes says by which keys a feature is asked for. A code begins with * and is
// not the beginning of another; an empty one cannot be dialled. See Check.
type Codes map[Feature]string

// DefaultCodes are the codes of an organisation that wants no others.
func DefaultCodes() Codes {
	return Codes{WarmTransfer: "*2", BlindTransfer: "*6", ToggleTransfer: "*1", CompleteTransfer: "*4", CancelTransfer: "**", Conference: "*3",
		ToggleRecording: "*9", RaiseAlarm: "*0", WrongNumber: "*81", AnsweredByRobot: "*82", MonitorCall: MonitorCode, CallBack: CallbackCode,
		Ready: ReadyCode, NotReady: NotReadyCode}
}

// CodeError says which code cannot work, and why.
type CodeError struct {
	Feature Feature
	Text    string
}

func (e *CodeError) Error() string { return fmt.Sprintf("feature code %s: %s", e.Feature, e.Text) }

// Check reports the first code, by the name of its feature, that cannot work. The
// error is a *CodeError.
func (c Codes) Check() error {
	known := DefaultCodes()
	for _, f := range slices.Sorted(maps.Keys(c)) {
		code := c[f]
		_, is := known[f]
		switch {
		case !is:
			return &CodeError{f, fmt.Sprintf("no such feature; there are %v", slices.Sorted(maps.Keys(known)))}
		case code == "" || code == known[f]: // a clash is the fault of who changed his code
			continue
		case len(code) < 2 || code[0] != '*' || strings.Trim(code, "0123456789*") != "":
			return &CodeError{f, fmt.Sprintf("is %q, want * and then digits or *, or nothing to turn it off", code)}
		}
		for other, longer := range c {
			if f != other && f.outside() == other.outside() && longer != "" && (strings.HasPrefix(longer, code) || strings.HasPrefix(code, longer)) {
				return &CodeError{f, fmt.Sprintf("%q and %q of %s: no code may begin another", code, longer, other)}
			}
		}
	}
	return nil
}

// Dialled returns how each feature is dialled, for people: "*2<ext>#"; ready,
// not_ready, monitor and callback outside of a call, the others in one.
func (c Codes) Dialled() map[string]string {
	all := map[string]string{}
	for f, code := range c {
		if code == "" {
			continue
		}
		switch {
		case f.takesExtension():
			code += "<ext>#"
		case f == MonitorCall:
			code += "<ext>"
		case f == CallBack:
			code += "<case>"
		}
		all[string(f)] = code
	}
	return all
}

// dialled returns what follows the code of a feature that is dialled outside of a call.
func (c Codes) dialled(f Feature, number string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(number, c[f])
	return rest, ok && c[f] != ""
}

// maxExtension bounds what is dialled after a code.
const maxExtension = 15

// reading says how much of a code keys are.
type reading string

const (
	begun    reading = "begun" // more keys may make a code
	complete reading = "complete"
	noCode   reading = "no code"
)

// read says what keys ask for, and the extension for it.
func (c Codes) read(keys string) (f Feature, extension string, how reading) {
	how = noCode
	for feature, code := range c {
		rest, whole := strings.CutPrefix(keys, code)
		switch {
		case code == "" || feature.outside():
		case strings.HasPrefix(code, keys) && !whole:
			how = begun
		case whole && !feature.takesExtension():
			if rest == "" {
				return feature, "", complete
			}
		case whole:
			number, ended := strings.CutSuffix(rest, "#")
			if strings.Trim(number, "0123456789") != "" || len(number) > maxExtension {
				return "", "", noCode
			}
			if ended {
				return feature, number, complete
			}
			how = begun
		}
	}
	return "", "", how
}
