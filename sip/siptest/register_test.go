package siptest_test

import (
	"strings"
	"testing"

	"github.com/icholy/digest"
	"go.uber.org/goleak"

	"shouwen/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// registrar plays the far end of p's REGISTER: it challenges once, checks the
// credentials with a digest of another maker, and says 200.
func registrar(t *testing.T, reg siptest.TestPhone, challenges ...string) *siptest.Message {
	t.Helper()
	first := reg.Expect("REGISTER")
	var lines []string
	for _, c := range challenges {
		lines = append(lines, "WWW-Authenticate: "+c)
	}
	reg.Reply(first, 401, "", lines...)
	second := reg.Expect("REGISTER")
	got, err := digest.ParseCredentials(second.Get("Authorization"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range challenges {
		ask, err := digest.ParseChallenge(c)
		if err != nil {
			t.Fatal(err)
		}
		if ask.Algorithm != got.Algorithm {
			continue
		}
		want, err := digest.Digest(ask, digest.Options{
			Method: "REGISTER", URI: second.URI, Username: "1001", Password: "secret", Cnonce: got.Cnonce, Count: got.Nc,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.Response != want.Response || got.URI != second.URI || got.Opaque != ask.Opaque {
			t.Errorf("credentials %s, want %s", got, want)
		}
	}
	n1, _ := first.CSeq()
	if n2, _ := second.CSeq(); n2 <= n1 || first.Get("Call-ID") != second.Get("Call-ID") {
		t.Errorf("second REGISTER does not follow the first\n%s", reg)
	}
	reg.Reply(second, 200, "", "Contact: "+second.Get("Contact")+";expires=60")
	return second
}

func TestRegisterAnswersChallenge(t *testing.T) {
	t.Parallel()
	const (
		sha = `Digest realm="a, b", nonce="n1", algorithm=SHA-256, qop="auth", opaque="o=1"`
		md5 = `Digest realm="a, b", nonce="n1", algorithm=MD5, qop="auth"`
	)
	tests := map[string]struct{ choice, want string }{
		"the first offered":        {"", "algorithm=SHA-256"},
		"SHA-256, which was asked": {"SHA-256", "algorithm=SHA-256"},
		"MD5, which was asked":     {"MD5", "algorithm=MD5"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := siptest.New(t, "", siptest.Config{Manual: true})
			phone := siptest.New(t, reg.Addr().String(), siptest.Config{
				User: "1001", Password: "secret", Domain: "pbx.example", Algorithm: test.choice,
			})
			answered := make(chan *siptest.Message)
			go func() {
				res, err := phone.Phone.Register(t.Context(), "Path: <sip:edge.example;lr>")
				if err != nil {
					t.Error(err)
				}
				answered <- res
			}()
			req := registrar(t, reg, sha, md5)
			if !strings.Contains(req.Get("Authorization"), test.want) || req.Get("Path") == "" || req.URI != "sip:pbx.example" {
				t.Errorf("REGISTER:\n%s", req)
			}
			if res := <-answered; res.Param("Contact", "expires") != "60" {
				t.Errorf("answer:\n%s", res)
			}
		})
	}
}

func TestRegisterGivesUpOnWrongPassword(t *testing.T) {
	t.Parallel()
	reg := siptest.New(t, "", siptest.Config{Manual: true})
	phone := siptest.New(t, reg.Addr().String(), siptest.Config{User: "1001", Password: "wrong"})
	failed := make(chan error)
	go func() {
		_, err := phone.Phone.Register(t.Context(), "Contact: <sip:a@127.0.0.1>", "Contact: <sip:b@127.0.0.1>;q=0.5")
		failed <- err
	}()
	for range 2 {
		req := reg.Expect("REGISTER")
		if got := req.List("Contact"); len(got) != 2 {
			t.Errorf("contacts %q", got)
		}
		reg.Reply(req, 401, "", `WWW-Authenticate: Digest realm="r", nonce="n"`)
	}
	err := <-failed
	if err == nil || !strings.Contains(err.Error(), "401") || !strings.Contains(err.Error(), "→ REGISTER") {
		t.Errorf("error %v, want the 401 and the ladder", err)
	}
}

func TestUnregisterNamesAllContacts(t *testing.T) {
	t.Parallel()
	reg := siptest.New(t, "", siptest.Config{Manual: true})
	phone := siptest.New(t, reg.Addr().String(), siptest.Config{User: "1001"})
	done := make(chan error)
	go func() { done <- phone.Phone.Unregister(t.Context()) }()
	req := reg.Expect("REGISTER")
	if req.Get("Contact") != "*" || req.Get("Expires") != "0" {
		t.Errorf("REGISTER:\n%s", req)
	}
	reg.Reply(req, 200, "")
	if err := <-done; err != nil {
		t.Error(err)
	}
}
