package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shouwen/ivr/prompts"
	"shouwen/sip/media"
)

// speaks is a configuration whose texts a script of the shell speaks: $1 is the text,
// $2 the voice, $3 the file, and the working voice is the file tone.wav of $DIR.
func speaks(t *testing.T, script string) (Config, string) {
	t.Helper()
	dir := t.TempDir()
	tonePrompt(t, dir, "tone", menuSays)
	cfg := Default()
	cfg.Data = dataDir(t)
	cfg.Speech = SpeechConfig{
		Command: []string{"sh", "-c", "DIR=" + dir + "; " + script, "sh", "{text}", "{voice}", "{file}"},
		Voices:  map[string]string{"zh-CN": "cmn"},
	}
	return cfg, dir
}

func TestSpeak(t *testing.T) {
	t.Parallel()
	cfg, dir := speaks(t, `echo "$1, $2" >>$DIR/log; cp $DIR/tone.wav "$3"`)
	for range 2 {
		p, err := cfg.speak(t.Context(), "zh-CN", "--version; $(reboot) {voice}")
		if err != nil {
			t.Fatal(err)
		}
		samples, err := media.ReadWAV(bytes.NewReader(p.WAV))
		if err != nil || media.ToneLevel(samples, menuSays) < 0.1 {
			t.Errorf("%d samples, %v", len(samples), err)
		}
	}
	log := func() string {
		b, err := os.ReadFile(filepath.Join(dir, "log"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if want := "--version; $(reboot) {voice}, cmn\n"; log() != want {
		t.Errorf("it was asked to speak %q, want %q, once", log(), want)
	}
	if _, err := cfg.speak(t.Context(), "en", "Hello"); err != nil {
		t.Error(err)
	}
	if !strings.HasSuffix(log(), "Hello, en\n") {
		t.Errorf("spoken: %q", log())
	}
	kept, err := filepath.Glob(filepath.Join(cfg.Data, speechDir, "*"))
	if err != nil || len(kept) != 2 {
		t.Errorf("kept %v, %v", kept, err)
	}
	if err := os.WriteFile(kept[0], []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept[1], nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cfg.speak(t.Context(), "en", "Hello"); err != nil { // is spoken again
		t.Error(err)
	}
}

// TestSpeakFails: whatever the command does, we go on, and say what is wrong.
func TestSpeakFails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ script, want string }{
		"says why":             {"echo no such voice >&2; exit 3", "sh: exit status 3: no such voice"},
		"takes for ever":       {"sleep 600 & echo $! >$DIR/child; wait", "did not speak within"},
		"leaves a child":       {"sleep 600 & echo $! >$DIR/child", "sh: exec: WaitDelay expired before I/O complete"},
		"writes nothing":       {"true", "convert it with sox"},
		"writes no WAV":        {`echo hello >"$3"`, "convert it with sox"},
		"says nothing":         {`head -c 44 $DIR/tone.wav >"$3"; head -c 9600 /dev/zero >>"$3"`, "nothing is to be heard"},
		"writes far too much":  {`head -c 40000000 /dev/zero >"$3"`, "convert it with sox"},
		"floods us":            {"yes", "did not speak within"},
		"complains at length":  {"head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1", "xxx"},
		"gets our environment": {`test -z "$SHOUWEN_SECRET" && echo nobody told me >&2; exit 1`, "nobody told me"},
	}
	if err := os.Setenv("SHOUWEN_SECRET", "canary"); err != nil { // of this test alone
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Unsetenv("SHOUWEN_SECRET") })
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, dir := speaks(t, tt.script)
			limit := patience
			if name == "floods us" {
				limit = time.Second
			}
			ctx, stop := context.WithTimeout(t.Context(), limit)
			defer stop()
			child := make(chan string, 1)
			if strings.Contains(tt.script, "/child") {
				pipe := filepath.Join(dir, "child")
				if err := syscall.Mkfifo(pipe, 0o600); err != nil {
					t.Fatal(err)
				}
				go func() {
					pid, _ := os.ReadFile(pipe)
					child <- strings.TrimSpace(string(pid))
					if name == "takes for ever" {
						stop()
					}
				}()
			}
			_, err := cfg.speak(ctx, "en", "Hello")
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 2000 {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
			if strings.Contains(tt.script, "/child") {
				file := "/proc/" + <-child + "/cmdline"
				until(t, "what the command has left behind is killed", func() bool {
					line, _ := os.ReadFile(file)
					return len(line) == 0 // of a dead process, whoever has yet to be told
				})
			}
		})
	}
	cfg := Default()
	cfg.Data, cfg.Speech.Command = dataDir(t), []string{"/nonexistent", "{text}"}
	if _, err := cfg.speak(t.Context(), "en", "Hello"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("no such program: %v", err)
	}
}

// TestEspeak: the command of the README speaks.
func TestEspeak(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("needs espeak-ng (package espeak-ng)")
	}
	cfg := Default()
	cfg.Data = dataDir(t)
	cfg.Speech = SpeechConfig{
		Command: []string{"espeak-ng", "-v", "{voice}", "--stdout", "--", "{text}"},
		Voices:  map[string]string{"zh-CN": "cmn", "en": "en-us"},
	}
	for lang, text := range map[string]string{"zh-CN": "您好", "en": "--help is what you get"} {
		if p, err := cfg.speak(t.Context(), lang, text); err != nil || len(p.WAV) < 4000 {
			t.Errorf("%s: %d octets, %v", lang, len(p.WAV), err)
		}
	}
}

// TestTextsOfFlows: callers hear them; where nothing speaks, calls are taken all the
// same, and check refuses.
func TestTextsOfFlows(t *testing.T) {
	t.Parallel()
	const flow = "start: a\nnodes:\n  a: {say: {play: [{text: {zh-CN: 您好, en: Hello}}], next: b}}\n  b: {queue: {name: hotline}}\n"
	for name, script := range map[string]string{"spoken": `cp $DIR/tone.wav "$3"`, "not spoken": "exit 1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spoken, _ := speaks(t, script)
			b := flowBed(t, flow, func(c *Config) { c.Speech = spoken.Speech })
			agent := b.agents(1)[0]
			caller := b.dial(numbered(1))
			in := agent.Incoming()
			if name == "spoken" {
				caller.HearsNext(menuSays)
			}
			caller.Hangup()
			in.Ended()
		})
	}
	_, err := checked(t, time.Now(), map[string]string{
		"shouwen.yaml": "data: " + dataDir(t) + "\nhotlines: [{number: '1', flow: f.yaml}]\n", "f.yaml": flow,
	})
	if err == nil || !strings.Contains(err.Error(), `f.yaml: text "您好" in zh-CN: nothing speaks it; set tts.command`) {
		t.Errorf("check: %v", err)
	}
	cfg := Default()
	cfg.Data = dataDir(t)
	sets := map[string]prompts.Set{"zh-CN": {}}
	if err := cfg.speakTexts(nil, sets); err != nil {
		t.Errorf("no texts: %v", err)
	}
}
