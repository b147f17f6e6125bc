package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/ivr/acd"
)

// topicRows are at most shown of what was found.
const topicRows = 20

// topic is what there is to know, as somebody needs it while a caller waits: with who is
// there now.
type topic struct {
	cases.Topic
	Notice []cases.NoticePoint // of the category
	Hours  []cases.Interval    // of the department today; none: closed, if it has any
	Timed  bool                // it has opening hours
	Open   bool                // now
	Opens  time.Time           // if it is closed; zero: nobody knows when
	People []topicPerson
}

type topicPerson struct {
	cases.Person
	State acd.State // empty: no agent
}

// know tells of topics how it stands with them now.
func (x *site) know(all []cases.Topic) []topic {
	now, states, people := x.Now(), map[string]acd.State{}, x.People().People
	for _, a := range x.Agents().Agents {
		states[a.User] = a.State
	}
	return mapped(all, func(of cases.Topic) topic {
		t := topic{Topic: of, Open: true}
		if of.Category.Name != "" {
			t.Notice = x.Store.Rules.Policy.OneTimeNotice.Points(of.Category)
		}
		if c, ok := x.Hours[of.Department.Hours]; ok {
			t.Timed, t.Open, t.Hours = true, c.IsOpen(now), c.Hours(cases.DateOf(now.In(c.Zone)))
			if !t.Open {
				t.Opens = c.NextOpen(now)
			}
		}
		for _, p := range people {
			if p.Department == of.Department.Name {
				t.People = append(t.People, topicPerson{p, states[p.User]})
			}
		}
		slices.SortStableFunc(t.People, func(a, b topicPerson) int { return presence(a.State) - presence(b.State) })
		return t
	})
}

// presence puts who can be spoken to before who cannot.
func presence(s acd.State) int {
	return slices.Index([]acd.State{acd.Ready, acd.WrapUp, acd.Ringing, acd.Talking, acd.Paused, "", acd.Away}, s)
}

// topicsOf returns what there is of a category, of a department, or what a text is about;
// everything if none of them is given.
func (x *site) topicsOf(text, category, department string) []cases.Topic {
	d := x.People()
	text = strings.TrimSpace(text)
	var all []cases.Topic
	switch {
	case category != "":
		if t, ok := d.Topic(category); ok {
			all = []cases.Topic{t}
		}
	case text != "":
		all = d.Search(text, topicRows)
	default:
		all = d.Topics()
	}
	return slices.DeleteFunc(all, func(t cases.Topic) bool { return department != "" && t.Department.Name != department })
}

// knowPage is what somebody looked for, and what there is to know of it.
type knowPage struct {
	What   string
	Topics []topic
}

func (x *site) knowPageOf(r *http.Request) knowPage {
	q := r.URL.Query()
	what := q.Get("q")
	return knowPage{what, x.know(x.topicsOf(what, q.Get("category"), q.Get("department")))}
}

func (x *site) showKnowledge(w http.ResponseWriter, r *http.Request) {
	x.render(w, r, http.StatusOK, "know", x.knowPageOf(r))
}

// showTopics is the part of a page that has what was found; nothing if nobody looks for
// anything.
func (x *site) showTopics(w http.ResponseWriter, r *http.Request) {
	p := knowPage{}
	if q := r.URL.Query(); strings.TrimSpace(q.Get("q")) != "" || q.Get("category") != "" {
		p = x.knowPageOf(r)
	}
	x.render(w, r, http.StatusOK, "topics", p)
}

type noticePointBody struct {
	Item   string   `json:"item"`
	Title  string   `json:"title"`
	Text   []string `json:"text" nullable:"false" doc:"None: nobody has written it down."`
	Wanted bool     `json:"wanted" doc:"The profile has it be told."`
}

type topicPersonBody struct {
	User      string `json:"user"`
	Name      string `json:"name,omitempty"`
	Extension string `json:"extension"`
	State     string `json:"state,omitempty" doc:"Of the phone, as get_agents has it."`
}

type topicBody struct {
	Category   string            `json:"category,omitempty" doc:"Left out: the department as a whole."`
	Title      string            `json:"title,omitempty" doc:"Of the category."`
	Answer     string            `json:"answer,omitempty" doc:"To be read to the caller."`
	Notice     []noticePointBody `json:"notice" nullable:"false" doc:"One-time notice (一次性告知); the materials are those of the profile."`
	Department departmentBody    `json:"department"`
	Hours      []string          `json:"hours_today" nullable:"false" doc:"Of the department; none: closed, or it has no hours and is always open."`
	Open       bool              `json:"open"`
	Opens      *time.Time        `json:"opens,omitempty"`
	People     []topicPersonBody `json:"people" nullable:"false" doc:"Of the department, who can be spoken to first."`
}

type knowledgeBody struct {
	Topics []topicBody `json:"topics" nullable:"false" doc:"The nearest first."`
}

// getKnowledge has what an agent needs while the caller waits (S10-R5).
func (x *site) getKnowledge(_ context.Context, in *struct {
	Text       string `query:"text" maxLength:"200" doc:"What it is about, as somebody types or says it." example:"热水器漏水"`
	Category   string `query:"category" maxLength:"64"`
	Department string `query:"department" maxLength:"64"`
	Language   string `header:"Accept-Language" doc:"Of titles of items: zh or en."`
}) (*out[knowledgeBody], error) {
	l := accepted(in.Language)
	return &out[knowledgeBody]{knowledgeBody{mapped(x.know(x.topicsOf(in.Text, in.Category, in.Department)), func(t topic) topicBody {
		return topicBody{
			Category: t.Category.Name, Title: t.Category.Title, Answer: t.Category.Answer, Department: departmentBody(t.Department),
			Hours: hoursOf(t.Hours), Open: t.Open, Opens: timeOf(t.Opens),
			Notice: mapped(t.Notice, func(p cases.NoticePoint) noticePointBody {
				return noticePointBody{string(p.Item), p.In(string(l)), append([]string{}, p.Text...), p.Wanted}
			}),
			People: mapped(t.People, func(p topicPerson) topicPersonBody {
				return topicPersonBody{p.User, p.Name, p.Extension, string(p.State)}
			}),
		}
	})}}, nil
}

func (x *site) registerKnowledge(api huma.API, operation func(id, path, summary string, also ...int) huma.Operation) {
	huma.Register(api, operation("get_knowledge", "/api/v1/knowledge",
		"What departments do and how, and what callers are told of each kind of matter; works while the database is away", 422), x.getKnowledge)
}
