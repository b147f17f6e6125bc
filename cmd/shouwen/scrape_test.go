package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
	"shouwen/ivr/call"
	"shouwen/sip/siptest"
)

// TestScrapedUnderLoad: while callers are answered and their cases moved, everybody scrapes
// who may, in every way there is, over and over. Each scrape can be read, what counts never
// goes back, no call suffers, and in the end everybody is told what was done.
func TestScrapedUnderLoad(t *testing.T) {
	t.Parallel()
	const lines, each, says = 3, 3, 700
	cfg := testConfig(t)
	cfg.HTTP.Metrics, cfg.Queues[0].Strategy = "127.0.0.1:0", "longest_idle"
	b := startBed(t, cfg, serverOptions{agents: lines, database: storetest.URL(t), anyPort: true}, func(s *server) { s.figures.Every = 200 * time.Millisecond })
	for i := range lines {
		b.agent(i, siptest.Config{Tone: says, Answer: func(c *siptest.Call) { _ = c.Answer() }})
	}

	var all []*scraper
	for _, path := range []string{"", "/state"} {
		for _, accept := range []string{"", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"} {
			for _, encoding := range []string{"", "gzip"} {
				all = append(all, &scraper{t: t, url: b.MetricsURL + path, accept: accept, encoding: encoding})
			}
		}
	}
	over := make(chan struct{})
	var watching sync.WaitGroup
	for _, s := range all {
		watching.Go(func() { s.watch(over) })
	}
	together(lines, func(i int) {
		phone := b.caller(numbered(i))
		for range each {
			c := phone.Dial(b.Hotline)
			c.Answered()
			c.Hears(says)
			b.press(t, numbered(i))
			c.Hangup()
			until(t, "the call is over", func() bool { _, talks := b.talking(numbered(i)); return !talks })
		}
	})
	close(over)
	watching.Wait()

	const calls = lines * each
	done := map[string]samples{
		b.MetricsURL: {
			`shouwen_calls_total{direction="inbound",result="answered"}`:               calls,
			`shouwen_calls_total{direction="inbound",result="abandoned"}`:              0,
			`shouwen_calls_total{direction="inbound",result="failed"}`:                 0,
			`shouwen_calls_in_progress{direction="inbound",state="talking"}`:           0,
			`shouwen_queue_entered_total{queue="hotline"}`:                             calls,
			`shouwen_queue_wait_seconds_count{outcome="answered",queue="hotline"}`:     calls,
			`shouwen_agent_ring_seconds_count{queue="hotline"}`:                        calls,
			`shouwen_contact_handle_seconds_count{queue="hotline"}`:                    calls,
			`shouwen_sip_requests_total{direction="received",method="INVITE"}`:         calls,
			`shouwen_sip_responses_total{code="200",direction="sent",method="INVITE"}`: calls,
			`shouwen_journal_pending_entries`:                                          0,
		},
		b.MetricsURL + "/state": {
			`shouwen_state_up`: 1,
			`shouwen_state_cases_open{department="hotline",state="open"}`:                             calls,
			`shouwen_state_first_asker_cases_open{department="hotline",ownership="with_first_asker"}`: calls,
			`shouwen_state_presses_total{department="hotline"}`:                                       calls,
			`shouwen_state_contacts_total{repeat="no"}`:                                               lines,
			`shouwen_state_contacts_total{repeat="yes"}`:                                              calls - lines,
			`shouwen_state_agents{department="hotline",state="available"}`:                            lines,
		},
	}
	for _, s := range all {
		s.learns(done[s.url])
	}
}

// talking is the call of a caller, if there is one.
func (b *bed) talking(caller string) (call.Live, bool) {
	live := b.server.calls.Live()
	i := slices.IndexFunc(live, func(l call.Live) bool { return string(l.Caller.E164) == caller })
	if i < 0 {
		return call.Live{}, false
	}
	return live[i], true
}

// press has the agent who talks with a caller press for his case, once it is on record, and
// say what it is about.
func (b *bed) press(t *testing.T, caller string) {
	t.Helper()
	talk, talks := b.talking(caller)
	if !talks {
		t.Fatalf("nobody talks with %s", caller)
	}
	st := b.server.database.store
	until(t, "the case is on record", func() bool { _, _, err := st.Case(t.Context(), talk.Case); return err == nil })
	by, _ := b.server.roster.directory().Actor(talk.Agent)
	for _, m := range []cases.Move{cases.Press{Text: "hurry"}, cases.Classify{Category: "water"}} {
		if _, err := st.Move(t.Context(), store.Order{Case: talk.Case, Move: m, By: by, At: time.Now(), Key: uuid.NewString()}); err != nil {
			t.Fatal(err)
		}
	}
}

