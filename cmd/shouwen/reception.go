package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"shouwen/cases"
	"shouwen/cases/profile"
	"shouwen/ivr"
	"shouwen/ivr/call"
	"shouwen/ivr/prompts"
)

// reception is what callers meet besides people: prompts, opening hours and flows.
type reception struct {
	sets     map[string]prompts.Set // by language
	sounds   map[string]call.Sounds // the same, ready to be sent
	hours    map[string]cases.Calendar
	flows    map[string]*call.Flow // by file, as the configuration names it
	unspoken error                 // texts that callers will not hear, though the flows say them
	warnings []string
}

// flowValues are the variables a flow knows from the start.
var flowValues = []string{"caller", "case", "hotline"}

// reception loads everything the hotlines name. The error lists all that is wrong
// with the flows.
func (c Config) reception(d cases.Directory, p cases.Policy) (r reception, err error) {
	if r.hours, err = c.loadHours(); err != nil {
		return r, err
	}
	if r.flows, err = c.loadFlows(); err != nil {
		return r, err
	}
	own := c.ownPrompts(r.flows)
	var unknown []error
	if r.sets, unknown, err = c.promptSets(own...); err != nil {
		return r, err
	}
	for _, u := range unknown { // nobody asked for them: what is played is as it was
		r.warnings = append(r.warnings, u.Error())
	}
	r.unspoken = c.speakTexts(r.flows, r.sets)
	if err := r.check(c, d, p); err != nil {
		return r, err
	}
	r.sounds, err = c.loadSounds(r.sets)
	return r, err
}

// loadFlows reads the flows that hotlines and queues name, by file as it is named.
func (c Config) loadFlows() (map[string]*call.Flow, error) {
	flows := map[string]*call.Flow{}
	load := func(at, file string) error {
		if file == "" || flows[file] != nil {
			return nil
		}
		f, err := loadFlow(c.path(file))
		if err != nil {
			return bad(at, "%s", err)
		}
		flows[file] = f
		return nil
	}
	var wrong []error
	for i, h := range c.Hotlines {
		wrong = append(wrong, load(fmt.Sprintf("hotlines[%d].flow", i), h.Flow), load(fmt.Sprintf("hotlines[%d].survey", i), h.Survey))
	}
	for i, q := range c.Queues {
		wrong = append(wrong, load(fmt.Sprintf("queues[%d].survey", i), q.Survey))
	}
	return flows, cmp.Or(wrong...)
}

// ownPrompts names the prompts that flows, greetings and queues play, each once.
func (c Config) ownPrompts(flows map[string]*call.Flow) []prompts.Name {
	own := map[prompts.Name]bool{}
	for _, h := range c.Hotlines {
		own[prompts.Name(h.Greeting)] = true
	}
	delete(own, "")
	for _, q := range c.Queues {
		for _, name := range q.Announce.prompts() {
			own[name] = true
		}
	}
	for _, f := range flows {
		for _, name := range f.Prompts() {
			own[name] = true
		}
	}
	return slices.Sorted(maps.Keys(own))
}

func loadFlow(file string) (*call.Flow, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil, err
	}
	flow, err := ivr.Load(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &call.Flow{Name: flowName(file), Flow: flow}, nil
}

