package call

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/ivr/acd"
)

func TestSticks(t *testing.T) {
	other := Again{OpenCase{"+861055550101", "c1", "other"}, OpenMatter}
	tests := map[string]struct {
		caller acd.Caller
		again  Again
		lasts  time.Duration
		want   acd.Caller
	}{
		"calls for the first time":   {lasts: 12},
		"an open case":               {again: other, lasts: 12, want: acd.Caller{Priority: acd.Repeat, First: "other", FirstFor: 12}},
		"an open case, switched off": {again: other, want: acd.Caller{Priority: acd.Repeat}},
		"nobody picked up":           {again: Again{OpenCase{"+861055550101", "c1", ""}, OpenMatter}, lasts: 12, want: acd.Caller{Priority: acd.Repeat, FirstFor: 12}},
		"calls often":                {again: Again{Repeat: OftenOf}, lasts: 12, want: acd.Caller{Priority: acd.Repeat, FirstFor: 12}},
		"more urgent":                {caller: acd.Caller{Priority: 8}, again: other, lasts: 12, want: acd.Caller{Priority: 8, First: "other", FirstFor: 12}},
		"an emergency":               {caller: acd.Caller{Priority: acd.Emergency}, again: other, lasts: 12, want: acd.Caller{Priority: acd.Emergency}},
		"complains of somebody":      {caller: acd.Caller{Avoid: "1001"}, again: other, lasts: 12, want: acd.Caller{Avoid: "1001", Priority: acd.Repeat, First: "other", FirstFor: 12}}, // the board never rings whom he avoids
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, sticks(tt.caller, tt.again, tt.lasts)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
