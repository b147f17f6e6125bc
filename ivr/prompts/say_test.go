package prompts_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"shouwen/ivr/prompts"
)

const zh, en = prompts.Say("zh-CN"), prompts.Say("en")

func join(said []prompts.Name) string { return strings.Trim(fmt.Sprint(said), "[]") }

func TestSaid(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tests := map[string]struct {
		got  []prompts.Name
		want string
	}{
		"zero, Chinese":                     {zh.Number(0), "n0"},
		"ten lacks its one":                 {zh.Number(12), "n10 n2"},
		"but not within a number":           {zh.Number(112), "n1 hundred n1 n10 n2"},
		"one gap":                           {zh.Number(1002), "n1 thousand n0 n2"},
		"two gaps":                          {zh.Number(10_010), "n1 ten_thousand n0 n1 n10"},
		"no gap at the seam":                {zh.Number(12_300), "n1 ten_thousand liang thousand n3 hundred"},
		"gap at the seam":                   {zh.Number(100_500), "n10 ten_thousand n0 n5 hundred"},
		"zeros at the end are not said":     {zh.Number(20_000), "liang ten_thousand"},
		"largest, Chinese":                  {zh.Number(999_999), "n9 n10 n9 ten_thousand n9 thousand n9 hundred n9 n10 n9"},
		"zero, English":                     {en.Number(0), "n0"},
		"hundred and":                       {en.Number(205), "n2 hundred and n5"},
		"thousand and":                      {en.Number(1010), "n1 thousand and n10"},
		"round":                             {en.Number(2000), "n2 thousand"},
		"largest, English":                  {en.Number(999_999), "n9 hundred and n90 n9 thousand n9 hundred and n90 n9"},
		"no words for a negative number":    {en.Number(-1), ""},
		"no words for a million":            {zh.Number(1_000_000), ""},
		"third":                             {en.Ordinal(3), "th3"},
		"twenty-first":                      {en.Ordinal(21), "n20 th1"},
		"hundredth":                         {en.Ordinal(100), "n1 th100"},
		"第二十一":                              {zh.Ordinal(21), "ordinal n2 n10 n1"},
		"no zeroth":                         {zh.Ordinal(0), ""},
		"position, English":                 {en.Position(3), "position n3 in_queue"},
		"position, Chinese":                 {zh.Position(2), "position n2 in_queue"},
		"no position before the first":      {en.Position(0), ""},
		"case number, Chinese":              {zh.Digits("260921-1-0042"), "n2 n6 n0 n9 n2 yao pause yao pause n0 n0 n4 n2"},
		"number, English, letters left out": {en.Digits("+1 5x5"), "n1 pause n5 n5"},
		"date, Chinese":                     {zh.Date(at("2016-10-02 00:00")), "n2 n0 n1 n6 year n10 month n2 day"},
		"date, English":                     {en.Date(at("2026-09-21 00:00")), "month9 n20 th1 n2 thousand and n20 n6"},
		"time, Chinese":                     {zh.Time(at("2026-09-21 02:05")), "liang oclock n0 n5 past"},
		"full hour, Chinese":                {zh.Time(at("2026-09-21 15:00")), "n10 n5 oclock"},
		"half past, Chinese":                {zh.Time(at("2026-09-21 12:30")), "n10 n2 oclock n3 n10 past"},
		"time, English":                     {en.Time(at("2026-09-21 15:05")), "n3 oh n5 pm"},
		"midnight, English":                 {en.Time(at("2026-09-21 00:00")), "n12 am"},
		"half past noon, English":           {en.Time(at("2026-09-21 12:30")), "n12 n30 pm"},
		"two hours, Chinese":                {zh.Duration(2*time.Hour + 12*time.Minute), "liang hours n10 n2 minutes"},
		"one minute, English":               {en.Duration(61 * time.Second), "n1 minute n1 second"},
		"only the next unit":                {en.Duration(time.Hour + 5*time.Second), "n1 hour"},
		"days":                              {en.Duration(50 * time.Hour), "n2 days n2 hours"},
		"nothing":                           {en.Duration(-time.Second), "n0 seconds"},
	}
	for name, tt := range tests {
		if got := join(tt.got); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// hear is the number that words mean, found in another way than they were made.
func hear(t *rapid.T, lang prompts.Say, said []prompts.Name) int {
	var total, group, digit int
	for _, word := range said {
		switch w := string(word); {
		case w == "and":
		case w == "liang":
			digit = 2
		case w == "yao":
			digit = 1
		case w == "thousand" && lang == en:
			total, group, digit = (group+digit)*1000, 0, 0
		case w == "ten_thousand":
			total, group, digit = (group+digit)*10_000, 0, 0
		case w == "thousand":
			group, digit = group+digit*1000, 0
		case w == "hundred" || w == "th100":
			group, digit = group+digit*100, 0
		case w == "n10" && lang == zh:
			group, digit = group+max(digit, 1)*10, 0
		default:
			n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimPrefix(w, "n"), "th"))
			if err != nil {
				t.Fatalf("word %s in %v", w, said)
			}
			if n >= 10 { // English: twenty five
				group, n = group+n, 0
			}
			digit = n
		}
	}
	return total + group + digit
}

