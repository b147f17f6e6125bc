package media

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhoHearsWhom(t *testing.T) {
	const caller, agent, third, boss = 0, 1, 2, 3
	tests := map[string]struct {
		hears func(p []*Session) Hears
		want  [4][]int // by listener
	}{
		"three on one line": {
			func(p []*Session) Hears { return Meeting(p[caller], p[agent], p[third]) },
			[4][]int{{agent, third}, {caller, third}, {caller, agent}, nil},
		},
		"a supervisor listens": {
			func(p []*Session) Hears { return Meeting(p[caller], p[agent]).Listen(p[boss]) },
			[4][]int{{agent}, {caller}, nil, {caller, agent}},
		},
		"a supervisor whispers": {
			func(p []*Session) Hears { return Meeting(p[caller], p[agent]).Whisper(p[boss], p[agent]) },
			[4][]int{{agent}, {caller, boss}, nil, {caller, agent}},
		},
		"a supervisor barges in": {
			func(p []*Session) Hears { return Meeting(p[caller], p[agent]).Barge(p[boss]) },
			[4][]int{{agent, boss}, {caller, boss}, nil, {caller, agent}},
		},
		"a supervisor barges into three": {
			func(p []*Session) Hears { return Meeting(p[caller], p[agent], p[third]).Barge(p[boss]) },
			[4][]int{{agent, third, boss}, {caller, third, boss}, {caller, agent, boss}, {caller, agent, third}},
		},
		"one speaks to one": {
			func(p []*Session) Hears { return Hears{p[caller]: {p[boss], p[caller], p[boss]}} },
			[4][]int{{boss}, nil, nil, nil},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pacer, pool, w := pacing(t, 4)
				all := mixParties(t, pool, 4)
				var who []*Session
				for _, p := range all {
					who = append(who, p.s)
				}
				mix := pacer.Mix()
				defer mix.Close()
				h := tt.hears(who)
				if err := mix.Set(h); err != nil {
					t.Fatal(err)
				}
				talk(t, w, all, time.Second)
				takesPart := h.parties()
				for i, p := range all {
					if !slices.Contains(takesPart, p.s) {
						if n, _ := frames(t, w, p.s); len(n) != 0 {
							t.Errorf("%d is sent %d frames and takes no part", i, len(n))
						}
						continue
					}
					if got := heardBy(t, w, p.s, all, 25); !slices.Equal(got, tt.want[i]) {
						t.Errorf("%d hears %v, want %v", i, got, tt.want[i])
					}
				}
			})
		})
	}
}
