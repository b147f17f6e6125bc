package cases

import (
	"maps"
	"slices"
	"strings"
)

// Words is a text in both languages.
type Words struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// In returns the text in a language like zh-CN or en.
func (w Words) In(lang string) string {
	if strings.HasPrefix(lang, "zh") {
		return w.ZH
	}
	return w.EN
}

// vocabulary is a closed set of words, each with its text.
type vocabulary[T ~string] map[T]Words

// of returns the text of v, or v itself: a profile may have words of its own.
func (all vocabulary[T]) of(v T) Words {
	if w, ok := all[v]; ok {
		return w
	}
	return Words{string(v), string(v)}
}

// names lists the words, sorted.
func (all vocabulary[T]) names() []T { return slices.Sorted(maps.Keys(all)) }
