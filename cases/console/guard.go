package console

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Bounds of a request. A handler that streams moves its own deadlines.
const (
	bodyLimit    = 64 << 10 // more than any form or request of ours needs, but a whole directory
	bodyPatience = 10 * time.Second
	sendPatience = reportPatience + 30*time.Second // the longest in the making, and on its way
)

// headers go with every response: nothing is cached, framed, sniffed or loaded
// from elsewhere. The referrer stays within the site instead of being dropped
// because browsers tie the Origin of a form to it.
var headers = map[string]string{
	"Cache-Control":                "no-store",
	"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "same-origin",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
}

// guard is around everything: headers, limits, the last resort for a panic, and
// the access log, which has the route instead of the address, so that it tells
// no number.
func (x *site) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		limit := int64(bodyLimit)
		if r.URL.Path == directoryPath {
			limit = directoryLimit
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		start, out := time.Now(), &response{ResponseWriter: w}
		conn := http.NewResponseController(w)
		_ = conn.SetReadDeadline(start.Add(bodyPatience)) // of a real connection, which supports it
		_ = conn.SetWriteDeadline(start.Add(sendPatience))
		defer func() {
			if out.Header().Get("Content-Type") != "text/event-stream" { // which lasts as long as somebody watches
				x.measure(r, out.status, time.Since(start))
			}
		}()
		defer func() {
			if p := recover(); p != nil {
				x.panicked(out, r, p)
			}
			x.Log.Debug("http request", "method", r.Method, "route", r.Pattern, "status", out.status, "took", time.Since(start))
		}()
		next.ServeHTTP(out, r)
	})
}

// panicked logs p and answers 500, or breaks off an answer already begun.
func (x *site) panicked(w *response, r *http.Request, p any) {
	if p != http.ErrAbortHandler && r.Context().Err() == nil {
		x.Log.Error("panic in http handler", "route", r.Pattern, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	x.fail(w, r, http.StatusInternalServerError)
}

// response remembers the status it was answered with; 0: not yet.
type response struct {
	http.ResponseWriter
	status int
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// fail answers with an error: programs get a problem document, people a page.
func (x *site) fail(w http.ResponseWriter, r *http.Request, status int) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		writeProblem(w, huma.NewError(status, details[status]))
		return
	}
	x.errorPage(w, r, status)
}

func (x *site) failWith(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { x.fail(w, r, status) }
}
