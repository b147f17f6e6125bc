package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"shouwen/ivr/call"
	"shouwen/ivr/prompts"
	"shouwen/sip/media"
)

// promptSets are the prompts of every language callers may hear. Files in the folder
// of prompts replace the built-in ones of the organisation's language, those in a
// folder of it that is called like another language the ones of that. Files
// that no prompt is called like are left out, and named. The error lists every file
// that is wrong.
func (c Config) promptSets(own ...prompts.Name) (sets map[string]prompts.Set, unknown []error, err error) {
	sets = map[string]prompts.Set{}
	var wrong []error
	for _, lang := range c.languages() {
		dir := c.promptsDir(lang)
		if _, err := os.Stat(dir); lang != c.Language && errors.Is(err, fs.ErrNotExist) {
			dir = ""
		}
		set, more, err := prompts.Load(lang, dir, own...)
		unknown = append(unknown, more...)
		if err != nil {
			wrong = append(wrong, err)
		}
		sets[lang] = set
	}
	return sets, unknown, errors.Join(wrong...)
}

// promptsDir is where prompts in a language are that are not built in; empty: nowhere.
func (c Config) promptsDir(lang string) string {
	if c.Prompts == "" || lang == c.Language {
		return c.Prompts
	}
	return filepath.Join(c.Prompts, lang)
}

// loadSounds decodes the prompts of every language. The music is the same in all.
func (c Config) loadSounds(sets map[string]prompts.Set) (map[string]call.Sounds, error) {
	all := map[string]call.Sounds{}
	for _, lang := range c.languages() {
		s := call.Sounds{Words: make(map[prompts.Name]*media.Prompt, len(sets[lang])), Say: prompts.Say(lang)}
		for name, p := range sets[lang] {
			samples, err := media.ReadWAV(bytes.NewReader(p.WAV))
			if err != nil {
				return nil, fmt.Errorf("prompt %s: %w", p.File, err)
			}
			s.Words[name] = media.NewPrompt(samples)
		}
		if first, ok := all[c.Language]; ok {
			s.Words[prompts.Music] = first.Music
		}
		for name, to := range map[prompts.Name]**media.Prompt{
			prompts.Greeting: &s.Greeting, prompts.PleaseHold: &s.PleaseHold, prompts.AllBusy: &s.AllBusy,
			prompts.Apology: &s.Apology, prompts.Goodbye: &s.Goodbye, prompts.Music: &s.Music, prompts.Beep: &s.Beep,
		} {
			*to = s.Words[name]
		}
		all[lang] = s
	}
	return all, nil
}
