package ivr

import (
	"cmp"
	"context"
)

// Say plays something. A key ends it and counts for the next question.
type Say struct {
	Play []Item `yaml:"play"`
	Next string `yaml:"next"`
}

func (s *Say) says() []Item   { return s.Play }
func (s *Say) ways() []way    { return []way{{on: "next", to: s.Next}} }
func (s *Say) check(*checker) {}

func (s *Say) walk(ctx context.Context, v *visit) (string, error) {
	return "next", v.play(ctx, s.Play)
}

// Hours branches on whether the hours of a name are open now.
type Hours struct {
	Of     string `yaml:"of"`
	Open   string `yaml:"open"`
	Closed string `yaml:"closed"`
}

func (h *Hours) says() []Item     { return nil }
func (h *Hours) ways() []way      { return []way{{on: "open", to: h.Open}, {on: "closed", to: h.Closed}} }
func (h *Hours) check(c *checker) { c.known("hours", h.Of, c.refs.Hours) }

func (h *Hours) walk(_ context.Context, v *visit) (string, error) {
	if v.Open(h.Of) {
		return "open", nil
	}
	return "closed", nil
}

// Set notes something about the call. What is empty stays as it is.
type Set struct {
	Class    string `yaml:"class"`
	Category string `yaml:"category"`
	Language string `yaml:"language"` // spoken from now on
	Priority int    `yaml:"priority"` // 1–9, larger goes first; 0: as it is
	Avoid    string `yaml:"avoid"`    // variable with the extension of the person complained of
	Next     string `yaml:"next"`
}

func (s *Set) says() []Item { return nil }
func (s *Set) ways() []way  { return []way{{on: "next", to: s.Next}} }

func (s *Set) check(c *checker) {
	c.want(*s != Set{Next: s.Next}, "sets nothing")
	c.want(s.Priority >= 0 && s.Priority <= 9, "priority is %d, want 1 to 9", s.Priority)
	for _, f := range []struct {
		what, name string
		there      []string
	}{
		{"class", s.Class, c.refs.Classes}, {"category", s.Category, c.refs.Categories},
		{"language", s.Language, c.languages}, {"variable", s.Avoid, c.variables},
	} {
		if f.name != "" && (f.what != "class" || len(f.there) > 0) {
			c.known(f.what, f.name, f.there)
		}
	}
}

func (s *Set) walk(_ context.Context, v *visit) (string, error) {
	v.exit.Class = cmp.Or(s.Class, v.exit.Class)
	v.exit.Category = cmp.Or(s.Category, v.exit.Category)
	v.exit.Language = cmp.Or(s.Language, v.exit.Language)
	v.exit.Priority = cmp.Or(s.Priority, v.exit.Priority)
	v.exit.Avoid = cmp.Or(v.value(s.Avoid), v.exit.Avoid)
	return "next", nil
}

// Leaf is where the caller leaves the flow.
type Leaf struct {
	Play []Item `yaml:"play"` // before
	Name string `yaml:"name"` // queue, extension or mailbox, which may be left out; of a callback, the variable with the number unless it is the caller's own
}

// leaf is a Leaf of one kind.
type leaf struct {
	*Leaf
	to Destination
}

func (l leaf) says() []Item { return l.Play }
func (l leaf) ways() []way  { return nil }

func (l leaf) check(c *checker) {
	switch l.to {
	case ToQueue:
		c.known("queue", l.Name, c.refs.Queues)
	case ToExtension:
		c.known("extension", l.Name, c.refs.Extensions)
	case ToVoicemail:
		if l.Name != "" {
			c.known("mailbox", l.Name, c.refs.Mailboxes)
		}
	case ToCallback:
		if l.Name != "" {
			c.known("variable", l.Name, c.variables)
		}
	case ToHangup:
		c.want(l.Name == "", "hangup has no name")
	}
}

func (l leaf) walk(ctx context.Context, v *visit) (string, error) {
	if err := v.play(ctx, l.Play); err != nil {
		return "", err
	}
	v.exit.To, v.exit.Name = l.to, l.Name
	if l.to == ToCallback {
		v.exit.Name = v.value(l.Name)
	}
	return string(l.to), nil
}
