package metrics

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// fresh is how old a snapshot may be: no figure is better than an old one.
	fresh = time.Minute

	stateTimeout = 5 * time.Second // of reading it

	// stateFormat is the Prometheus text format, which every scraper reads. Nothing of the
	// others is of use here: there are no histograms and no exemplars.
	stateFormat = "text/plain; version=0.0.4; charset=utf-8"
)

// StateHandler serves the last snapshot in the Prometheus text format, as read reads it,
// or, if it cannot be read or is older than a minute, shouwen_state_up 0 and nothing else.
// read may leave out the figures of the snapshot taken at had: it is written down once,
// however many scrape it.
func StateHandler(read func(ctx context.Context, had time.Time) (StateSnapshot, error)) http.Handler {
	var last atomic.Pointer[statePage]
	last.Store(&statePage{})
	down := newStatePage(StateSnapshot{}, false)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), stateTimeout)
		defer cancel()
		page := last.Load()
		sn, err := read(ctx, page.taken)
		switch {
		case err != nil || sn.Age > fresh:
			page = down
		case !sn.Taken.Equal(page.taken):
			page = newStatePage(sn, true)
			last.Store(page)
		}
		page.serve(w, r)
	})
}

// statePage is a snapshot as it is served.
type statePage struct {
	taken        time.Time
	text, zipped []byte
}

func newStatePage(sn StateSnapshot, up bool) *statePage {
	figures := []StateFigures{{Name: "shouwen_state_up", Values: []float64{number(up)}}}
	if up {
		figures = append(figures,
			StateFigures{Name: "shouwen_state_snapshot_timestamp_seconds", Values: []float64{float64(sn.Taken.UnixMicro()) / 1e6}},
			StateFigures{Name: "shouwen_state_snapshot_duration_seconds", Values: []float64{sn.Took.Seconds()}})
		figures = append(figures, sn.Figures...)
	}
	slices.SortStableFunc(figures, func(a, b StateFigures) int { return strings.Compare(a.Name, b.Name) })
	p := &statePage{taken: sn.Taken}
	for _, f := range figures {
		p.text = f.appendTo(p.text)
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err == nil {
		_, err = z.Write(p.text)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err) // the level is one, and memory takes all
	}
	p.zipped = b.Bytes()
	return p
}

// appendTo appends figures in the text format. Those that are not in the catalogue, or not
// as it has them, are of another version of this program, and left out.
func (f StateFigures) appendTo(b []byte) []byte {
	m, known := stateMetrics[f.Name]
	if !known || len(f.Of) != len(f.Labels)*len(f.Values) || !slices.Equal(slices.Sorted(slices.Values(f.Labels)), m.sorted) {
		return b
	}
	b = append(b, m.about...)
	for i, v := range f.Values {
		b = append(b, f.Name...)
		for j, label := range f.Labels {
			b = append(b, "{,"[min(j, 1)])
			b = append(append(b, label...), `="`...)
			b = append(append(b, escaped.Replace(f.Of[i*len(f.Labels)+j])...), '"')
		}
		if len(f.Labels) > 0 {
			b = append(b, '}')
		}
		b = append(strconv.AppendFloat(append(b, ' '), v, 'g', -1, 64), '\n')
	}
	return b
}

var escaped = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func (p *statePage) serve(w http.ResponseWriter, r *http.Request) {
	body := p.text
	w.Header().Set("Content-Type", stateFormat)
	w.Header().Set("Vary", "Accept-Encoding")
	if unzips(r) {
		body = p.zipped
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // who does not wait for it does without
}

// unzips tells whether who asks takes gzip (RFC 9110 12.5.3).
func unzips(r *http.Request) bool {
	for one := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, weight, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
			return err != nil || q > 0
		}
	}
	return false
}