// scraper is somebody who scrapes in a way of his own.
type scraper struct {
	t                     *testing.T
	url, accept, encoding string
	n                     int
	last                  scraped
}

// open tells whether what he is given is OpenMetrics, which has nothing to say of the
// state that text has not.
func (s *scraper) open() bool {
	return strings.HasPrefix(s.accept, "application/openmetrics-text") && !strings.HasSuffix(s.url, "/state")
}

func (s *scraper) String() string { return fmt.Sprintf("who accepts %q, %q", s.accept, s.encoding) }

// watch scrapes until over, and a few times at least.
func (s *scraper) watch(over <-chan struct{}) {
	pace := time.NewTicker(time.Second) // eight at once, 15 times as often as a Prometheus
	defer pace.Stop()
	for !s.t.Failed() {
		s.look()
		select {
		case <-over:
			if s.n >= 3 {
				return
			}
		default:
		}
		<-pace.C
	}
}

// learns waits until samples have these values.
func (s *scraper) learns(want samples) {
	s.t.Helper()
	wrong := ""
	defer func() {
		if s.t.Failed() {
			s.t.Logf("%s at %s, after %d scrapes:%s", s, s.url, s.n, wrong)
		}
	}()
	until(s.t, "the samples are as wanted", func() bool {
		s.look()
		wrong = ""
		for name, v := range want {
			if got, there := s.last.samples[name]; !there || got != v {
				wrong += fmt.Sprintf("\n%s is %v, want %v (there: %t)", name, got, v, there)
			}
		}
		return wrong == "" || s.t.Failed()
	})
}

// look scrapes once, and compares with the time before.
func (s *scraper) look() {
	s.t.Helper()
	text, err := s.get()
	var now scraped
	if err == nil {
		now, err = readScrape(text, s.open())
	}
	if up, there := now.samples["shouwen_state_up"]; err == nil && there && up == 0 && len(now.samples) == 1 {
		s.n++ // PostgreSQL had no time to be read, and what is old is not told
		return
	}
	if err == nil {
		err = now.follows(s.last)
	}
	if err != nil {
		s.t.Errorf("%s at %s: %v", s, s.url, err)
	}
	s.n, s.last = s.n+1, now
}

func (s *scraper) get() (string, error) {
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url, nil)
	if err != nil {
		return "", err
	}
	for name, v := range map[string]string{"Accept": s.accept, "Accept-Encoding": s.encoding} {
		if v != "" {
			r.Header.Set(name, v)
		}
	}
	res, err := scrapes.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	kind := "text/plain"
	if s.open() {
		kind = "application/openmetrics-text"
	}
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), kind+";") || res.Header.Get("Content-Encoding") != s.encoding {
		return "", fmt.Errorf("%d %v", res.StatusCode, res.Header)
	}
	body := io.Reader(res.Body)
	if s.encoding == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			return "", err
		}
	}
	b, err := io.ReadAll(body)
	return string(b), err
}

// scrapes unzips nothing by itself.
var scrapes = &http.Client{Transport: &http.Transport{DisableCompression: true}}

// scraped is a scrape that was read.
type scraped struct {
	samples
	counts map[string]bool // those that only grow
}

