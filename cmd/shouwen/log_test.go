package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestLogOfRecovery: no error is written as one.
func TestLogOfRecovery(t *testing.T) {
	var out bytes.Buffer
	var none error
	newLog(&out, false).Warn("outbox", "works", true, "err", none)
	newLog(&out, false).Warn("outbox", "works", false, "err", errors.New("database is away"))
	if got := strings.Count(out.String(), `"err"`); got != 1 || !strings.Contains(out.String(), `"err":"database is away"`) {
		t.Errorf("logged %s", out.String())
	}
}

func TestDurationsInTheLogAreReadable(t *testing.T) {
	var out bytes.Buffer
	newLog(&out, false).Info("picked up", "waited", 2610948228*time.Nanosecond)
	if !strings.Contains(out.String(), `"waited":"2.61095s"`) {
		t.Errorf("logged %s", out.String())
	}
}
