package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxStreams        = 2000             // open pages of everybody
	maxSessionStreams = 12               // of one session
	streamPatience    = 10 * time.Second // with who does not read
	workPause         = time.Second      // between two looks into the database for one page
)

// part is a piece of a page that changes by itself: a template, into the element of
// that id.
type part struct{ id, template string }

// streams counts the open pages, so that nobody opens more than the machine can bear.
// Safe from any goroutine.
type streams struct {
	mu  sync.Mutex
	all int
	of  map[string]int // by session
}

func (s *streams) begin(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= maxStreams || s.of[session] >= maxSessionStreams {
		return false
	}
	s.all++
	s.of[session]++
	return true
}

func (s *streams) end(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.of[session]--; s.of[session] == 0 {
		delete(s.of, session)
	}
}

// stream is an open page.
type stream struct {
	x    *site
	w    http.ResponseWriter
	r    *http.Request
	page string // of metrics.Streams
	sent map[string]string
	last string // event id
}

// watch serves server-sent events: the parts of a page, each when it has changed. Parts
// called work are of the database, and looked at less often. Every event is named by a
// hash of all parts, so that who comes back with it (Last-Event-ID) gets what is new,
// and who does not gets everything.
func (x *site) watch(page string, parts ...part) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session := sessionID(r)
		if r.Method == http.MethodHead { // there would be no end to it
			w.Header().Set("Content-Type", "text/event-stream")
			return
		}
		if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
			x.fail(w, r, http.StatusForbidden)
			return
		}
		watcher := (*watcher)(nil)
		if x.streams.begin(session) {
			defer x.streams.end(session)
			watcher = x.Feed.watch(r.Context())
		}
		if watcher == nil {
			w.Header().Set("Retry-After", "30")
			x.fail(w, r, http.StatusServiceUnavailable)
			return
		}
		defer x.Feed.unwatch(watcher)
		x.Metrics.Watched(page, 1)
		defer x.Metrics.Watched(page, -1)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no") // nginx would gather
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		s := stream{x: x, w: w, r: r, page: page, sent: map[string]string{}, last: r.Header.Get("Last-Event-ID")}
		s.run(watcher, parts)
	}
}

// run sends what changes until the reader or his session is gone.
func (s *stream) run(watcher *watcher, parts []part) {
	work := time.NewTimer(time.Hour)
	defer work.Stop()
	var m *moment
	var looked time.Time // into the database
	seen := -1
	for {
		select {
		case <-s.r.Context().Done():
			return
		case m = <-watcher.news:
		case <-work.C:
		case <-s.x.Feed.done:
			return
		}
		v, ok := s.x.signedInAs(s.r)
		if !ok {
			s.send("event: ended\ndata: \n\n")
			return
		}
		due := m.cases != seen && time.Since(looked) >= workPause
		if due {
			looked, seen = time.Now(), m.cases
		} else if m.cases != seen {
			work.Reset(workPause - time.Since(looked))
		}
		r := v.with(s.r)
		changed := map[string]string{}
		for _, p := range parts {
			if p.id == workPart && !due {
				continue
			}
			if text := s.x.part(r, p, m); text != s.sent[p.id] {
				changed[p.id] = text
			}
		}
		if !s.tell(parts, changed) {
			return
		}
	}
}

// workPart is the part of a page that comes from the database.
const workPart = "work"

// tell sends the parts that have changed, or a sign of life; false: the reader is gone.
func (s *stream) tell(parts []part, changed map[string]string) bool {
	first := len(s.sent) == 0
	for id, text := range changed {
		s.sent[id] = text
	}
	sum := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(sum, "%d %s", len(s.sent[p.id]), s.sent[p.id])
	}
	id := hex.EncodeToString(sum.Sum(nil)[:12])
	if len(changed) == 0 || first && id == s.last { // he has it
		return s.send("event: beat\ndata: \n\n")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "id: %s\n", id)
	for _, p := range parts {
		text, ok := changed[p.id]
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "data: <hx-partial hx-target=\"#%s\" hx-swap=\"innerMorph\">\n", p.id)
		for line := range strings.SplitSeq(text, "\n") {
			fmt.Fprintf(&b, "data: %s\n", line)
		}
		b.WriteString("data: </hx-partial>\n")
	}
	b.WriteString("\n")
	return s.send(b.String())
}

func (s *stream) send(event string) bool {
	conn := http.NewResponseController(s.w)
	_ = conn.SetWriteDeadline(time.Now().Add(streamPatience)) // of a real connection, which supports it
	_, err := s.w.Write([]byte(event))
	return err == nil && conn.Flush() == nil
}

// part returns a part of a page as whoever asks sees it.
func (x *site) part(r *http.Request, p part, m *moment) string {
	var b bytes.Buffer
	if err := x.pages[languageOf(r)].ExecuteTemplate(&b, p.template, x.viewOf(r, x.partOf(r, p, m))); err != nil {
		panic(err)
	}
	lines := strings.Split(strings.ReplaceAll(b.String(), "\r", ""), "\n")
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" }), "\n")
}
