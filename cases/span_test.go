package cases_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwen/cases"
)

func TestSpanIsWrittenInSeconds(t *testing.T) {
	tests := map[string]struct {
		span time.Duration
		want string
	}{
		"nothing":             {0, "0"},
		"a second and a bit":  {1087319 * time.Microsecond, "1.087319"},
		"below a microsecond": {1087319123 * time.Nanosecond, "1.087319"},
		"an hour":             {time.Hour, "3600"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b, err := json.Marshal(cases.Span(tt.span))
			if err != nil || string(b) != tt.want {
				t.Errorf("%s, %v; want %s", b, err, tt.want)
			}
		})
	}
}

func TestSpanComesBackAsItWent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := cases.Span(time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "microseconds")) % 1e12 * time.Microsecond)
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got cases.Span
		if err := json.Unmarshal(b, &got); err != nil || got != want {
			t.Fatalf("%s became %d, %v; want %d", b, got, err, want)
		}
	})
}

func TestSpanRefusesWhatIsNoNumber(t *testing.T) {
	for _, bad := range []string{`"1s"`, `null1`, `1e300`, `true`, `{}`} {
		var s cases.Span
		if err := json.Unmarshal([]byte(bad), &s); err == nil {
			t.Errorf("%s was taken as %d", bad, s)
		}
	}
}
