package console

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
	"shouwen/cases/store"
)

// directories make versions without passwords.
type directories struct {
	*store.Store
	version int
}

func (d directories) Version() int { return d.version }

func (d directories) Revise(ctx context.Context, to cases.Directory, base int, by string, dry bool) (store.DirectoryVersion, error) {
	if faults := to.Check(); len(faults) > 0 {
		return store.DirectoryVersion{}, faults
	}
	if dry {
		was, err := d.Directory(ctx, 0)
		return store.DirectoryVersion{Version: was.Version, Changes: was.Directory.Changes(to)}, err
	}
	return d.Store.Revise(ctx, store.Revision{Base: base, By: by, Directory: to})
}

// TestTheDirectoryIsChangedByAdministrators: over the API, as it is read, with every
// fault at its place, and with a history.
func TestTheDirectoryIsChangedByAdministrators(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	s.Directories = directories{st, 1}
	is := informed()
	is.People = slices.Clone(is.People)
	is.People[1].Mobile = "+8613900000001"
	s.People = func() cases.Directory { return is }
	h := s.Handler()
	if _, err := st.Revise(t.Context(), store.Revision{By: "first start", Directory: is}); err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	if err := json.Unmarshal([]byte(text(t, askAPI(h, "/api/v1/directory"))), &d); err != nil || d["version"] != 1.0 {
		t.Fatalf("%v, %v", err, d)
	}
	put := func(query string, status int, headers ...string) string {
		t.Helper()
		body, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		headers = append([]string{"Authorization", "Bearer " + token, "Content-Type", "application/json"}, headers...)
		r := ask(h, "PUT", "/api/v1/directory"+query, string(body), headers...)
		got := text(t, r)
		if r.StatusCode != status {
			t.Fatalf("%s: %s %s", query, r.Status, got)
		}
		return got
	}
	if got := decodeText[directoryVersionBody](t, put("?dry_run=true", 200)); got.Version != 1 || len(got.Changes) != 0 {
		t.Errorf("as it was read, it changes %+v", got)
	}
	put("", 403, "By", "clerk")

	first := d["people"].([]any)[0].(map[string]any)
	first["extension"], first["ring_time_seconds"] = "1099", 15
	want := []changeBody{
		{"person", first["user"].(string), "changed", "extension", people.People[0].Extension, "1099"},
		{"person", first["user"].(string), "changed", "ring_time", "", "15s"},
	}
	if got := decodeText[directoryVersionBody](t, put("?dry_run=true", 200)); cmp.Diff(want, got.Changes) != "" || got.Version != 1 {
		t.Errorf("what would change: %+v", got)
	}
	if got := decodeText[directoryVersionBody](t, put("", 200)); got.Version != 2 || cmp.Diff(want, got.Changes) != "" || got.By != "api token" || got.At == nil {
		t.Errorf("%+v", got)
	}
	put("", 409) // it was made from version 1

	first["department"], d["people"].([]any)[1].(map[string]any)["email"] = "nowhere", "nobody"
	d["version"] = 2
	problem := decodeText[huma.ErrorModel](t, put("", 422))
	var where []string
	for _, e := range problem.Errors {
		if e.Message == "" {
			t.Errorf("%+v", e)
		}
		where = append(where, e.Location)
	}
	if !slices.Equal(where, []string{"body.people[0].department", "body.people[1].email"}) {
		t.Errorf("faults at %q", where)
	}

	history := decodeText[versionsBody](t, text(t, askAPI(h, "/api/v1/directory/versions")))
	if v := history.Versions; len(v) != 2 || v[0].Version != 2 || v[1].By != "first start" || len(v[1].Changes) == 0 {
		t.Errorf("%+v", history)
	}
	old := decodeText[directoryBody](t, text(t, askAPI(h, "/api/v1/directory/versions/1")))
	if old.People[0].Extension != people.People[0].Extension || old.Version != 1 {
		t.Errorf("as it was: %+v", old.People[0])
	}
	for target, want := range map[string]int{"/api/v1/directory/versions/9": 404, "/api/v1/directory/versions/x": 422, "/api/v1/directory/versions?limit=0": 422} {
		if r := askAPI(h, target); r.StatusCode != want {
			t.Errorf("%s: %s", target, r.Status)
		}
	}
	for _, target := range []string{"/api/v1/directory/versions", "/api/v1/directory/versions/1"} {
		if r := ask(h, "GET", target, "", "Authorization", "Bearer "+token, "By", "clerk"); r.StatusCode != 403 {
			t.Errorf("%s for who is no administrator: %s", target, r.Status)
		}
	}
	if r := ask(h, "GET", "/api/v1/directory", "", "Authorization", "Bearer "+token, "By", "clerk"); r.StatusCode != 200 || strings.Contains(text(t, r), "13900000001") {
		t.Errorf("who is who, for everybody, without mobiles: %s", r.Status)
	}
}

// TestALargeDirectoryFits: into a request, though nothing else may be as large.
func TestALargeDirectoryFits(t *testing.T) {
	t.Parallel()
	_, s := hotline(t)
	h := s.Handler()
	name := strings.Repeat("x", 120)
	var b directoryBody
	for i := range 2000 {
		b.People = append(b.People, personBody{User: id(i), Extension: id(i)[30:], Name: name})
	}
	b.Departments = []departmentBody{}
	body, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if r := ask(h, "PUT", "/api/v1/directory", string(body), "Authorization", "Bearer "+token, "Content-Type", "application/json"); r.StatusCode != 200 {
		t.Errorf("%d bytes: %s %s", len(body), r.Status, text(t, r))
	}
}

func decodeText[T any](t *testing.T, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}
