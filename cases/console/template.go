package console

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"shouwen/cases"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed static
var static embed.FS

// loadPages parses the templates once for each language. Times are shown in zone.
func loadPages(zone *time.Location) map[lang]*template.Template {
	all := map[lang]*template.Template{}
	for _, l := range []lang{chinese, english} {
		all[l] = template.Must(template.New("").Funcs(template.FuncMap{
			"t":         l.word,
			"term":      func(kind string, value any) string { return l.term(kind, fmt.Sprint(value)) },
			"entry":     func(n int) string { return fmt.Sprintf(l.word("entry"), n) },
			"clock":     func(t, now time.Time) string { return clock(t.In(zone), now.In(zone)) },
			"full":      func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04:05 -07:00") },
			"day":       func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04") },
			"item":      func(p cases.NoticePoint) string { return p.In(string(l)) },
			"iso":       func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
			"span":      span,
			"between":   func(from, to time.Time) time.Duration { return to.Sub(from) },
			"text":      written,
			"days":      func(action string, p reportsPage) daysForm { return daysForm{action, p.From, p.Until} },
			"inspector": func(by any) string { return cases.Inspector(fmt.Sprint(by)).Words().In(string(l)) },
			"rectified": func(state string) string { return cases.RectificationState(state).Words().In(string(l)) },
			"plain":     func(s any) string { return plain(fmt.Sprint(s)) },
			"initials":  func(hash string) string { return hash[:12] },
			"body":      indented,
			"dict":      dict,
			"sentence":  sentence,
			"date":      func(t time.Time) string { return t.In(zone).Format(time.DateOnly) },
			"lastDate":  func(until time.Time) string { return until.Add(-1).In(zone).Format(time.DateOnly) },
			"sanction":  func(v string) string { return wordOf(cases.Choices(cases.Sanction("")), v, string(l)) },
			"party":     func(v string) string { return wordOf(cases.Choices(cases.Party("")), v, string(l)) },
			"before": func(steps []string) string {
				return fmt.Sprintf(l.word("before"), strings.Join(steps, map[lang]string{chinese: "、", english: ", "}[l]))
			},
		}).ParseFS(templates, "templates/*.html"))
	}
	return all
}

// sentence begins a text as a sentence.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// dict makes a map of keys and values in turn: what a template gives to another.
func dict(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

// term returns the word for a value of the domain, which may be newer than this
// page and then stands for itself.
func (l lang) term(kind, value string) string {
	if _, ok := words[kind+" "+value]; !ok {
		return value
	}
	return l.word(kind + " " + value)
}

// clock returns t, of the zone of now, with its day unless that is today.
func clock(t, now time.Time) string {
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04:05")
	}
	if t.Year() == now.Year() {
		return t.Format("01-02 15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// span returns d as m:ss or h:mm:ss; days are h too. It has no sign.
func span(d time.Duration) string {
	s := int(d.Abs().Round(time.Second).Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// plain makes what callers claim safe for the eye: controls and marks that turn
// the direction of writing become U+FFFD, and there is an end to it. Escaping is
// the template's.
func plain(s string) string {
	const longest = 256
	n := 0
	return strings.Map(func(r rune) rune {
		switch n++; {
		case n > longest:
			return -1
		case n == longest:
			return '…'
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// indented lays a JSON body out in lines.
func indented(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") != nil {
		return plain(body)
	}
	lines := strings.Split(b.String(), "\n")
	return strings.Join(mapped(lines, plain), "\n")
}

// static serves the style sheet, the script and the icon.
func (x *site) static(w http.ResponseWriter, r *http.Request) {
	name := "static/" + r.PathValue("file")
	if !fs.ValidPath(name) {
		x.fail(w, r, http.StatusNotFound)
		return
	}
	if _, err := fs.Stat(static, name); err != nil {
		x.fail(w, r, http.StatusNotFound)
		return
	}
	http.ServeFileFS(w, r, static, name)
}