// readScrape reads text or, open, OpenMetrics; histograms have to agree with themselves.
func readScrape(text string, open bool) (scraped, error) {
	s := scraped{samples{}, map[string]bool{}}
	plain, ends := strings.CutSuffix(text, "# EOF\n")
	if ends != open {
		return s, fmt.Errorf("it ends: %t", ends)
	}
	if !open {
		p := expfmt.NewTextParser(model.LegacyValidation)
		if _, err := p.TextToMetricFamilies(strings.NewReader(text)); err != nil {
			return s, err
		}
	}
	family, kind := "", ""
	below := map[string]float64{} // the bucket before, by the count of its histogram
	for line := range strings.Lines(plain) {
		line = strings.TrimSuffix(line, "\n")
		if fields := strings.Fields(line); len(fields) > 3 && fields[0] == "#" {
			if fields[1] == "TYPE" {
				family, kind = fields[2], fields[3]
			}
			continue
		}
		sample, _, exemplar := strings.Cut(line, " # {call_id=")
		cut := max(strings.LastIndexByte(sample, ' '), 0)
		name := sample[:cut]
		v, err := strconv.ParseFloat(sample[cut:][min(1, len(sample)):], 64)
		if err != nil || exemplar && !open {
			return s, fmt.Errorf("no sample: %s, %v", line, err)
		}
		labelled := strings.Contains(name, "{")
		if _, twice := s.samples[name]; twice || family == "" || !strings.HasPrefix(name, family) || labelled != strings.HasSuffix(name, "}") {
			return s, fmt.Errorf("twice, cut off, or of no family: %s", line)
		}
		s.samples[name], s.counts[name] = v, kind == "counter" || kind == "histogram"
		if of, is := strings.CutPrefix(name, family+"_bucket{"); is && kind == "histogram" {
			of = of[:max(strings.LastIndex(of, `le="`), 0)] // always the last
			count := family + "_count"
			if of != "" {
				count += "{" + strings.TrimSuffix(of, ",") + "}"
			}
			if v < below[count] {
				return s, fmt.Errorf("less than the bucket before: %s", line)
			}
			below[count] = v
		}
	}
	for count, v := range below {
		if n, there := s.samples[count]; !there || n != v {
			return s, fmt.Errorf("%s is %v, the last bucket has %v", count, n, v)
		}
	}
	if len(s.samples) == 0 {
		return s, errors.New("nothing is told")
	}
	return s, nil
}

// follows says what of an earlier scrape counted and has gone, or gone back.
func (s scraped) follows(before scraped) error {
	for name, was := range before.samples {
		if is, there := s.samples[name]; before.counts[name] && (!there || is < was) {
			return fmt.Errorf("%s was %v and is %v (there: %t)", name, was, is, there)
		}
	}
	return nil
}

// TestScrapesAreJudged: what is wrong with a scrape is found.
func TestScrapesAreJudged(t *testing.T) {
	t.Parallel()
	const good = "# HELP a_total x\n# TYPE a_total counter\na_total{x=\"1\"} 2\n# HELP h x\n# TYPE h histogram\n" +
		"h_bucket{q=\"1\",le=\"5\"} 1\nh_bucket{q=\"1\",le=\"+Inf\"} 3\nh_sum{q=\"1\"} 9\nh_count{q=\"1\"} 3\n# HELP g x\n# TYPE g gauge\ng 7\n"
	first, err := readScrape(good, false)
	if err != nil {
		t.Fatal(err)
	}
	for what, tt := range map[string]struct {
		old, new string
		bad      bool
	}{
		"the same":              {"", "", false},
		"more":                  {"a_total{x=\"1\"} 2", "a_total{x=\"1\"} 3", false},
		"a gauge falls":         {"g 7", "g 6", false},
		"an exemplar in text":   {"le=\"5\"} 1\n", "le=\"5\"} 1 # {call_id=\"0193-1\"} 3.0 1.7e+09\n", true},
		"a counter falls":       {"a_total{x=\"1\"} 2", "a_total{x=\"1\"} 1", true},
		"a counter is gone":     {"a_total{x=\"1\"} 2\n", "", true},
		"a bucket is too small": {"le=\"5\"} 1", "le=\"5\"} 4", true},
		"a count is another":    {"h_count{q=\"1\"} 3", "h_count{q=\"1\"} 4", true},
		"there is no count":     {"h_count{q=\"1\"} 3\n", "", true},
		"it is cut off":         {"# HELP g x\n# TYPE g gauge\ng 7\n", "# HELP g x\n# TYPE g gau", true},
		"a sample is not one":   {"g 7", "g seven", true},
		"a sample comes twice":  {"g 7\n", "g 7\ng 7\n", true},
	} {
		text := strings.Replace(good, tt.old, tt.new, 1)
		now, err := readScrape(text, false)
		if err == nil {
			err = now.follows(first)
		}
		if (err != nil) != tt.bad {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := readScrape(strings.Replace(good, "le=\"5\"} 1\n", "le=\"5\"} 1 # {call_id=\"0193-1\"} 3.0 1.7e+09\n", 1)+"# EOF\n", true); err != nil {
		t.Error(err)
	}
}
