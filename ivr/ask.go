package ivr

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// Ask is how a question is put to the caller. A key stops what is being played.
type Ask struct {
	Play    []Item        `yaml:"play"`
	Tries   int           `yaml:"tries"`   // 1–9, by default 3: how often it is put to a caller in all, however he comes back to it
	Timeout time.Duration `yaml:"timeout"` // 1s–30s, by default 5s: after the question, and between digits
	Invalid []Item        `yaml:"invalid"` // played after an answer that is none
	Silent  []Item        `yaml:"silent"`  // played after no answer
	Else    string        `yaml:"else"`    // node after the last try
}

func (a *Ask) fillIn() {
	if a.Tries == 0 {
		a.Tries = 3
	}
	if a.Timeout == 0 {
		a.Timeout = 5 * time.Second
	}
}

func (a *Ask) says() []Item { return slices.Concat(a.Play, a.Invalid, a.Silent) }

// otherwise is the way out of a question that was not answered.
func (a *Ask) otherwise() way { return way{on: "else", to: a.Else} }

func (a *Ask) check(c *checker) {
	c.want(a.Tries >= 1 && a.Tries <= 9, "tries is %d, want 1 to 9", a.Tries)
	c.want(a.Timeout >= time.Second && a.Timeout <= 30*time.Second, "timeout is %s, want 1s to 30s", a.Timeout)
	c.want(len(a.Play) > 0, "play is empty: the caller would hear no question")
}

// What the caller did instead of answering.
var (
	errSilent  = errors.New("no answer in time")
	errInvalid = errors.New("no valid answer")
)

// ask puts a question until answer returns what is done on the answer. The tries of
// a whole walk are counted, so that no caller goes round for ever.
func (v *visit) ask(ctx context.Context, a *Ask, answer func(context.Context) (on string, err error)) (string, error) {
	for v.tries[v.at] < a.Tries {
		v.tries[v.at]++
		if err := v.play(ctx, a.Play); err != nil {
			return "", err
		}
		on, err := answer(ctx)
		again := a.Invalid
		switch {
		case errors.Is(err, errSilent):
			again, v.exit.Unanswered = a.Silent, Silent
		case errors.Is(err, errInvalid):
			v.exit.Unanswered = Invalid
		default:
			v.exit.Unanswered = ""
			return on, err
		}
		v.step(string(v.exit.Unanswered), "")
		if err := v.play(ctx, again); err != nil {
			return "", err
		}
	}
	return "else", nil
}

// Menu goes where the key says.
type Menu struct {
	Ask  `yaml:",inline"`
	Keys map[string]string `yaml:"keys"` // 0–9, * or #, to a node
}

func (m *Menu) ways() (all []way) {
	for _, key := range slices.Sorted(maps.Keys(m.Keys)) {
		all = append(all, way{on: "key " + key, to: m.Keys[key], asked: true})
	}
	return append(all, m.otherwise())
}

func (m *Menu) check(c *checker) {
	m.Ask.check(c)
	c.want(len(m.Keys) > 0, "keys is empty")
	for _, key := range slices.Sorted(maps.Keys(m.Keys)) {
		c.want(isKey(key), "key %q is not one of 0 to 9, * and #", key)
		c.want(key != c.flow.Emergency, "key %s is the emergency key", key)
	}
}

func (m *Menu) walk(ctx context.Context, v *visit) (string, error) {
	return v.ask(ctx, &m.Ask, func(ctx context.Context) (string, error) {
		key, err := v.key(ctx, m.Timeout)
		if err != nil {
			return "", err
		}
		if _, ok := m.Keys[string(key)]; !ok {
			return "", errInvalid
		}
		return "key " + string(key), nil
	})
}

func isKey(s string) bool { return len(s) == 1 && strings.Contains("0123456789*#", s) }

// Survey takes a score from 1 to 5.
type Survey struct {
	Ask  `yaml:",inline"`
	Next string `yaml:"next"`
}

func (s *Survey) ways() []way {
	return []way{{on: "score", to: s.Next, asked: true}, s.otherwise()}
}

func (s *Survey) check(c *checker) {
	s.Ask.check(c)
	e := c.flow.Emergency
	c.want(e < "1" || e > "5", "the emergency key %s is a score", e)
}

func (s *Survey) walk(ctx context.Context, v *visit) (string, error) {
	return v.ask(ctx, &s.Ask, func(ctx context.Context) (string, error) {
		key, err := v.key(ctx, s.Timeout)
		if err != nil {
			return "", err
		}
		if key < '1' || key > '5' {
			return "", errInvalid
		}
		v.exit.Scores[v.at] = int(key - '0')
		return "score", nil
	})
}
