package main

import (
	"os"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const tail = " S 1 42 42 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 9 0 7 99 25 18446744073709551615"
	tests := map[string]struct {
		stat string
		name string // "" when it is refused
	}{
		"a plain name":                    {"42 (server)" + tail, "server"},
		"a name with blanks and brackets": {"42 (a) b (c)" + tail, "a) b (c"},
		"no name":                         {"42 server" + tail, ""},
		"cut off":                         {"42 (server) S 1 42", ""},
		"letters for numbers":             {"42 (server) S 1 42 42 0 -1 4194560 9 0 0 0 x 50 0 0 20 0 9 0 7 99 25 1", ""},
		"nothing":                         {"", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := parseStat(test.stat)
			if test.name == "" {
				if err == nil {
					t.Fatalf("%+v", p)
				}
				return
			}
			want := process{PID: 42, Name: test.name, CPU: 2 * time.Second, RSS: 25 * uint64(os.Getpagesize())}
			if err != nil || p != want {
				t.Errorf("%+v, %v; want %+v", p, err, want)
			}
		})
	}
}
