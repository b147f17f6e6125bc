package console

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
)

// TestNULIsRefused: what the database cannot keep is refused before anything is done, by
// whichever way it comes; the same characters as text are none.
func TestNULIsRefused(t *testing.T) {
	t.Parallel()
	_, s := hotline(t, answered(1, from("+861055550101"), "clerk"))
	h := s.Handler()
	register := func(name string) *http.Response {
		return move(h, "clerk", "261123-1-0001", cases.MoveRegister, strings.Replace(registration, "张", name, 1))
	}
	if p := decode[huma.ErrorModel](t, register(`x\u0000y`), 400); !strings.Contains(p.Detail, "NUL") {
		t.Errorf("%+v", p)
	}
	if c := decode[caseBody](t, register(`x\\u0000y`), 200); c.File.Matter.Name != `x\u0000y` {
		t.Errorf("name %q", c.File.Matter.Name)
	}
	stranger := httptest.NewRecorder()
	h.ServeHTTP(stranger, httptest.NewRequest("PUT", directoryPath, unread{t}))
	if stranger.Code != 401 {
		t.Errorf("a stranger: %d", stranger.Code)
	}
	form := httptest.NewRequest("POST", "/sign-in", strings.NewReader("user=1001%00&password=x"))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, form)
	if w.Code != 400 {
		t.Errorf("a form: %d", w.Code)
	}
}

// unread is a body that nobody may read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("what a stranger sends is read")
	return 0, io.EOF
}

func TestEscapesNUL(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"a":"\u0000"}`: true, `"\\\u0000"`: true, `"\n\u0000"`: true,
		``: false, `\`: false, `"\\u0000"`: false, `"\u00001"`: true, `"\u0001"`: false, `"u0000"`: false, `"\\\\u0000\`: false,
	} {
		if escapesNUL([]byte(body)) != want {
			t.Errorf("%s: want %t", body, want)
		}
	}
}