// check proves every flow.
func (r *reception) check(c Config, d cases.Directory, policy cases.Policy) error {
	refs := ivr.References{
		Sets: r.sets, Queues: c.queueNames(), Mailboxes: c.queueNames(),
		Hours: slices.Sorted(maps.Keys(r.hours)), Values: flowValues,
	}
	if classes := policy.Classification.Classes; len(classes) > 1 { // else it does not distinguish any
		for _, k := range classes {
			refs.Classes = append(refs.Classes, string(k.Class))
		}
	}
	for _, p := range d.People {
		refs.Extensions = append(refs.Extensions, p.Extension)
	}
	for _, t := range d.Departments {
		if t.Extension != "" {
			refs.Extensions = append(refs.Extensions, t.Extension)
		}
		if _, ok := r.hours[t.Hours]; t.Hours != "" && !ok {
			return fmt.Errorf("department %s has hours %q, which do not exist; add them under hours in the configuration", t.Name, t.Hours)
		}
	}
	for _, k := range d.Categories {
		refs.Categories = append(refs.Categories, k.Name)
	}
	var wrong []error
	report := func(file string, problems []ivr.Problem) {
		for _, p := range problems {
			if text := file + ": " + p.String(); p.Warning {
				r.warnings = append(r.warnings, text)
			} else {
				wrong = append(wrong, errors.New(text))
			}
		}
	}
	seen := map[string]bool{}
	var surveys []string
	for i, q := range c.Queues {
		surveys = append(surveys, q.Survey)
		wrong = append(wrong, r.spoken(fmt.Sprintf("queues[%d].announce.play", i), q.Announce.prompts()))
	}
	for i, h := range c.Hotlines {
		if f := r.flows[h.Flow]; f != nil && !seen[h.Flow] {
			seen[h.Flow] = true
			report(h.Flow, f.Check(refs))
		}
		surveys = append(surveys, h.Survey)
		if _, ok := r.sets[c.Language][prompts.Name(h.Greeting)]; h.Greeting != "" && !ok {
			wrong = append(wrong, bad(fmt.Sprintf("hotlines[%d].greeting", i), "there is no prompt %q; put %[1]s.wav into the folder of prompts", h.Greeting))
		}
	}
	for _, file := range surveys {
		if f := r.flows[file]; f != nil && !seen[file] {
			seen[file] = true
			report(file, f.CheckSurvey(refs))
		}
	}
	return errors.Join(wrong...)
}

// spoken reports the first of names, at a place of the configuration, that is not there
// in every language.
func (r *reception) spoken(at string, names []prompts.Name) error {
	for _, lang := range slices.Sorted(maps.Keys(r.sets)) {
		for _, name := range names {
			if _, ok := r.sets[lang][name]; !ok {
				return bad(at, "there is no prompt %q in %s; put %[1]s.wav into the folder of its prompts", name, lang)
			}
		}
	}
	return nil
}

// hotline is the hotline as calls are served.
func (h HotlineConfig) hotline(r reception, c Config) call.Hotline {
	line := call.Hotline{
		Number: h.Number, Aliases: h.Aliases, Queue: h.Queue,
		Greeting: r.sounds[c.Language].Words[prompts.Name(h.Greeting)], Hours: h.Hours, Night: call.Exit(h.Night),
		Flow: r.flows[h.Flow], Survey: r.flows[h.Survey],
		CallbackWithin: time.Duration(h.CallbackWithin), Complaints: h.Complaints,
	}
	key := h.Emergency
	if line.Flow != nil {
		key = line.Flow.Emergency
	}
	if key != "off" {
		line.Emergency = key[0]
	}
	return line
}

// loadHours reads the calendars of opening hours. One without a file of its own is
// one of those that come with Shouwen.
func (c Config) loadHours() (map[string]cases.Calendar, error) {
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return nil, err
	}
	all := map[string]cases.Calendar{}
	for _, name := range slices.Sorted(maps.Keys(c.Hours)) {
		calendar, err := c.loadCalendar(c.Hours[name], zone)
		if err != nil {
			return nil, bad("hours."+name, "%s; want a calendar file or one of %s", err, strings.Join(profile.Calendars(), ", "))
		}
		all[name] = calendar
	}
	return all, nil
}

// open tells whether the hours of a name are open at t.
func (r reception) open(name string, t time.Time) bool { return r.hours[name].IsOpen(t) }

var errElsewhere = errors.New("sent to another host")

// flowClient asks outside systems for flows. Every request has a deadline of its own.
func flowClient() *http.Client {
	return &http.Client{
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme || len(via) > 3 {
				return errElsewhere
			}
			return nil
		},
		Transport: &http.Transport{
			TLSHandshakeTimeout: 5 * time.Second, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost: 8, MaxConnsPerHost: 64, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		},
	}
}
