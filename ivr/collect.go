package ivr

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// Collect takes digits into a variable. They end with the key #, with the last of
// Max, or with silence. Within them the emergency key is a digit like any other; by
// itself, followed by # or silence, it still leads to the emergency path.
type Collect struct {
	Ask    `yaml:",inline"`
	Into   string   `yaml:"into"`   // variable
	Min    int      `yaml:"min"`    // digits, by default 1
	Max    int      `yaml:"max"`    // digits, by default and at most 32
	Prefix []string `yaml:"prefix"` // they begin with one of these, if there are any
	Valid  Rule     `yaml:"valid"`
	Next   string   `yaml:"next"`
}

// Rule is what digits must be besides their number and beginning.
type Rule string

// The rules; "" is none.
const (
	Luhn Rule = "luhn" // the last is a check digit, ISO/IEC 7812-1 annex B
	Date Rule = "date" // YYYYMMDD, a day of the calendar
)

const (
	endKey    = '#'
	maxDigits = 32
	// afterLast is how long # is waited for after the last of Max digits, which
	// many press by habit.
	afterLast = time.Second
)

func (c *Collect) fillIn() {
	c.Ask.fillIn()
	if c.Min == 0 {
		c.Min = 1
	}
	if c.Max == 0 {
		c.Max = maxDigits
	}
}

func (c *Collect) ways() []way {
	return []way{{on: "digits", to: c.Next, asked: true}, c.otherwise()}
}

func (c *Collect) check(in *checker) {
	c.Ask.check(in)
	in.want(1 <= c.Min && c.Min <= c.Max && c.Max <= maxDigits, "min is %d and max %d, want 1 ≤ min ≤ max ≤ %d", c.Min, c.Max, maxDigits)
	in.want(c.Into != "", "into is empty: the digits would be lost")
	in.want(slices.Contains([]Rule{"", Luhn, Date}, c.Valid), "valid is %q, want luhn or date", c.Valid)
	for _, p := range c.Prefix {
		in.want(strings.Trim(p, "0123456789") == "" && len(p) <= c.Max, "prefix %q: want at most %d digits", p, c.Max)
	}
	e := in.flow.Emergency
	in.want(e != string(endKey), "the emergency key # ends the digits")
	in.want(c.Min > 1 || e < "0" || e > "9", "one digit is enough, so the emergency key %s may be meant: set min to 2 or more", e)
}

func (c *Collect) walk(ctx context.Context, v *visit) (string, error) {
	return v.ask(ctx, &c.Ask, func(ctx context.Context) (string, error) {
		digits, err := c.read(ctx, v)
		switch {
		case err != nil:
			return "", err
		case digits == v.Flow.Emergency:
			return "", errEmergency
		case !c.accepts(digits):
			return "", errInvalid
		}
		v.exit.Values[c.Into] = digits
		return "digits", nil
	})
}

// read returns the digits the caller keys in.
func (c *Collect) read(ctx context.Context, v *visit) (string, error) {
	var digits []byte
	for len(digits) < c.Max {
		key, err := v.key(ctx, c.Timeout)
		switch {
		case errors.Is(err, errSilent) && len(digits) > 0, err == nil && key == endKey:
			return string(digits), nil
		case err != nil:
			return "", err
		case key < '0' || key > '9':
			return "", errInvalid
		}
		digits = append(digits, key)
	}
	switch key, err := v.key(ctx, afterLast); {
	case errors.Is(err, errSilent):
	case err != nil:
		return "", err
	case key != endKey: // typed ahead
		v.typed = slices.Insert(v.typed, 0, key)
	}
	return string(digits), nil
}

func (c *Collect) accepts(digits string) bool {
	begins := func(p string) bool { return strings.HasPrefix(digits, p) }
	switch {
	case len(digits) < c.Min, len(c.Prefix) > 0 && !slices.ContainsFunc(c.Prefix, begins):
		return false
	case c.Valid == Luhn:
		return luhn(digits)
	case c.Valid == Date:
		_, ok := parse(digits, dateDigits)
		return ok
	}
	return true
}

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0
}
