package metrics

import (
	"strconv"
	"time"
)

// Route is a method and a template of a path that the console serves.
type Route struct {
	Method, Path string
	Page         bool // it may lead elsewhere, as to the sign-in
}

// HTTP measures the console.
type HTTP struct {
	r        registrar
	duration histograms
	routes   map[Route]bool // with Page false
	pages    map[Route]bool // the same of pages
	streams  gauges
}

func newHTTP(r registrar) *HTTP {
	h := &HTTP{r: r, routes: map[Route]bool{}, pages: map[Route]bool{}}
	h.duration = r.only(h.can).histograms("shouwen_http_request_duration_seconds", "Time of a request to the console, to the end of its answer.",
		[]float64{.005, .025, .1, .25, 1, 2.5}, routeLabel, httpMethod, httpClass)
	h.streams = r.gauges("shouwen_console_streams", "Pages that are open and told what changes.", pageLabel)
	return h
}

// Streams are the pages that are told what changes.
var Streams = []string{"board", "desk", "case"}

// Watched counts a page of Streams that is opened (1) or closed (-1).
func (h *HTTP) Watched(page string, n int) { h.streams.of(page).Add(float64(n)) }

// can tells whether a route has that method and may have an answer of that class.
func (h *HTTP) can(v []string) bool {
	r := Route{Method: v[1], Path: v[0]}
	return h.routes[r] && (v[2] != "3xx" || h.pages[r])
}

// Declare makes the series of the routes exist, and one for all other requests.
func (h *HTTP) Declare(routes []Route) {
	paths := []string{other}
	h.routes[Route{Method: other, Path: other}] = true
	for _, r := range routes {
		paths = append(paths, r.Path)
		bare := Route{Method: r.Method, Path: r.Path}
		h.routes[bare], h.pages[bare] = true, r.Page
	}
	h.r.tell(routeLabel, paths)
}

// Served observes a request that was answered with status.
func (h *HTTP) Served(method, path string, status int, took time.Duration) {
	if !h.routes[Route{Method: method, Path: path}] {
		method, path = other, other
	}
	h.duration.of(path, method, strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
}
