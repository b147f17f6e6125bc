// Package prompts holds what callers hear besides people: spoken prompts in Chinese
// and English, music on hold and tones, as WAV files that a deployment may replace
// by its own recordings.
package prompts

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:generate go run gen/main.go gen/speech.go gen/tones.go

// Name is a prompt; its file is the name with .wav.
type Name string

// The prompts that are asked for by name; prompts.yaml of each language lists all.
const (
	Greeting   Name = "greeting"    // first, when the call is answered
	PleaseHold Name = "please_hold" // before an agent is rung
	AllBusy    Name = "all_busy"    // nobody is free, the caller waits
	Apology    Name = "apology"     // nobody came: we will call back
	Goodbye    Name = "goodbye"     // before we hang up

	RecordingNotice Name = "recording_notice" // the call will be recorded

	EstimatedWait   Name = "estimated_wait"   // followed by a length of time
	CallbackOffer   Name = "callback_offer"   // key 1: to be called back with the place in line kept
	CallbackNumber  Name = "callback_number"  // followed by the digits of the number to be called
	CallbackConfirm Name = "callback_confirm" // key 1: that number it is
	CallbackOther   Name = "callback_other"   // key 2: another number
	CallbackBack    Name = "callback_back"    // key *: no callback, go on waiting
	CallbackKept    Name = "callback_kept"    // the place in line is kept
	WillCallBack    Name = "will_call_back"   // the number is noted
	EnterNumber     Name = "enter_number"     // key in the number to be called, then #
	InvalidKey      Name = "invalid_key"      // that key means nothing here
	LeaveMessage    Name = "leave_message"    // after the tone
	MessageKept     Name = "message_kept"     // it is recorded

	TargetBusy        Name = "target_busy" // what an agent hears of a transfer that failed
	TargetNoAnswer    Name = "target_no_answer"
	TargetDeclined    Name = "target_declined"
	TargetUnreachable Name = "target_unreachable"
	TargetDenied      Name = "target_denied"

	EmergencyCase Name = "emergency_case" // followed by digits of the number of the case
	TakeIt        Name = "take_it"        // key 1: whoever hears it takes the emergency
	CallEnds      Name = "call_ends"      // what he hears before a call is ended that there is no more money for

	Music    Name = "music"    // on hold; can be repeated without a seam
	Ringback Name = "ringback" // a phone rings: 450 Hz, 1 s on, 4 s off; to be repeated
	Beep     Name = "beep"     // speak now
	Pause    Name = "pause"    // a quarter of a second of silence
)

// Languages are those there are prompts in (BCP 47).
var Languages = []string{"zh-CN", "en"}

//go:embed zh-CN/*.wav en/*.wav tones/*.wav
var embedded embed.FS

// Prompt is one WAV file. Embedded ones are 8 kHz mono A-law.
type Prompt struct {
	File string // where it is from, for messages
	WAV  []byte // not to be changed
}

// Set has the prompts of one language, and the sounds.
type Set map[Name]Prompt

// maxFile bounds a replacement: an hour at 8 kHz and 16 bits.
const maxFile = 64 << 20

// Load returns the prompts in one of Languages. WAV files in the folder dir that
// are named as prompts replace these, and those named as one of own are added;
// other WAV files there are left out and named by unknown, so that a misspelt name
// does not go unnoticed. An empty dir replaces nothing. Load looks at no more than the header
// of a replacement; whoever decodes it finds the rest. The error lists every file
// that is wrong; the set is without them.
func Load(lang, dir string, own ...Name) (set Set, unknown []error, err error) {
	if !slices.Contains(Languages, lang) {
		return nil, nil, fmt.Errorf("no prompts in language %q: there are %s", lang, Languages)
	}
	set = Set{}
	set.embed(lang)
	set.embed("tones")
	if dir == "" {
		return set, nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("folder of prompts: %w", err)
	}
	var wrong []error
	for _, e := range entries {
		base, isWAV := strings.CutSuffix(strings.ToLower(e.Name()), ".wav")
		if !isWAV {
			continue
		}
		name, file := Name(base), filepath.Join(dir, e.Name())
		if _, ok := set[name]; !ok && !slices.Contains(own, name) {
			known := slices.AppendSeq(slices.Clone(own), maps.Keys(set))
			slices.Sort(known)
			unknown = append(unknown, fmt.Errorf("prompt %s: no prompt has this name: there are %s", file, known))
			continue
		}
		if err := set.replace(name, file); err != nil {
			wrong = append(wrong, err)
		}
	}
	return set, unknown, errors.Join(wrong...)
}

// embed adds the prompts of a folder. It panics if the program was built without them.
func (s Set) embed(folder string) {
	entries, err := embedded.ReadDir(folder)
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		file := path.Join(folder, e.Name())
		wav, err := embedded.ReadFile(file)
		if err != nil {
			panic(err)
		}
		s[Name(strings.TrimSuffix(e.Name(), ".wav"))] = Prompt{File: "embedded " + file, WAV: wav}
	}
}

func (s Set) replace(name Name, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return fmt.Errorf("prompt %s: not a file of at most %d MiB", file, maxFile>>20)
	}
	wav, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	if len(wav) < 12 || !bytes.HasPrefix(wav, []byte("RIFF")) || string(wav[8:12]) != "WAVE" {
		return fmt.Errorf("prompt %s: not a WAV file: want 8 kHz mono, as sox %s -r 8000 -c 1 -b 16 OUT.wav makes it", file, file)
	}
	s[name] = Prompt{File: file, WAV: wav}
	return nil
}
