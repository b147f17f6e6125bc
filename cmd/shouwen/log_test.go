package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestDurationsInTheLogAreReadable(t *testing.T) {
	var out bytes.Buffer
	newLog(&out, false).Info("picked up", "waited", 2610948228*time.Nanosecond)
	if !strings.Contains(out.String(), `"waited":"2.61095s"`) {
		t.Errorf("logged %s", out.String())
	}
}
