package console

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

// withoutNUL refuses a body with a text that holds NUL, which PostgreSQL keeps in none: JSON
// can only escape it (RFC 8259 section 7), and so can a form.
func (x *site) withoutNUL(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body) // no more than the guard lets through
		holds := escapesNUL
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			holds = func(form []byte) bool { return bytes.Contains(form, []byte("%00")) }
		}
		if holds(body) {
			x.fail(w, r, http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), broken{err}))
		next.ServeHTTP(w, r)
	})
}

// escapesNUL reports whether JSON has \u0000 in a string, which is not \\u0000.
func escapesNUL(body []byte) bool {
	for {
		i := bytes.IndexByte(body, '\\')
		switch {
		case i < 0:
			return false
		case bytes.HasPrefix(body[i:], []byte(`\u0000`)):
			return true
		}
		body = body[min(i+2, len(body)):]
	}
}

// broken ends a body as it ended when it was read; a nil error is its end.
type broken struct{ error }

func (b broken) Read([]byte) (int, error) {
	if b.error == nil {
		return 0, io.EOF
	}
	return 0, b.error
}
