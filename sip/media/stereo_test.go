package media

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestRepair(t *testing.T) {
	audio := bytes.Repeat([]byte{1, 2, 3, 4}, 8000)
	file := func(said, after int, rest ...[]byte) []byte {
		return append(wavHeader(2, uint32(said), uint32(after)), bytes.Join(rest, nil)...)
	}
	whole := file(32000, 0, audio)
	marks := cues([]Pause{{0, time.Second}})
	tests := map[string]struct {
		in, want []byte // want is empty: refused
		duration time.Duration
	}{
		"whole":                            {whole, whole, time.Second},
		"whole with marks":                 {file(32000, len(marks), audio, marks), file(32000, len(marks), audio, marks), time.Second},
		"killed before the header":         {file(16000, 0, audio), whole, time.Second},
		"killed before anything":           {file(0, 0), file(0, 0), 0},
		"killed within a sample":           {file(16000, 0, audio, []byte{1, 2, 3}), whole, time.Second},
		"lost its end with the power":      {file(64000, 0, audio), whole, time.Second},
		"cut within a sample":              {file(32000, 0, audio[:31999]), file(31996, 0, audio[:31996]), 999*ms + 875*time.Microsecond},
		"cut within its marks":             {file(32000, len(marks), audio, marks[:8]), file(32008, 0, audio, marks[:8]), time.Second + 250*time.Microsecond},
		"one channel":                      {append(wavHeader(1, 4, 0), 1, 2, 3, 4), nil, 0},
		"shorter than a header":            {whole[:40], nil, 0},
		"empty":                            {nil, nil, 0},
		"something else of the right size": {bytes.Repeat([]byte("evidence"), 100), nil, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "call.wav")
			if err := os.WriteFile(path, tt.in, 0o600); err != nil {
				t.Fatal(err)
			}
			d, err := Repair(path)
			got, readErr := os.ReadFile(path)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if tt.want == nil {
				if !errors.Is(err, ErrWAV) || !bytes.Equal(got, tt.in) {
					t.Errorf("error %v, changed: %v", err, !bytes.Equal(got, tt.in))
				}
				return
			}
			if err != nil || d != tt.duration || !bytes.Equal(got, tt.want) {
				t.Errorf("%v, %v, %d octets, want %v, %d octets", d, err, len(got), tt.duration, len(tt.want))
			}
		})
	}
	if _, err := Repair(filepath.Join(t.TempDir(), "none.wav")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func FuzzRepair(f *testing.F) {
	f.Add(wavHeader(2, 4, 0))
	f.Add(append(wavHeader(2, 400, 7), 1, 2, 3, 4, 5))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "call.wav")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := Repair(path)
		if err != nil {
			if !errors.Is(err, ErrWAV) {
				t.Fatal(err)
			}
			return
		}
		once, _ := os.ReadFile(path)
		if said := binary.LittleEndian.Uint32(once[40:]); int(said) > len(once)-wavHead || duration(int64(said)) != d {
			t.Fatalf("header says %d of %d octets, Repair %v", said, len(once), d)
		}
		again, err := Repair(path)
		if twice, _ := os.ReadFile(path); again != d || err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("repaired twice: %v, %v", again, err)
		}
	})
}

func TestRecordRefuses(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken.wav")
	if err := os.WriteFile(taken, []byte("evidence"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		path    string
		minFree uint64
		want    error
	}{
		"a name that is taken":  {taken, 0, fs.ErrExist},
		"a disk nearly full":    {filepath.Join(dir, "a.wav"), math.MaxUint64, ErrNoSpace},
		"a directory not there": {filepath.Join(dir, "b", "a.wav"), 0, fs.ErrNotExist},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Record(tt.path, tt.minFree); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
	if b, err := os.ReadFile(taken); string(b) != "evidence" {
		t.Errorf("the file has become %q, %v", b, err)
	}
}

// The process is killed in the middle of a call: all but the last second can be
// played, as it is and repaired.
func TestKilledRecordingCanBePlayed(t *testing.T) {
	const spoken = 2 * time.Second
	if path := os.Getenv("RECORD_UNTIL_KILLED"); path != "" {
		recordUntilKilled(t, path, spoken)
	}
	path := filepath.Join(t.TempDir(), "call.wav")
	child := exec.Command(os.Args[0], "-test.run=^TestKilledRecordingCanBePlayed$")
	child.Env = append(os.Environ(), "RECORD_UNTIL_KILLED="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	child.Process.Kill()
	child.Wait()
	if line != "spoken\n" {
		t.Fatalf("%q, %v", line, err)
	}
	for _, repaired := range []bool{false, true} {
		if repaired {
			if _, err := Repair(path); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadWAV(bytes.NewReader(b)); err != nil {
			t.Errorf("repaired %v: %v", repaired, err)
		}
		sides := stereo(t, path)
		if d := duration(int64(4 * len(sides[0]))); d < spoken-time.Second {
			t.Errorf("repaired %v: %v recorded of %v", repaired, d, spoken)
		}
		for side, hz := range []float64{500, 900} {
			if level := ToneLevel(sides[side][2000:], hz); level < 0.3 {
				t.Errorf("repaired %v: side %d at level %.2f", repaired, side, level)
			}
		}
	}
}

// recordUntilKilled records a transcoded call and reports when a time of it was
// spoken.
func recordUntilKilled(t *testing.T, path string, report time.Duration) {
	pool := openRange(t, 25000)
	caller, agent := open(t, pool), open(t, pool)
	callerPhone, agentPhone := newFarEnd(t, caller, uint8(PCMU)), newFarEnd(t, agent, uint8(PCMA))
	caller.Apply(callerPhone.agreed(PCMU, 101))
	agent.Apply(agentPhone.agreed(PCMA, 101))
	Connect(caller, agent)
	rec, err := Record(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	go rec.Run(t.Context())
	rec.Add(caller, Left)
	rec.Add(agent, Right)
	low, high := NewPrompt(Tone(500, time.Second)), NewPrompt(Tone(900, time.Second))
	tick := time.NewTicker(frameTime)
	for k := 0; ; k++ {
		<-tick.C
		callerPhone.send(low.frame(PCMU, k%low.frames))
		agentPhone.send(high.frame(PCMA, k%high.frames))
		if time.Duration(k)*frameTime == report {
			os.Stdout.WriteString("spoken\n")
		}
	}
}
