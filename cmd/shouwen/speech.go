package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"shouwen/ivr/call"
	"shouwen/ivr/prompts"
	"shouwen/sip/media"
)

// SpeechConfig is how texts of flows are spoken: by a program, before there are
// calls. What it has spoken is kept in the data directory.
type SpeechConfig struct {
	Command []string          `yaml:"command"` // program and arguments, with {text}, {voice}, {language} and maybe {file}; without {file} the WAV comes from its standard output
	Voices  map[string]string `yaml:"voices"`  // {voice} by language; without one, it is the language
}

const (
	speechTime = 20 * time.Second // for one text
	speechAll  = time.Minute      // for all
	speechSize = 32 << 20         // octets of a WAV
	speechDir  = "speech"
)

func (s SpeechConfig) check() error {
	if len(s.Command) > 0 && !slices.ContainsFunc(s.Command[1:], func(arg string) bool { return strings.Contains(arg, "{text}") }) {
		return bad("tts.command", `has no argument {text}; write it like [espeak-ng, -v, "{voice}", --stdout, --, "{text}"]`)
	}
	return nil
}

// speakTexts adds the texts of flows to the prompts. A text that cannot be spoken is
// left out, as a pause; the error lists these.
func (c Config) speakTexts(flows map[string]*call.Flow, sets map[string]prompts.Set) error {
	ctx, stop := context.WithTimeout(context.Background(), speechAll)
	defer stop()
	var wrong []error
	for _, file := range slices.Sorted(maps.Keys(flows)) {
		for _, lang := range c.languages() {
			texts := flows[file].Texts(lang)
			for _, name := range slices.Sorted(maps.Keys(texts)) {
				p, err := c.speak(ctx, lang, texts[name])
				if err != nil {
					wrong = append(wrong, fmt.Errorf("%s: text %q in %s: %w", file, texts[name], lang, err))
					p = sets[lang][prompts.Pause]
				}
				sets[lang][name] = p
			}
		}
	}
	return errors.Join(wrong...)
}

// speak returns a text as spoken now or before.
func (c Config) speak(ctx context.Context, lang, text string) (prompts.Prompt, error) {
	if len(c.Speech.Command) == 0 {
		return prompts.Prompt{}, errors.New("nothing speaks it; set tts.command, or record it and name the prompt instead")
	}
	voice, ok := c.Speech.Voices[lang]
	if !ok {
		voice = lang
	}
	sum := sha256.Sum256([]byte(strings.Join(append(slices.Clone(c.Speech.Command), voice, lang, text), "\x00")))
	file := filepath.Join(c.Data, speechDir, hex.EncodeToString(sum[:])+".wav")
	p := prompts.Prompt{File: file}
	var err error
	if p.WAV, err = os.ReadFile(file); err == nil && checkPrompt(p, false) == nil {
		return p, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return p, err
	}
	ctx, stop := context.WithTimeout(ctx, speechTime)
	defer stop()
	spoken, err := c.Speech.run(ctx, filepath.Dir(file), strings.NewReplacer("{text}", text, "{voice}", voice, "{language}", lang))
	if err != nil {
		return p, fmt.Errorf("%s: %w", c.Speech.Command[0], err)
	}
	samples, err := media.ReadWAV(bytes.NewReader(spoken))
	if err != nil {
		return p, fmt.Errorf("%s: %w", c.Speech.Command[0], err)
	}
	var wav bytes.Buffer
	if err := media.WriteWAV(&wav, samples); err != nil {
		return p, err
	}
	p.WAV = wav.Bytes()
	if err := checkPrompt(p, false); err != nil {
		return p, err
	}
	return p, writeFile(file, p.WAV)
}

// run has the command speak and returns its WAV. It gets none of our environment but
// what a program needs, and is killed when ctx ends, as are children it leaves behind that could still write.
func (s SpeechConfig) run(ctx context.Context, dir string, fill *strings.Replacer) ([]byte, error) {
	args := slices.Clone(s.Command)
	into := ""
	for i := range args[1:] {
		arg := &args[i+1]
		if strings.Contains(*arg, "{file}") && into == "" {
			f, err := os.CreateTemp(dir, "speaking-*.wav")
			if err != nil {
				return nil, err
			}
			into = f.Name()
			_ = f.Close()
			defer os.Remove(into)
		}
		parts := strings.Split(*arg, "{file}")
		for j := range parts {
			parts[j] = fill.Replace(parts[j])
		}
		*arg = strings.Join(parts, into)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	out, said := &limited{most: speechSize}, &limited{most: 1 << 10}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, said, time.Second
	for _, name := range []string{"PATH", "HOME", "LANG", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // and its children
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) { // children can write still
		_ = cmd.Cancel()
	}
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("did not speak within %s", speechTime)
	case err != nil:
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(said.kept))
	case into == "":
		return out.kept, nil
	}
	f, err := os.Open(into)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, speechSize))
}

// limited keeps the first octets of what is written.
type limited struct {
	kept []byte
	most int
}

// Write implements io.Writer.
func (l *limited) Write(b []byte) (int, error) {
	l.kept = append(l.kept, b[:min(len(b), l.most-len(l.kept))]...)
	return len(b), nil
}
