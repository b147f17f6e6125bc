package ivr_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"shouwen/ivr"
	"shouwen/ivr/prompts"
)

const spoken = `
start: hello
nodes:
  hello: {say: {play: [greeting, {text: {zh-CN: 您好, en: Hello}}, {text: "9"}], next: other}}
  other: {set: {language: en, next: bye}}
  bye: {hangup: {play: [{text: {zh-CN: 您好, en: Hello}}]}}
`

// TestTextsAreSpokenInTheLanguageOfTheCaller: whoever speaks them is told each once.
func TestTextsAreSpokenInTheLanguageOfTheCaller(t *testing.T) {
	f, err := ivr.Load([]byte(spoken))
	if err != nil {
		t.Fatal(err)
	}
	r := refs(t)
	for lang, want := range map[string]string{"zh-CN": "9 您好", "en": "9 Hello"} {
		texts := f.Texts(lang)
		if got := strings.Join(slices.Sorted(maps.Values(texts)), " "); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
		for name, words := range texts {
			r.Sets[lang][name] = prompts.Prompt{File: words}
		}
	}
	if problems := f.Check(r); len(problems) > 0 {
		t.Fatal(problems)
	}
	caller := &script{}
	if _, err := (ivr.Walk{Flow: f, Language: "zh-CN"}).Run(t.Context(), caller); err != nil {
		t.Fatal(err)
	}
	var heard []string
	for _, line := range caller.heard {
		lang, names, _ := strings.Cut(line, " ")
		for name, p := range r.Sets[lang] {
			if strings.HasPrefix(string(name), "text ") {
				names = strings.ReplaceAll(names, string(name), p.File)
			}
		}
		heard = append(heard, lang+" "+names)
	}
	if want := []string{"zh-CN greeting 您好 9", "en Hello"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
	if names := f.Prompts(); !slices.Equal(names, []prompts.Name{"greeting"}) {
		t.Errorf("prompts %q", names)
	}
}

func TestItemsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"{txt: hello}":       `[4:23] unknown field "txt"`,
		"{text: [hello]}":    "[4:29]",
		"[hello]":            "[4:22]",
		"{text: {en: [a]}}":  "[4:34]",
		"{text: a, name: b}": `[4:32] unknown field "name"`,
	} {
		_, err := ivr.Load([]byte("start: a\nnodes:\n  a:\n    {hangup: {play: [" + text + "]}}\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