// number is any number there are words for, long ones not more often than short ones.
var number = rapid.Custom(func(t *rapid.T) int {
	return rapid.IntRange(0, rapid.SampledFrom([]int{9, 99, 9999, prompts.Largest}).Draw(t, "up to")).Draw(t, "n")
})

func TestNumbersAreHeardAsSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, lang := number.Draw(t, "n"), rapid.SampledFrom([]prompts.Say{zh, en}).Draw(t, "lang")
		said := lang.Number(n)
		if got := hear(t, lang, said); got != n {
			t.Errorf("%d is said as %v, heard as %d", n, said, got)
		}
		if zeros := join(said); strings.Contains(zeros, "n0 n0") || n > 0 && strings.HasSuffix(zeros, " n0") {
			t.Errorf("%d is said as %v: idle zeros", n, said)
		}
		if n == 0 {
			return
		}
		ordinal := lang.Ordinal(n)
		if lang == zh {
			ordinal = ordinal[1:]
		} else if last := &ordinal[len(ordinal)-1]; *last == "th1000" {
			*last = "thousand"
		}
		if got := hear(t, lang, ordinal); got != n {
			t.Errorf("%dth is said as %v, heard as %d", n, ordinal, got)
		}
	})
}

func TestDigitsAreHeardAsSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching("[0-9]{0,30}").Draw(t, "digits")
		for _, lang := range []prompts.Say{zh, en} {
			var heard strings.Builder
			for _, word := range lang.Digits(digits) {
				heard.WriteString(strconv.Itoa(hear(t, lang, []prompts.Name{word})))
			}
			if heard.String() != digits {
				t.Errorf("%s is heard as %s", digits, heard.String())
			}
		}
	})
}

// TestEveryWordIsRecorded: what can be said exists in the set of its language, and
// no word was recorded that is never said.
func TestEveryWordIsRecorded(t *testing.T) {
	short := []prompts.Name{
		prompts.Beep, prompts.TargetBusy, prompts.TargetNoAnswer, prompts.TargetDeclined, prompts.TargetUnreachable, prompts.TargetDenied, prompts.CallEnds,
		prompts.EmergencyCase, prompts.TakeIt,
	}
	for _, lang := range []prompts.Say{zh, en} {
		set, said := load(t, string(lang), ""), map[prompts.Name]bool{}
		start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		for n := range 2000 {
			day, minute := start.AddDate(0, 0, n), start.Add(time.Duration(n)*time.Minute)
			for _, words := range [][]prompts.Name{
				lang.Number(n), lang.Number(n * 500), lang.Ordinal(n), lang.Position(n), lang.Digits(strconv.Itoa(n)),
				lang.Digits("- "), lang.Date(day), lang.Time(minute), lang.Duration(time.Duration(n) * time.Second),
				lang.Duration(time.Duration(n) * time.Hour),
			} {
				for _, w := range words {
					said[w] = true
				}
			}
		}
		for w := range said {
			if _, ok := set[w]; !ok {
				t.Errorf("%s: %s is said but not recorded", lang, w)
			}
		}
		for name, p := range set {
			if length := len(p.WAV); length < rate && !said[name] && !slices.Contains(short, name) {
				t.Errorf("%s: %s is recorded but never said", lang, name)
			}
		}
	}
}

// TestSentencesExistInEveryLanguage: languages differ in words only.
func TestSentencesExistInEveryLanguage(t *testing.T) {
	chinese, english := load(t, "zh-CN", ""), load(t, "en", "")
	for _, pair := range [][2]prompts.Set{{chinese, english}, {english, chinese}} {
		for name, p := range pair[0] {
			if _, ok := pair[1][name]; !ok && len(p.WAV) > rate {
				t.Errorf("%s has no counterpart", p.File)
			}
		}
	}
	for _, name := range []prompts.Name{
		prompts.Greeting, prompts.PleaseHold, prompts.AllBusy, prompts.Apology, prompts.Goodbye,
		prompts.Music, prompts.Ringback, prompts.Beep, prompts.Pause,
	} {
		if _, ok := chinese[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
}
