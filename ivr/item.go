package ivr

import (
	"strconv"
	"strings"
	"time"

	"shouwen/ivr/prompts"
)

// Item is something to be played: the name of a prompt, or KIND=VARIABLE, which says
// the value of a variable as number, ordinal, digits, date, time or duration. A value
// that is no such thing is passed over.
type Item string

// spoken returns how an item says which variable; how is empty for a prompt.
func (i Item) spoken() (how, variable string) {
	if how, variable, ok := strings.Cut(string(i), "="); ok {
		return how, variable
	}
	return "", ""
}

// speech says a value in a language; nil if it cannot be said so.
var speech = map[string]func(prompts.Say, string) []prompts.Name{
	"digits":  prompts.Say.Digits,
	"number":  func(say prompts.Say, v string) []prompts.Name { return say.Number(number(v)) },
	"ordinal": func(say prompts.Say, v string) []prompts.Name { return say.Ordinal(number(v)) },
	"date": func(say prompts.Say, v string) []prompts.Name {
		if t, ok := parse(v, time.DateOnly, dateDigits, time.RFC3339); ok {
			return say.Date(t)
		}
		return nil
	},
	"time": func(say prompts.Say, v string) []prompts.Name {
		if t, ok := parse(v, "15:04", time.TimeOnly, time.RFC3339); ok {
			return say.Time(t)
		}
		return nil
	},
	"duration": func(say prompts.Say, v string) []prompts.Name { // 1h20m, or seconds
		if d, err := time.ParseDuration(v); err == nil {
			return say.Duration(d)
		}
		if n := number(v); n >= 0 {
			return say.Duration(time.Duration(n) * time.Second)
		}
		return nil
	},
}

// number is the number v, -1 if there are no words for it.
func number(v string) int {
	if n, err := strconv.Atoi(v); err == nil && n >= 0 && n <= prompts.Largest {
		return n
	}
	return -1
}

// dateDigits is how a date is keyed in.
const dateDigits = "20060102"

func parse(v string, layouts ...string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, v); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// names resolves items for the caller.
func (v *visit) names(items []Item) (all []prompts.Name) {
	for _, item := range items {
		how, variable := item.spoken()
		if how == "" {
			all = append(all, prompts.Name(item))
			continue
		}
		if value := v.value(variable); value != "" {
			all = append(all, speech[how](prompts.Say(v.exit.Language), value)...)
		}
	}
	return all
}
