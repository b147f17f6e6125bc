package console

import (
	"context"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/cases/store"
)

const recordingPath = "/api/v1/recordings/{id}/audio"

// describeRecording puts an operation that streams, which huma has no part in, into
// the document.
func describeRecording(api huma.API) {
	wav := map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "get_recording_audio", Method: http.MethodGet, Path: recordingPath,
		Summary:     "A recording",
		Description: "WAV, 8 kHz, the caller left, the agents right; ranges (RFC 9110 14) are served. Every request is put on record.",
		Parameters:  []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"}}},
		Responses: map[string]*huma.Response{
			"200": {Description: "All of it", Content: wav},
			"206": {Description: "A part of it", Content: wav},
			"404": {Description: "No such recording, or its file is not there any more"},
			"503": {Description: "The database does not answer"},
		},
	})
}

// recordingAudio plays a recording, once it is on record to whom: the user, or who for
// who speaks for nobody.
func (x *site) recordingAudio(who string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), apiPatience)
		defer cancel()
		rec, err := x.recordingSeen(ctx, r.PathValue("id"))
		if err == nil && (rec.File == "" || !rec.Deleted.IsZero()) {
			err = store.ErrNotFound
		}
		if err == nil {
			err = x.Store.LogAccess(ctx, store.Access{Call: rec.Call, Who: viewerOf(ctx).or(who), Source: source(r).String(), Part: r.Header.Get("Range")})
		}
		if code := x.health.status(err, x.Log); code != http.StatusOK {
			x.fail(w, r, code)
			return
		}
		x.play(w, r, x.OpenRecording, rec.File, "recording-"+rec.Call+".wav")
	}
}

// recordingSeen returns a recording, store.ErrNotFound if who asks may not see its case.
func (x *site) recordingSeen(ctx context.Context, id string) (store.Recording, error) {
	rec, err := x.Store.Recording(ctx, id)
	if err == nil {
		_, _, err = x.caseSeen(ctx, rec.Case)
	}
	return rec, err
}

type pauseBody struct {
	From  float64 `json:"from_seconds"`
	Until float64 `json:"until_seconds"`
}

type recordingBody struct {
	ID        string      `json:"id" format:"uuid" doc:"Of the call it is of."`
	Case      string      `json:"case"`
	Mode      string      `json:"mode" enum:"always,on_demand,share" doc:"Rule by which it was made."`
	Started   time.Time   `json:"started"`
	Ended     *time.Time  `json:"ended,omitempty" doc:"Left out while it is under way."`
	Result    string      `json:"result,omitempty" enum:"ok,partial,failed" doc:"Left out while it is under way."`
	Reason    string      `json:"reason,omitempty" doc:"Why it is not whole: disk_full, disk_failed, interrupted."`
	Length    float64     `json:"length_seconds"`
	Bytes     int64       `json:"bytes"`
	SHA256    string      `json:"sha256,omitempty" doc:"Of the file, hexadecimal."`
	Pauses    []pauseBody `json:"pauses" nullable:"false" doc:"Stretches that were left out on purpose: silence, marked in the file."`
	KeepUntil *time.Time  `json:"keep_until,omitempty" doc:"When the file is deleted; left out: never."`
	Deleted   *time.Time  `json:"deleted,omitempty" doc:"When the file was; left out: it is there."`
	LegalHold bool        `json:"legal_hold" doc:"Its case is kept whatever its time."`
}

func recordingOf(r store.Recording) recordingBody {
	return recordingBody{
		ID: r.Call, Case: string(r.Case), Mode: string(r.Mode), Started: r.Started.UTC(), Ended: timeOf(r.Ended), Result: string(r.Result),
		Reason: string(r.Reason), Length: r.Length.Seconds(), Bytes: r.Bytes, SHA256: hex.EncodeToString(r.SHA256),
		Pauses: mapped(r.Pauses, func(p cases.Stretch) pauseBody {
			return pauseBody{time.Duration(p.From).Seconds(), time.Duration(p.Until).Seconds()}
		}),
		KeepUntil: timeOf(r.KeepUntil), Deleted: timeOf(r.Deleted), LegalHold: r.LegalHold,
	}
}

type recordingsInput struct {
	Case string `query:"case" required:"true" maxLength:"64" example:"261123-1-0001"`
}

type recordingsBody struct {
	Recordings []recordingBody `json:"recordings" nullable:"false"`
}

func (x *site) listRecordings(ctx context.Context, in *recordingsInput) (*out[recordingsBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	if !wellFormed(cases.CaseNumber(in.Case)) {
		return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "query.case", Message: "is no case number"})
	}
	list, err := x.Store.Recordings(ctx, cases.CaseNumber(in.Case))
	if err == nil && len(list) > 0 {
		_, _, err = x.caseSeen(ctx, cases.CaseNumber(in.Case))
	}
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[recordingsBody]{recordingsBody{mapped(list, recordingOf)}}, nil
}

type recordingInput struct {
	ID string `path:"id" format:"uuid"`
}

type accessBody struct {
	At     time.Time `json:"at"`
	Who    string    `json:"who" doc:"User, or by which token."`
	Source string    `json:"source" doc:"Address."`
	Part   string    `json:"part,omitempty" doc:"Range asked for; left out: all of it."`
}

type accessesBody struct {
	Accesses []accessBody `json:"accesses" nullable:"false"`
}

func (x *site) listRecordingAccesses(ctx context.Context, in *recordingInput) (*out[accessesBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	rec, err := x.recordingSeen(ctx, in.ID)
	var list []store.Access
	if err == nil {
		list, err = x.Store.Accesses(ctx, rec.Call)
	}
	return x.accesses(list, err)
}

func (x *site) listVoicemailAccesses(ctx context.Context, in *struct{ Numbered }) (*out[accessesBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	c, _, err := x.caseSeen(ctx, in.Number)
	var list []store.Access
	if err == nil {
		list, err = x.Store.VoicemailAccesses(ctx, c.Number)
	}
	return x.accesses(list, err)
}

func (x *site) accesses(list []store.Access, err error) (*out[accessesBody], error) {
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[accessesBody]{accessesBody{mapped(list, func(a store.Access) accessBody {
		return accessBody{At: a.At.UTC(), Who: a.Who, Source: a.Source, Part: a.Part}
	})}}, nil
}

type holdInput struct {
	Numbered
	Body struct {
		On     bool   `json:"on" doc:"Keep the recordings of the case whatever their time."`
		By     string `json:"by" minLength:"1" maxLength:"128" doc:"User who wants it."`
		Reason string `json:"reason,omitempty" maxLength:"500"`
	}
}

func (x *site) setHold(ctx context.Context, in *holdInput) (*struct{}, error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	c, _, err := x.caseSeen(ctx, in.Number)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return nil, x.refusal(ctx, x.Commands.Hold(ctx, c, cases.LegalHold{On: in.Body.On, By: in.Body.By, Reason: in.Body.Reason}))
}
