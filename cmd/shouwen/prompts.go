package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shouwen/ivr/prompts"
	"shouwen/sip/media"
)

type promptsCmd struct {
	Check  promptsCheckCmd  `cmd:"" help:"Tell which prompts are missing or wrong."`
	Import promptsImportCmd `cmd:"" help:"Convert a WAV file to what is played."`
}

// promptsConfig says whose prompts they are.
type promptsConfig struct {
	Config string `help:"Configuration file (YAML); without it, the defaults." type:"path"`
}

func (p promptsConfig) load() (Config, error) {
	if p.Config == "" {
		return Default(), nil
	}
	return LoadConfig(p.Config)
}

type promptsCheckCmd struct {
	Dir string `arg:"" optional:"" help:"Folder of prompts; without it, the one of the configuration."`
	promptsConfig
}

// Run lists what is wrong.
func (c promptsCheckCmd) Run() error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if c.Dir != "" {
		cfg.Prompts = c.Dir
	}
	flows, err := cfg.loadFlows()
	if err != nil {
		return err
	}
	return cfg.checkPrompts(os.Stdout, cfg.ownPrompts(flows))
}

// checkPrompts tells of every language what is there, and returns all that is wrong.
func (c Config) checkPrompts(w io.Writer, own []prompts.Name) error {
	sets, wrong, err := c.promptSets(own...)
	if err != nil {
		wrong = append(wrong, err)
	}
	for _, lang := range c.languages() {
		set, replaced := sets[lang], 0
		for _, name := range own {
			if _, ok := set[name]; !ok {
				wrong = append(wrong, fmt.Errorf("%s: no %s.wav in %q; record it and run shouwen prompts import FILE %[2]s", lang, name, c.promptsDir(lang)))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(set)) {
			p := set[name]
			if filepath.Dir(p.File) == filepath.Clean(c.promptsDir(lang)) {
				replaced++
			}
			if err := checkPrompt(p, name == prompts.Pause || name == prompts.Music); err != nil {
				wrong = append(wrong, err)
			}
		}
		fmt.Fprintf(w, "%s: %d prompts, %d of them from %q\n", lang, len(set), replaced, c.promptsDir(lang))
	}
	return errors.Join(wrong...)
}

const (
	quietest = 300 // peak, -41 dB of full scale
	longest  = 2 * time.Minute
)

// checkPrompt reports what callers would not understand; anything goes in pauses and
// music.
func checkPrompt(p prompts.Prompt, anything bool) error {
	samples, err := media.ReadWAV(bytes.NewReader(p.WAV))
	length := time.Duration(len(samples)) * time.Second / 8000
	switch {
	case err != nil:
		return fmt.Errorf("prompt %s: %w", p.File, err)
	case anything:
		return nil
	case peak(samples) < quietest:
		return fmt.Errorf("prompt %s: nothing is to be heard in it (peak %s); record it louder", p.File, decibels(peak(samples)))
	case length > longest:
		return fmt.Errorf("prompt %s: lasts %s; callers hear no more than %s", p.File, length.Round(time.Second), longest)
	}
	return nil
}

func peak(samples []int16) (peak int) {
	for _, v := range samples {
		peak = max(peak, int(v), -int(v))
	}
	return peak
}

// decibels writes an amplitude relative to full scale.
func decibels(amplitude int) string {
	return fmt.Sprintf("%.1f dBFS", 20*math.Log10(max(float64(amplitude), 1)/(math.MaxInt16+1)))
}

type promptsImportCmd struct {
	File     string `arg:"" help:"WAV file: PCM of 8 to 32 bits or floating point, 8 to 48 kHz, mono or stereo." type:"existingfile"`
	Name     string `arg:"" help:"Name of the prompt."`
	Dir      string `help:"Folder of prompts; without it, the one of the configuration." type:"path"`
	Language string `help:"Language; without it, the configuration's."`
	promptsConfig
}

// Run writes 8 kHz mono of 16 bits under the name of the prompt.
func (c promptsImportCmd) Run() error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if c.Dir != "" {
		cfg.Prompts = c.Dir
	}
	lang := cfg.Language
	if c.Language != "" {
		lang = c.Language
	}
	switch {
	case cfg.Prompts == "":
		return errors.New("into which folder? name it by --dir, or as prompts in the configuration")
	case !plainName.MatchString(c.Name):
		return fmt.Errorf("%q is no name of a prompt; want up to 40 letters, digits, - and _", c.Name)
	case !slices.Contains(prompts.Languages, lang):
		return fmt.Errorf("no prompts in language %q; want one of %s", lang, prompts.Languages)
	}
	return cfg.importPrompt(os.Stdout, c.File, c.Name, lang)
}

func (c Config) importPrompt(w io.Writer, file, name, lang string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	samples, err := media.ReadWAV(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var wav bytes.Buffer
	if err := media.WriteWAV(&wav, samples); err != nil {
		return err
	}
	dir := c.promptsDir(lang)
	p := prompts.Prompt{File: filepath.Join(dir, name+".wav"), WAV: wav.Bytes()}
	if err := checkPrompt(p, name == string(prompts.Pause) || name == string(prompts.Music)); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(p.File+".tmp", p.WAV, 0o644); err != nil {
		return err
	}
	if err := os.Rename(p.File+".tmp", p.File); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %s, peak %s\n", p.File, time.Duration(len(samples))*time.Second/8000, decibels(peak(samples)))
	return nil
}
