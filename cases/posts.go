package cases

import (
	"fmt"
	"slices"
	"strings"
)

// Post is the description of a post: what whoever holds it has to do, and may decide
// (S03-R2).
type Post struct {
	Name   string   `yaml:"name" json:"name"` // as the field post or posts of people has it; unique
	Title  string   `yaml:"title,omitempty" json:"title,omitempty"`
	Duties []string `yaml:"duties,omitempty" json:"duties,omitempty"`
	Rights []string `yaml:"rights,omitempty" json:"rights,omitempty"`
}

// PostPolicy is what a policy writes into the description of every post (S33-R25).
type PostPolicy struct {
	Clause     Words `json:"clause"`     // a duty of every post; empty: none
	Precedence Words `json:"precedence"` // over procedures that say otherwise; empty: nothing is said
}

// holds tells whether p holds a post.
func (p Person) holds(post string) bool {
	return post == p.Post || slices.Contains(p.Posts, Party(post))
}

// Posts returns the descriptions of what p holds, in the order of d, each with the duty
// that every post has under the policy, in a language like zh-CN or en.
func (w PostPolicy) Posts(d Directory, p Person, lang string) (all []Post) {
	for _, post := range d.Posts {
		if p.holds(post.Name) {
			all = append(all, w.Describe(post, lang))
		}
	}
	return all
}

// Describe returns the description of a post with the duty that every post has.
func (w PostPolicy) Describe(post Post, lang string) Post {
	if clause := w.Clause.In(lang); clause != "" && !slices.Contains(post.Duties, clause) {
		post.Duties = append(slices.Clone(post.Duties), clause)
	}
	return post
}

// Undescribed says what the descriptions of posts in d lack: duties, rights, or the whole
// of them; and who holds none that is described. Where nobody has begun to describe posts
// it says nothing, unless w has a duty for every post.
func (w PostPolicy) Undescribed(d Directory) (lines []string) {
	if len(d.Posts) == 0 && w.Clause.EN == "" {
		return nil
	}
	held := map[Party]bool{}
	var none []string
	for _, p := range d.People {
		described := slices.ContainsFunc(d.Posts, func(post Post) bool { return p.holds(post.Name) })
		if !described {
			none = append(none, p.User)
		}
		for _, name := range append([]Party{Party(p.Post)}, p.Posts...) {
			_, known := find(d.Posts, func(post Post) bool { return Party(post.Name) == name })
			if name != "" && !known && !held[name] {
				lines = append(lines, fmt.Sprintf("post %s has no description: add it under posts, with its duties and rights (S03-R2)", name))
			}
			held[name] = true
		}
	}
	for _, post := range d.Posts {
		if len(post.Duties) == 0 {
			lines = append(lines, fmt.Sprintf("post %s has no duties (S03-R2)", post.Name))
		}
		if len(post.Rights) == 0 {
			lines = append(lines, fmt.Sprintf("post %s has no rights: what may its holder decide? (S03-R2)", post.Name))
		}
	}
	if len(none) > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d people hold no post with a description: %s (S03-R2, S33-R25)", len(none), len(d.People), shortened(none)))
	}
	return lines
}

// shortened names the first few.
func shortened(users []string) string {
	const most = 5
	if len(users) <= most {
		return strings.Join(users, ", ")
	}
	return strings.Join(users[:most], ", ") + " …"
}

// bilingual is a setting that is a text in both languages, or none.
func bilingual(path, zh, en string, w Words) setting {
	s := setting{path: path, label: Words{zh, en}, value: w}
	if (w.ZH == "") != (w.EN == "") {
		s.bad = "want a zh and an en"
	}
	return s
}
