package ivr

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"shouwen/ivr/prompts"
)

// Item is something to be played; of Name, Say and Text exactly one is set. In YAML
// it is the name of a prompt; or KIND=VARIABLE, which says the value of a variable as
// number, ordinal, digits, date, time or duration; or {text: WORDS}, or {text:
// {LANGUAGE: WORDS}}, which somebody has spoken before. A value that cannot be said
// is passed over.
type Item struct {
	Name     prompts.Name
	Say      string            // how to say the variable
	Variable string            //
	Text     map[string]string // by language, "" for every other
}

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (i *Item) UnmarshalYAML(n ast.Node) error {
	if n.Type() == ast.MappingType || n.Type() == ast.MappingValueType {
		var words struct {
			Text words `yaml:"text"`
		}
		if err := yaml.NodeToValue(n, &words, yaml.Strict()); err != nil {
			return err
		}
		*i = Item{Text: words.Text}
		return nil
	}
	var name string
	if err := yaml.NodeToValue(n, &name); err != nil {
		return err
	}
	*i = Item{Name: prompts.Name(name)}
	if how, variable, ok := strings.Cut(name, "="); ok {
		*i = Item{Say: how, Variable: variable}
	}
	return nil
}

// words are texts by language.
type words map[string]string

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (w *words) UnmarshalYAML(n ast.Node) error {
	if n.Type() == ast.MappingType || n.Type() == ast.MappingValueType {
		return yaml.NodeToValue(n, (*map[string]string)(w), yaml.Strict())
	}
	var all string
	if err := yaml.NodeToValue(n, &all); err != nil {
		return err
	}
	*w = words{"": all}
	return nil
}

// String returns the item as in YAML.
func (i Item) String() string {
	switch {
	case i.Say != "":
		return i.Say + "=" + i.Variable
	case i.Text != nil:
		return fmt.Sprintf("text %q", i.Text)
	}
	return string(i.Name)
}

// text returns the words in a language, and the name under which they are prompts.
func (i Item) text(language string) (words string, name prompts.Name) {
	words, ok := i.Text[language]
	if !ok {
		words = i.Text[""]
	}
	sum := sha256.Sum256([]byte(words))
	return words, prompts.Name("text " + hex.EncodeToString(sum[:8]))
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
		switch {
		case item.Text != nil:
			_, name := item.text(v.exit.Language)
			all = append(all, name)
		case item.Say == "":
			all = append(all, item.Name)
		default:
			if value := v.value(item.Variable); value != "" {
				all = append(all, speech[item.Say](prompts.Say(v.exit.Language), value)...)
			}
		}
	}
	return all
}
