package poll_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/cases/poll"
)

// TestALoopSaysWhenItFailsAndWhenItWorksAgain: once each, however often it fails.
func TestALoopSaysWhenItFailsAndWhenItWorksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx, stop := context.WithCancelCause(t.Context())
		began, times, over := time.Now(), 0, errors.New("over")
		l := poll.Loop{What: "the sweep", Every: time.Second, Log: slog.New(slog.NewTextHandler(&log, nil)), Do: func(context.Context) error {
			switch times++; {
			case times == 1 && time.Since(began) > 0:
				t.Error("the first time is not at once")
			case times == 100:
				stop(over)
				return errors.New("stopped in the middle")
			case times > 10 && times < 20:
				return errors.New("away")
			}
			return nil
		}}
		if err := l.Run(ctx); !errors.Is(err, over) {
			t.Errorf("ended by %v", err)
		}
		if took := time.Since(began); took < 99*time.Second || took > 149*time.Second {
			t.Errorf("100 times in %s", took)
		}
		said := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(said) != 2 || !strings.Contains(said[0], "works=false err=away") || !strings.Contains(said[1], "works=true") {
			t.Errorf("said %s", said)
		}
	})
}
