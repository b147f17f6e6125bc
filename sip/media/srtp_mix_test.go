package media

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// securedParties are mixParties of whom the first two speak SRTP, with a suite each,
// and the others plain RTP.
func securedParties(t *testing.T, pool *Pool, n int) []*party {
	t.Helper()
	all := mixParties(t, pool, n)
	for i, suite := range []Suite{SuiteCM, SuiteGCM} {
		p := all[i]
		p.srtp = newSecured(t, suite)
		format := Format{Codec: PCMU, EventPT: 101}
		p.s.Apply(p.srtp.agreed(Negotiated{Remote: phoneAddr, Send: format, Recv: format, SendOK: true, RecvOK: true}))
	}
	return all
}

// hearing returns the numbers of the tones in the last n frames p was sent, as its
// phone decodes them: what is not protected as agreed fails the test.
func (p *party) hearing(t *testing.T, w *wire, all []*party, n int) (tones []int) {
	t.Helper()
	var audio []int16
	sent := w.record(p.s.Port())
	if len(sent) < n {
		t.Fatalf("%d frames, want %d", len(sent), n)
	}
	for i, d := range sent {
		b := d.b
		if p.srtp != nil {
			plain := p.srtp.open(b) // every one, once: it counts rollovers
			b = plain.Payload
		} else if len(b) != headerLen+frameSamples {
			t.Fatalf("plain RTP of %d octets", len(b))
		} else {
			b = b[headerLen:]
		}
		if i >= len(sent)-n {
			audio = PCMU.Decode(audio, b)
		}
	}
	for i, other := range all {
		if ToneLevel(audio, other.hz) > 0.03 {
			tones = append(tones, i)
		}
	}
	return tones
}

// Who speaks SRTP is mixed with others, hears them, and each under its own key: three
// on the line, a supervisor who whispers, and a mix that takes over from a bridge.
func TestMixOfSecuredLegs(t *testing.T) {
	for name, tt := range map[string]struct {
		hears func(a, b, c, boss *Session) Hears
		want  [4][]int // nil: is not in it
	}{
		"three":                 {func(a, b, c, _ *Session) Hears { return Meeting(a, b, c) }, [4][]int{{1, 2}, {0, 2}, {0, 1}, nil}},
		"a supervisor whispers": {func(a, b, _, boss *Session) Hears { return Meeting(a, b).Whisper(boss, b) }, [4][]int{{1}, {0, 3}, nil, {0, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pacer, pool, w := pacing(t, 4)
				all := securedParties(t, pool, 4)
				Connect(all[0].s, all[1].s)
				talk(t, w, all, 500*time.Millisecond)
				mix := pacer.Mix()
				defer mix.Close()
				if err := mix.Set(tt.hears(all[0].s, all[1].s, all[2].s, all[3].s)); err != nil {
					t.Fatal(err)
				}
				talk(t, w, all, time.Second)
				for i, want := range tt.want {
					if want == nil {
						continue
					}
					if got := all[i].hearing(t, w, all, 15); !slices.Equal(got, want) {
						t.Errorf("%d hears %v, want %v", i, got, want)
					}
					if st := all[i].s.Stats(); st.Forged+st.SendErrors > 0 {
						t.Errorf("%d: %+v", i, st)
					}
				}
			})
		})
	}
}

// A recording holds what was said, not what it was protected as: over a bridge, and
// over a mix; what does not open is not in it.
func TestRecordingOfSecuredLegs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, pool, w := pacing(t, 3)
		all := securedParties(t, pool, 3)
		rec := recording(t)
		rec.Add(all[0].s, Left)
		rec.Add(all[1].s, Right)
		bridge := Connect(all[0].s, all[1].s)
		talk(t, w, all, time.Second)
		bridge.Disconnect()
		mix := pacer.Mix()
		defer mix.Close()
		if err := mix.Set(Meeting(all[0].s, all[1].s, all[2].s)); err != nil {
			t.Fatal(err)
		}
		rec.Add(all[2].s, Right)
		talk(t, w, all, time.Second)
		stranger := &party{s: all[0].s, tone: all[2].tone, h: all[0].h, srtp: newSecured(t, SuiteCM)}
		talk(t, w, []*party{stranger}, time.Second)
		info := closed(t, rec)
		sides := stereo(t, info.Path)
		for _, tt := range []struct {
			side        Side
			from, until time.Duration
			want        []int
		}{
			{Left, 0, 1900 * ms, []int{0}},
			{Left, 2100 * ms, 3 * time.Second, nil},
			{Right, 0, 900 * ms, []int{1}},
			{Right, 1100 * ms, 1900 * ms, []int{1, 2}},
		} {
			until := min(tt.until, time.Duration(len(sides[tt.side]))*time.Second/8000)
			if until <= tt.from {
				continue // nothing was said so late
			}
			if got := tonesIn(sides[tt.side], all, tt.from, until); !slices.Equal(got, tt.want) {
				t.Errorf("side %d from %v: tones %v, want %v", tt.side, tt.from, got, tt.want)
			}
		}
		if st := all[0].s.Stats(); st.Forged != 50 {
			t.Errorf("%d of 50 packets of a stranger were dropped", st.Forged)
		}
	})
}
