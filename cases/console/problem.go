package console

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases/store"
)

// details say more than the status where there is more to say.
var details = map[int]string{
	http.StatusBadRequest:         "a text holds the character NUL (\\u0000): leave it out",
	http.StatusUnauthorized:       "send the API token: Authorization: Bearer TOKEN",
	http.StatusForbidden:          "a request from another site",
	http.StatusNotFound:           "there is no such thing",
	http.StatusTooManyRequests:    "too many wrong tokens from this address; wait",
	http.StatusServiceUnavailable: "the database does not answer; calls are still taken, and their cases appear here after it returns",
}

// languageTold is the language a program is told of errors in; English, unless it asks for
// another.
func languageTold(header string) lang {
	if header == "" {
		return english
	}
	return accepted(header)
}

type languageKey struct{}

// tell has errors be told in the language a request asks for.
func tell(ctx huma.Context, next func(huma.Context)) {
	next(huma.WithValue(ctx, languageKey{}, languageTold(ctx.Header("Accept-Language"))))
}

func toldIn(ctx context.Context) lang { return ctx.Value(languageKey{}).(lang) }

// writeProblem answers with a problem document (RFC 9457).
func writeProblem(w http.ResponseWriter, p huma.StatusError) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.GetStatus())
	// The client may be gone; nobody else would care.
	_ = json.NewEncoder(w).Encode(p)
}

// sqlState is the error of a statement the database has answered.
type sqlState interface {
	error
	SQLState() string
}

// status returns the HTTP status of an error of the store, or of what is made of its
// answers. What the database found wrong in a statement is our fault, and so is a file that
// cannot be written or a text that cannot be read; everything else means that it is away.
func status(err error) int {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, store.ErrCursor):
		return http.StatusUnprocessableEntity
	}
	if is[*fs.PathError](err) || is[*json.SyntaxError](err) || is[*json.UnmarshalTypeError](err) {
		return http.StatusInternalServerError
	}
	const undefinedTable = "42P01" // a new database, not migrated yet
	if e, ok := errors.AsType[sqlState](err); ok && e.SQLState() != undefinedTable {
		switch e.SQLState()[:2] {
		case "22", "42": // data exception; syntax error or access rule violation
			return http.StatusInternalServerError
		}
	}
	return http.StatusServiceUnavailable
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// problem returns the API's answer to an error of the store, nil to none.
func (x *site) problem(err error) error {
	switch code := x.health.status(err, x.Log); code {
	case http.StatusOK:
		return nil
	case http.StatusUnprocessableEntity:
		return huma.NewError(code, "validation failed", &huma.ErrorDetail{Message: err.Error(), Location: "query.cursor"})
	case http.StatusServiceUnavailable:
		return huma.ErrorWithHeaders(huma.NewError(code, details[code]), http.Header{"Retry-After": {"2"}})
	default:
		return huma.NewError(code, details[code])
	}
}

// health logs once that the database went away and once that it is back; the
// pages of everybody who watches ask every other second.
type health struct{ away atomic.Bool }

// status returns the status of err, and logs it if it is news. A nil err has
// status 200.
func (h *health) status(err error, log *slog.Logger) int {
	code := http.StatusOK
	if err != nil {
		code = status(err)
	}
	switch {
	case code == http.StatusInternalServerError:
		log.Error("console", "err", err)
	case code == http.StatusServiceUnavailable:
		if !errors.Is(err, context.Canceled) && !h.away.Swap(true) { // the client did not wait
			log.Warn("cases cannot be shown", "err", err)
		}
	case h.away.Swap(false):
		log.Info("cases can be shown again")
	}
	return code
}
