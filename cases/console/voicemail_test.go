package console

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shouwen/cases"
)

// TestVoicemailIsPlayedInRanges: with the token and in a session, whole and in
// parts, and each time on record first; to nobody else.
func TestVoicemailIsPlayedInRanges(t *testing.T) {
	t.Parallel()
	st, s := hotline(t)
	dir := t.TempDir()
	const message = "RIFF....WAVE0123456789"
	s.OpenMessage = func(file string) (*os.File, error) { return os.Open(filepath.Join(dir, filepath.Base(file))) }
	h := s.Handler()
	left := func(n int) []cases.Fact {
		facts := missed(n, from("+861055550101"), noon.Add(time.Hour))
		last := facts[2]
		f := last
		f.ID, f.Missed = id(100*n+9), nil
		f.Voicemail = &cases.Voicemail{File: "2026/11/23/" + f.Call + ".wav", Length: cases.Span(time.Second)}
		return []cases.Fact{facts[0], facts[1], f, last}
	}
	apply(t, st, left(1), left(2), missed(3, from("+861055550101"), noon.Add(time.Hour)))
	if err := os.WriteFile(filepath.Join(dir, id(1_000_001)+".wav"), []byte(message), 0o600); err != nil {
		t.Fatal(err)
	}
	const one = "/api/v1/cases/261123-1-0001/voicemail"
	r := askAPI(h, one)
	if body := text(t, r); r.StatusCode != 200 || body != message || r.Header.Get("Content-Type") != "audio/wav" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v %q", r.Status, r.Header, body)
	}
	r = ask(h, "GET", one, "", "Authorization", "Bearer "+token, "Range", "bytes=12-15")
	if body := text(t, r); r.StatusCode != 206 || body != "0123" || r.Header.Get("Content-Range") != fmt.Sprintf("bytes 12-15/%d", len(message)) {
		t.Errorf("range: %s %v %q", r.Status, r.Header, body)
	}
	r = ask(h, "GET", "/cases/261123-1-0001/voicemail", "", "Cookie", signIn(t, h))
	if body := text(t, r); r.StatusCode != 200 || body != message {
		t.Errorf("in a session: %s %q", r.Status, body)
	}
	for target, want := range map[string]int{
		"/api/v1/cases/261123-1-0002/voicemail": 404, // the file is gone
		"/api/v1/cases/261123-1-0003/voicemail": 404, // no message
		"/api/v1/cases/261123-1-0009/voicemail": 404,
		"/api/v1/cases/../../x/voicemail":       404,
	} {
		if r := askAPI(h, target); r.StatusCode != want && r.StatusCode != http.StatusMovedPermanently && r.StatusCode != http.StatusTemporaryRedirect {
			t.Errorf("%s: %s, want %d", target, r.Status, want)
		}
	}
	for _, r := range []*http.Response{ask(h, "GET", one, ""), ask(h, "GET", one, "", "Authorization", "Bearer wrong")} {
		if r.StatusCode != 401 || strings.Contains(text(t, r), "0123") {
			t.Errorf("without the token: %s", r.Status)
		}
	}
	if r := ask(h, "POST", one, "", "Authorization", "Bearer "+token); r.StatusCode != 405 {
		t.Errorf("POST: %s", r.Status)
	}
	if r := ask(h, "GET", "/cases/261123-1-0001/voicemail", ""); r.StatusCode == 200 {
		t.Error("played to nobody")
	}
	log := decode[accessesBody](t, askAPI(h, one+"/accesses"), 200).Accesses
	if len(log) != 3 || log[0].Who != "api token" || log[1].Part != "bytes=12-15" || log[2].Who != "console" {
		t.Errorf("accesses %+v", log)
	}
	for who, want := range map[string]int{"clerk": 403, "qian": 200} {
		if r := askAs(h, one+"/accesses", who); r.StatusCode != want {
			t.Errorf("accesses for %s: %s", who, r.Status)
		}
	}
}

// TestVoicemailUnrecordedIsNotPlayed: who cannot be put on record hears nothing.
func TestVoicemailUnrecordedIsNotPlayed(t *testing.T) {
	t.Parallel()
	s, _ := newServer(deadStore(t))
	s.OpenMessage = func(string) (*os.File, error) { t.Error("opened"); return nil, fs.ErrNotExist }
	if r := askAPI(s.Handler(), "/api/v1/cases/261123-1-0001/voicemail"); r.StatusCode != 503 {
		t.Errorf("status %s", r.Status)
	}
}
