package console

import (
	"net/http"
	"strings"
	"time"

	"shouwen/metrics"
)

// served is what there is to be measured: the routes, and which of them a request
// takes.
type served struct {
	routes []metrics.Route
	api    *http.ServeMux // below /api/
}

func (s *served) add(method, path string, page bool) {
	path, method = measured(path), strings.ToUpper(method)
	for _, r := range s.routes {
		if r.Method == method && r.Path == path {
			return
		}
	}
	s.routes = append(s.routes, metrics.Route{Method: method, Path: path, Page: page})
}

// movePath is where cases are moved over the API, by a path for each kind of move.
const movePath = "/api/v1/cases/{number}/moves/"

// measured is a path as it is measured.
func measured(path string) string {
	if strings.HasPrefix(path, movePath) {
		return movePath + "{kind}"
	}
	return path
}

// route is the route of a request that was served: its template tells no number.
// It is empty where there is none.
func (s *served) route(r *http.Request) (method, path string) {
	pattern := r.Pattern
	if pattern == apiPrefix {
		_, pattern = s.api.Handler(r)
	}
	method, path, found := strings.Cut(pattern, " ")
	if !found { // nothing is served there, or not so
		return "", ""
	}
	return method, measured(path)
}

// measure measures a request that was answered.
func (x *site) measure(r *http.Request, status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK
	}
	method, path := x.served.route(r)
	x.Metrics.Served(method, path, status, took)
}
