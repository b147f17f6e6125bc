package cases

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Topic is what somebody who answers callers has to know (S10-R5): a department and what
// it does, or, if Category is set, one kind of matter it is competent for.
type Topic struct {
	Department Department
	Category   Category // zero: the department as a whole
}

// NoticePoint is an item of the one-time notice of a matter, with what is to be told of it.
type NoticePoint struct {
	Item   NoticeItem
	Text   []string // empty: nobody has written it down
	Wanted bool     // the policy has it be told
}

// In returns what the item is called in a language like zh-CN or en.
func (t NoticePoint) In(lang string) string { return noticeItems.of(t.Item).In(lang) }

// ofCase are the items of a notice that each case has for itself, ofPolicy those the
// policy lists: no directory says anything of them.
const (
	ofPolicy NoticeItem = "materials" // OneTimeNotice.Lists
	ofCase   NoticeItem = "missing"
)

// Points are the items of the notice of k, those the policy wants first.
func (p OneTimeNotice) Points(k Category) (all []NoticePoint) {
	add := func(item NoticeItem, wanted bool) {
		t := NoticePoint{Item: item, Wanted: wanted}
		switch text := k.Notice[item]; {
		case item == ofPolicy:
			t.Text = p.Lists[k.Name]
		case text != "":
			t.Text = []string{text}
		}
		if wanted && item != ofCase || len(t.Text) > 0 {
			all = append(all, t)
		}
	}
	for _, item := range p.Content {
		add(item, true)
	}
	for _, item := range noticeItems.names() {
		if !slices.Contains(p.Content, item) {
			add(item, false)
		}
	}
	return all
}

// Topics lists all there is to know, every department followed by its categories.
func (d Directory) Topics() (all []Topic) {
	for _, t := range d.Departments {
		all = append(all, Topic{Department: t})
		for _, k := range d.Categories {
			if k.Department == t.Name {
				all = append(all, Topic{t, k})
			}
		}
	}
	return all
}

// Topic returns the topic of a category.
func (d Directory) Topic(category string) (Topic, bool) {
	return find(d.Topics(), func(t Topic) bool { return category != "" && t.Category.Name == category })
}

// similar is the least share of what is looked for that a topic has, by which it is
// found: pg_trgm.similarity_threshold of PostgreSQL.
const similar = 0.3

// Search returns the topics a text is about, the nearest first, at most limit: those that
// have it, or enough parts of it, and those of which it has a whole word that callers
// use. What there is to know is in every node's memory, so that it is found while the
// database is away.
func (d Directory) Search(text string, limit int) []Topic {
	sought := gramsOf(text)
	type hit struct {
		Topic
		score float64
	}
	var hits []hit
	for _, t := range d.Topics() {
		names, rest := t.texts(d)
		called, told := gramsOf(names...), gramsOf(rest...)
		near, far := 0, 0
		for g := range sought {
			switch {
			case called[g]:
				near++
			case told[g]:
				far++
			}
		}
		score := 0.0
		if len(sought) > 0 {
			score = (float64(near) + float64(far)/2) / float64(len(sought))
		}
		has := func(s string) bool {
			return strings.Contains(strings.ToLower(s), strings.ToLower(strings.TrimSpace(text)))
		}
		used := func(s string) bool { return len(gramsOf(s)) > 0 && contained(gramsOf(s), sought) }
		switch {
		case slices.ContainsFunc(names, has) || slices.ContainsFunc(names, used):
			score++
		case slices.ContainsFunc(rest, has):
			score += 0.5
		case len(sought) == 0 || float64(near+far)/float64(len(sought)) < similar:
			continue
		}
		hits = append(hits, hit{t, score})
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	var all []Topic
	for _, h := range hits[:min(limit, len(hits))] {
		all = append(all, h.Topic)
	}
	return all
}

// texts are what a topic is called, and what else is said of it.
func (t Topic) texts(d Directory) (names, rest []string) {
	k, in := t.Category, t.Department
	if k.Name == "" {
		names = []string{in.Name, in.Title}
		rest = append([]string{in.Duties, in.Contact, in.Extension}, in.Workflow...)
		for _, p := range d.People {
			if p.Department == in.Name {
				rest = append(rest, p.Name, p.Extension)
			}
		}
	} else {
		names = append([]string{k.Name, k.Title}, k.Words...)
		rest = []string{k.Answer, in.Title}
		for _, item := range noticeItems.names() {
			rest = append(rest, k.Notice[item])
		}
	}
	empty := func(s string) bool { return s == "" }
	return slices.DeleteFunc(names, empty), slices.DeleteFunc(rest, empty)
}

// gramsOf are the parts texts are compared by: of Chinese two characters in a row, of
// other words three letters or digits in a row, the blanks around a word included, as in
// pg_trgm of PostgreSQL. A Chinese character by itself is none.
func gramsOf(texts ...string) map[string]bool {
	all := map[string]bool{}
	for _, text := range texts {
		var word, han []rune
		ends := func() {
			if len(word) > 0 {
				word = slices.Concat([]rune("  "), word, []rune(" "))
			}
			for i := 0; i+3 <= len(word); i++ {
				all[string(word[i:i+3])] = true
			}
			for i := 0; i+2 <= len(han); i++ {
				all[string(han[i:i+2])] = true
			}
			word, han = nil, nil
		}
		for _, r := range strings.ToLower(text) {
			switch {
			case unicode.Is(unicode.Han, r):
				if len(word) > 0 {
					ends()
				}
				han = append(han, r)
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				if len(han) > 0 {
					ends()
				}
				word = append(word, r)
			default:
				ends()
			}
		}
		ends()
	}
	return all
}

func contained(part, whole map[string]bool) bool {
	for g := range part {
		if !whole[g] {
			return false
		}
	}
	return true
}
