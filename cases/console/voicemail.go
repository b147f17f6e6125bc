package console

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/cases/store"
)

const voicemailPath = "/api/v1/cases/{number}/voicemail"

// describeVoicemail puts an operation that streams, which huma has no part in, into
// the document.
func describeVoicemail(api huma.API) {
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "get_voicemail", Method: http.MethodGet, Path: voicemailPath,
		Summary:     "The message the caller of a case left",
		Description: "WAV, 8 kHz; ranges (RFC 9110 14) are served. Every request is put on record.",
		Parameters: []*huma.Param{{
			Name: "number", In: "path", Required: true, Example: "261123-1-0001", Schema: &huma.Schema{Type: huma.TypeString},
		}},
		Responses: map[string]*huma.Response{
			"200": {Description: "The message", Content: map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}},
			"206": {Description: "A part of it", Content: map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}},
			"404": {Description: "No such case, or no message"},
			"503": {Description: "The database does not answer"},
		},
	})
}

// voicemail plays the message of a case, once it is on record to whom: the user, or
// who for who speaks for nobody.
func (x *site) voicemail(who string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
		defer cancel()
		number := cases.CaseNumber(r.PathValue("number"))
		c, _, err := x.caseSeen(ctx, number)
		if err == nil && c.Voicemail.File == "" {
			err = store.ErrNotFound
		}
		if err == nil {
			err = x.Store.LogVoicemailAccess(ctx, number, store.Access{Who: viewerOf(ctx).or(who), Source: source(r).String(), Part: r.Header.Get("Range")})
		}
		if code := x.health.status(err, x.Log); code != http.StatusOK {
			x.fail(w, r, code)
			return
		}
		x.play(w, r, x.OpenMessage, c.Voicemail.File, "voicemail-"+string(number)+".wav")
	}
}

// play sends a file under a name, or the parts of it that a player asks for. A slow
// player has as long as it takes.
func (x *site) play(w http.ResponseWriter, r *http.Request, open func(string) (*os.File, error), file, name string) {
	f, err := open(file)
	if err != nil {
		x.Log.Error("not played", "file", file, "err", err)
		code := http.StatusInternalServerError
		if errors.Is(err, fs.ErrNotExist) {
			code = http.StatusNotFound
		}
		x.fail(w, r, code)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Content-Disposition", `inline; filename="`+name+`"`)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a writer without deadlines needs none
	http.ServeContent(w, r, "", time.Time{}, f)
}
