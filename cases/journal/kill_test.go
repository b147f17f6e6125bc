package journal_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"shouwen/cases"
	"shouwen/cases/journal"
	"shouwen/metrics"
)

// childDir is the environment variable that makes the test program a child to kill.
const childDir = "JOURNAL_TEST_CHILD"

// child appends until it is killed, and tells its parent what was acknowledged
// and what was applied.
func child(dir string) {
	cfg := small(dir)
	cfg.SegmentSize = 64 << 10
	j, err := journal.Open(cfg, metrics.New("", "").Journal, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for i := range 8 {
		go func() {
			for n := 0; ; n++ {
				f, err := j.Append(context.Background(), pickedUp(fmt.Sprint(os.Getpid(), "-", i, "-", n)))
				if err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				fmt.Printf("acknowledged %s %s\n", f.ID, f.Case) // one write each
			}
		}()
	}
	j.Run(context.Background(), func(_ context.Context, facts []cases.Fact) error {
		var b strings.Builder
		for _, f := range facts {
			fmt.Fprintf(&b, "applied %s %s\n", f.ID, f.Case)
		}
		_, err := os.Stdout.WriteString(b.String())
		return err
	})
}

// killRound runs a child, kills it after so many lines and returns what it said.
func killRound(t *testing.T, dir string, lines int) (said [][3]string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for in := bufio.NewScanner(out); in.Scan(); lines-- {
		var line [3]string
		if n, _ := fmt.Sscan(in.Text(), &line[0], &line[1], &line[2]); n == 3 && len(line[1]) == 36 { // the last may be torn
			said = append(said, line)
		} else if line[0] == "error" {
			t.Error(in.Text())
		}
		if lines == 0 {
			cmd.Process.Kill() // the rest of the pipe is read
		}
	}
	cmd.Wait()
	return said
}

func TestKillNineLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := map[string]string{} // number by ID
	projected := map[string]string{}    // what PostgreSQL would have, keyed by ID
	kills := 30
	for range kills {
		for _, line := range killRound(t, dir, rand.IntN(600)) {
			if line[0] == "acknowledged" {
				acknowledged[line[1]] = line[2]
			} else {
				projected[line[1]] = line[2]
			}
		}
	}
	r := start(t, small(dir), nil)
	r.append(t, pickedUp("end"))
	for n := 1; ; n++ {
		facts := r.waitApplied(n)
		for _, f := range facts {
			projected[f.ID] = string(f.Case)
		}
		if facts[len(facts)-1].Call == "end" {
			break
		}
	}
	owner := map[string]string{}
	for id, number := range projected {
		if other := owner[number]; other != "" {
			t.Errorf("number %s given twice: %s, %s", number, other, id)
		}
		owner[number] = id
	}
	for id, number := range acknowledged {
		if projected[id] != number {
			t.Errorf("acknowledged %s %s, applied as %q", id, number, projected[id])
		}
	}
	if len(acknowledged) < kills {
		t.Errorf("only %d facts acknowledged", len(acknowledged))
	}
	t.Logf("%d kills, %d acknowledged, %d applied", kills, len(acknowledged), len(projected))
}
