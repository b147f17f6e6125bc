package main

import (
	"bytes"
	"fmt"

	"shouwen/ivr/call"
	"shouwen/ivr/prompts"
	"shouwen/sip/media"
)

// loadSounds decodes the prompts of a language; files in dir replace the
// built-in ones of the same name.
func loadSounds(language, dir string) (call.Sounds, error) {
	set, err := prompts.Load(language, dir)
	if err != nil {
		return call.Sounds{}, err
	}
	s := call.Sounds{Words: make(map[prompts.Name]*media.Prompt, len(set)), Say: prompts.Say(language)}
	for name, p := range set {
		samples, err := media.ReadWAV(bytes.NewReader(p.WAV))
		if err != nil {
			return s, fmt.Errorf("prompt %s: %w", p.File, err)
		}
		s.Words[name] = media.NewPrompt(samples)
	}
	for name, to := range map[prompts.Name]**media.Prompt{
		prompts.Greeting: &s.Greeting, prompts.PleaseHold: &s.PleaseHold, prompts.AllBusy: &s.AllBusy,
		prompts.Apology: &s.Apology, prompts.Goodbye: &s.Goodbye, prompts.Music: &s.Music, prompts.Beep: &s.Beep,
	} {
		*to = s.Words[name]
	}
	return s, nil
}
