package sip

import (
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	msg "github.com/emiago/sipgo/sip"
	phone "github.com/icholy/digest"
)

const testRealm = "hotline.example"

var (
	deskFlow  = netip.MustParseAddrPort("192.0.2.10:5060")
	otherFlow = netip.MustParseAddrPort("192.0.2.66:5060")
	listener  = netip.MustParseAddrPort("192.0.2.1:5060")
)

// directory is a fixed set of accounts.
type directory map[string]Account

func (d directory) Account(user string) (Account, bool) {
	a, ok := d[user]
	return a, ok
}

func newDirectory(users ...string) directory {
	d := make(directory)
	for _, u := range users {
		a := Account{User: u, Extension: u}
		a.HA1MD5, a.HA1SHA256 = HA1(u, testRealm, passwordOf(u))
		d[u] = a
	}
	return d
}

func passwordOf(user string) string { return "secret-" + user }

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

func parseRequest(t testing.TB, lines ...string) *msg.Request {
	t.Helper()
	m, err := msg.ParseMessage([]byte(strings.Join(lines, "\r\n") + "\r\nContent-Length: 0\r\n\r\n"))
	if err != nil {
		t.Fatalf("parse %q: %v", lines, err)
	}
	return m.(*msg.Request)
}

// requestOf returns a request of user as a phone sends it, with more lines.
func requestOf(t testing.TB, method, uri, user string, more ...string) *msg.Request {
	t.Helper()
	return parseRequest(t, append([]string{
		method + " " + uri + " SIP/2.0",
		"Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bKtest",
		"From: <sip:" + user + "@hotline.example>;tag=a",
		"To: <sip:" + user + "@hotline.example>",
		"Call-ID: call-1",
		"CSeq: 1 " + method,
		"User-Agent: Test",
	}, more...)...)
}

// authorize answers a challenge as an independent implementation does.
func authorize(t testing.TB, challenge, method, uri, user, password string, count int) string {
	t.Helper()
	ch, err := phone.ParseChallenge(challenge)
	if err != nil {
		t.Fatal(err)
	}
	c, err := phone.Digest(ch, phone.Options{Method: method, URI: uri, Username: user, Password: password, Count: count})
	if err != nil {
		t.Fatal(err)
	}
	return "Authorization: " + c.String()
}

func challengesOf(res *msg.Response) []string {
	var all []string
	for _, h := range res.GetHeaders("WWW-Authenticate") {
		all = append(all, h.Value())
	}
	return all
}

func TestDigestVectors(t *testing.T) {
	const nonce7616, cnonce7616 = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	tests := map[string]struct {
		algorithm             digestAlgorithm
		realm, password, want string
		c                     digestCredentials
	}{
		"RFC 7616 3.9.1, MD5": {digestMD5, "http-auth@example.org", "Circle of Life", "8ca523f5e9506fed4657c9700eebdbec",
			digestCredentials{nonce: nonce7616, uri: "/dir/index.html", nc: "00000001", cnonce: cnonce7616, qop: "auth"}},
		"RFC 7616 3.9.1, SHA-256": {digestSHA256, "http-auth@example.org", "Circle of Life", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
			digestCredentials{nonce: nonce7616, uri: "/dir/index.html", nc: "00000001", cnonce: cnonce7616, qop: "auth"}},
		"RFC 2617 3.5": {digestMD5, "testrealm@host.com", "Circle Of Life", "6629fae49393a05397450978507c4ef1",
			digestCredentials{nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", uri: "/dir/index.html", nc: "00000001", cnonce: "0a4f113b", qop: "auth"}},
		"RFC 2069 2.4, errata, no qop": {digestMD5, "testrealm@host.com", "CircleOfLife", "1949323746fe6a43ef61f9606e7febea",
			digestCredentials{nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", uri: "/dir/index.html"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ha1, sha := HA1("Mufasa", tt.realm, tt.password)
			if tt.algorithm.name == "SHA-256" {
				ha1 = sha
			}
			if got := tt.algorithm.response(ha1, "GET", tt.c); got != tt.want {
				t.Errorf("response = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestDigestOffer(t *testing.T) {
	tests := map[string]struct{ agent, want string }{
		"a phone is offered the stronger first":      {"User-Agent: Yealink SIP-T46S 66.86.0.15", "SHA-256 MD5"},
		"baresip 1 breaks on any other algorithm":    {"User-Agent: baresip v1.0.0 (x86_64/linux)", "MD5"},
		"baresip 3 does not":                         {"User-Agent: baresip v3.5.0 (x86_64/linux)", "SHA-256 MD5"},
		"who gives no name reads the first one only": {"Subject: none", "MD5 SHA-256"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			req := requestOf(t, "REGISTER", "sip:hotline.example", "1001")
			req.RemoveHeader("User-Agent")
			k, v, _ := strings.Cut(tt.agent, ": ")
			req.AppendHeader(msg.NewHeader(k, v))
			var got []string
			for _, a := range digestOffer(req) {
				got = append(got, a.name)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("offer = %s, want %s", s, tt.want)
			}
		})
	}
}

func TestDigestAccepts(t *testing.T) {
	tests := map[string]struct{ method, requestURI, uri string }{
		"REGISTER":                           {"REGISTER", "sip:hotline.example", "sip:hotline.example"},
		"INVITE":                             {"INVITE", "sip:12345@hotline.example", "sip:12345@hotline.example"},
		"host in another case, default port": {"INVITE", "sip:12345@Hotline.Example:5060", "sip:12345@hotline.example"},
		"parameters left away":               {"INVITE", "sip:12345@hotline.example;transport=tcp", "sip:12345@hotline.example"},
		"tel URI":                            {"INVITE", "tel:+15550100", "tel:+15550100"},
		"IPv6":                               {"REGISTER", "sip:[2001:db8::1]", "sip:[2001:DB8::1]"},
	}
	for name, tt := range tests {
		for i, algorithm := range []string{"SHA-256", "MD5"} {
			t.Run(name+", "+algorithm, func(t *testing.T) {
				now := time.Now()
				d := newDigestServer(testRealm, newDirectory("1001"), silent(), now)
				req := requestOf(t, tt.method, tt.requestURI, "1001")
				if _, v := d.check(req, deskFlow, now); v != authMissing {
					t.Fatalf("without credentials: %s", v)
				}
				ch := challengesOf(d.refusal(req, authMissing, deskFlow, now))[i]
				req = requestOf(t, tt.method, tt.requestURI, "1001", authorize(t, ch, tt.method, tt.uri, "1001", passwordOf("1001"), 1))
				if user, v := d.check(req, deskFlow, now.Add(59*time.Second)); v != authAccepted || user != "1001" {
					t.Errorf("check = %q, %s", user, v)
				}
			})
		}
	}
}

func TestDigestVerdicts(t *testing.T) {
	const uri = "sip:hotline.example"
	start := time.Now()
	right := func(s string) string { return s }
	replace := func(pattern, with string) func(string) string {
		return func(s string) string { return regexp.MustCompile(pattern).ReplaceAllString(s, with) }
	}
	tests := map[string]struct {
		user, password string
		source         netip.AddrPort
		after          time.Duration
		edit           func(string) string
		want           authVerdict
	}{
		"right":                                 {"1001", "secret-1001", deskFlow, 0, right, authAccepted},
		"wrong password":                        {"1001", "guess", deskFlow, 0, right, authWrong},
		"unknown user":                          {"4711", "guess", deskFlow, 0, right, authWrong},
		"nonce after a minute":                  {"1001", "secret-1001", deskFlow, 61 * time.Second, right, authStale},
		"nonce of another address":              {"1001", "secret-1001", otherFlow, 0, right, authStale},
		"nonce of another port":                 {"1001", "secret-1001", netip.MustParseAddrPort("192.0.2.10:49152"), 0, right, authAccepted},
		"nonce made up":                         {"1001", "secret-1001", deskFlow, 0, replace(`nonce="[^"]*"`, `nonce="AAAA"`), authStale},
		"nonce before the clock":                {"1001", "secret-1001", deskFlow, -2 * time.Second, right, authStale},
		"another realm is not ours":             {"1001", "secret-1001", deskFlow, 0, replace(`realm="[^"]*"`, `realm="x"`), authMissing},
		"Basic is no credential":                {"1001", "secret-1001", deskFlow, 0, replace(`Digest .*`, `Basic dTpw`), authMissing},
		"auth-int":                              {"1001", "secret-1001", deskFlow, 0, replace(`qop="?auth"?`, `qop=auth-int`), authMalformed},
		"no qop":                                {"1001", "secret-1001", deskFlow, 0, replace(`, qop="?auth"?`, ``), authMalformed},
		"no cnonce":                             {"1001", "secret-1001", deskFlow, 0, replace(`, cnonce="[^"]*"`, ``), authMalformed},
		"count zero":                            {"1001", "secret-1001", deskFlow, 0, replace(`nc=00000001`, `nc=00000000`), authMalformed},
		"count not hex":                         {"1001", "secret-1001", deskFlow, 0, replace(`nc=00000001`, `nc=0000000z`), authMalformed},
		"algorithm never offered":               {"1001", "secret-1001", deskFlow, 0, replace(`algorithm=SHA-256`, `algorithm=MD5-sess`), authMalformed},
		"response of another length":            {"1001", "secret-1001", deskFlow, 0, replace(`response="..`, `response="`), authMalformed},
		"response in upper case":                {"1001", "secret-1001", deskFlow, 0, upperResponse, authAccepted},
		"uri of another target":                 {"1001", "secret-1001", deskFlow, 0, replace(`uri="[^"]*"`, `uri="sip:evil.example"`), authMalformed},
		"uri without quotes":                    {"1001", "secret-1001", deskFlow, 0, replace(`uri="([^"]*)"`, `uri=$1`), authAccepted},
		"a parameter twice":                     {"1001", "secret-1001", deskFlow, 0, replace(`Digest `, `Digest nc=00000001, `), authMalformed},
		"a name that is no token":               {"1001", "secret-1001", deskFlow, 0, replace(`Digest `, "Digest \xb1=1, "), authMalformed},
		"an unterminated quote":                 {"1001", "secret-1001", deskFlow, 0, replace(`Digest `, `Digest opaque="`), authMalformed},
		"user in another case is another user":  {"1001A", "secret-1001", deskFlow, 0, right, authWrong},
		"user with quotes that are escaped":     {`a"b\c`, "secret-" + `a"b\c`, deskFlow, 0, right, authAccepted},
		"an account without HA1 lets nobody in": {"empty", "", deskFlow, 0, right, authWrong},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			accounts := newDirectory("1001", `a"b\c`)
			accounts["empty"] = Account{User: "empty"}
			d := newDigestServer(testRealm, accounts, silent(), start)
			ch := challengesOf(d.refusal(requestOf(t, "REGISTER", uri, "1001"), authMissing, deskFlow, start))[0]
			auth := tt.edit(authorize(t, ch, "REGISTER", uri, tt.user, tt.password, 1))
			_, v := d.check(requestOf(t, "REGISTER", uri, "1001", auth), tt.source, start.Add(tt.after))
			if v != tt.want {
				t.Errorf("verdict = %s, want %s for %s", v, tt.want, auth)
			}
		})
	}
}

func upperResponse(s string) string {
	return regexp.MustCompile(`response="[^"]*"`).ReplaceAllStringFunc(s, func(r string) string {
		return `response="` + strings.ToUpper(r[len(`response="`):])
	})
}

func TestDigestRealmAmongSeveral(t *testing.T) {
	now := time.Now()
	d := newDigestServer(testRealm, newDirectory("1001"), silent(), now)
	req := requestOf(t, "REGISTER", "sip:hotline.example", "1001")
	auth := authorize(t, challengesOf(d.refusal(req, authMissing, deskFlow, now))[0], "REGISTER", "sip:hotline.example", "1001", passwordOf("1001"), 1)
	foreign := strings.Replace(auth, testRealm, "elsewhere.example", 1)
	if _, v := d.check(requestOf(t, "REGISTER", "sip:hotline.example", "1001", foreign, auth), deskFlow, now); v != authAccepted {
		t.Errorf("verdict = %s", v)
	}
}

// Wrong password and unknown user: the same bytes, the same hashes.
func TestDigestTellsNobodyWhoExists(t *testing.T) {
	const uri = "sip:hotline.example"
	now := time.Now()
	answer := func(user string) (string, int) {
		sums := 0
		d := newDigestServer(testRealm, newDirectory("1001"), silent(), now)
		for i := range d.algorithms {
			sum := d.algorithms[i].sum
			d.algorithms[i].sum = func(s string) string { sums++; return sum(s) }
		}
		first := d.refusal(requestOf(t, "REGISTER", uri, "1001"), authMissing, deskFlow, now)
		req := requestOf(t, "REGISTER", uri, "1001", authorize(t, challengesOf(first)[0], "REGISTER", uri, user, "guess", 1))
		_, v := d.check(req, deskFlow, now)
		res := d.refusal(req, v, deskFlow, now).String()
		return regexp.MustCompile(`tag=[0-9a-f-]{36}`).ReplaceAllString(res, "tag=T"), sums
	}
	known, knownSums := answer("1001")
	unknown, unknownSums := answer("4711")
	if known != unknown {
		t.Errorf("answers differ:\n%s\n%s", known, unknown)
	}
	if knownSums != unknownSums || knownSums == 0 {
		t.Errorf("%d hashes for a known user, %d for an unknown one", knownSums, unknownSums)
	}
	if !strings.HasPrefix(known, "SIP/2.0 403 Forbidden\r\n") {
		t.Errorf("answer = %s", known)
	}
}

func TestDigestStaleIsSaid(t *testing.T) {
	now := time.Now()
	d := newDigestServer(testRealm, newDirectory("1001"), silent(), now)
	req := requestOf(t, "REGISTER", "sip:hotline.example", "1001")
	for _, ch := range challengesOf(d.refusal(req, authStale, deskFlow, now)) {
		if c, err := phone.ParseChallenge(ch); err != nil || !c.Stale || c.Realm != testRealm || !c.SupportsQOP("auth") {
			t.Errorf("challenge %q: %+v, %v", ch, c, err)
		}
	}
	if res := d.refusal(req, authMissing, deskFlow, now); strings.Contains(res.String(), "stale") {
		t.Errorf("a first challenge is not stale:\n%s", res)
	}
}

// A challenge is not worth reflecting: at most half as long again as what asked for it.
func TestDigestChallengeDoesNotAmplify(t *testing.T) {
	now := time.Now()
	d := newDigestServer(testRealm, newDirectory("1001"), silent(), now)
	req := requestOf(t, "REGISTER", "sip:hotline.example", "1001", "Max-Forwards: 70", "Contact: <sip:1001@10.0.0.5:5060>", "Expires: 3600",
		"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, REFER, NOTIFY, INFO, UPDATE", "Supported: path, replaces")
	res := d.refusal(req, authMissing, deskFlow, now)
	t.Logf("%d bytes for %d", len(res.String()), len(req.String()))
	if len(res.String())*10 > len(req.String())*15 {
		t.Errorf("%d bytes answer %d", len(res.String()), len(req.String()))
	}
}

func TestNonceReplay(t *testing.T) {
	start := time.Now()
	m := newNonceMint(start)
	n, ok := m.verify(m.issue(deskFlow.Addr(), start), deskFlow.Addr(), start)
	if !ok {
		t.Fatal("fresh nonce refused")
	}
	for i, step := range []struct {
		nc   uint32
		want bool
	}{
		{1, true}, {1, false}, {2, true}, {5, true}, {3, true}, {3, false}, {4, true}, {5, false},
		{100, true}, {99, true}, {36, false}, {37, true}, {37, false}, {4294967295, true}, {100, false},
	} {
		if got := m.spend(n, step.nc, start); got != step.want {
			t.Errorf("step %d: nc %d unused = %v, want %v", i, step.nc, got, step.want)
		}
	}
}

// However many nonces are spent, none is accepted twice, and a fresh one works.
func TestNonceTableForgetsSafely(t *testing.T) {
	start := time.Now()
	m := newNonceMint(start)
	var all []nonce
	now := start
	for i := range 4 * nonceSets * nonceWays {
		now = start.Add(time.Duration(i) * time.Microsecond)
		n, _ := m.verify(m.issue(deskFlow.Addr(), now), deskFlow.Addr(), now)
		if !m.spend(n, 1, now) {
			t.Fatalf("fresh nonce %d refused", i)
		}
		all = append(all, n)
	}
	for i, n := range all {
		if m.spend(n, 1, now) {
			t.Fatalf("nonce %d accepted twice", i)
		}
	}
}

func TestNonceOfAnotherProcessIsStale(t *testing.T) {
	now := time.Now()
	if _, ok := newNonceMint(now).verify(newNonceMint(now).issue(deskFlow.Addr(), now), deskFlow.Addr(), now); ok {
		t.Error("accepted")
	}
}

func TestTrunkAnswersItsOwnChallengeOnly(t *testing.T) {
	trunk := trunkCredentials{Realm: "carrier.example", User: "acct-7", Password: `p"w`, Peers: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/28")}}
	peer := netip.MustParseAddr("198.51.100.3")
	const uri = "sip:+15550142@carrier.example;user=phone"
	tests := map[string]struct {
		code       int
		peer       netip.Addr
		challenges []string
		want       string // algorithm, "" when not answered
	}{
		"407, one challenge":         {407, peer, []string{`Digest realm="carrier.example", nonce="n", algorithm=MD5, qop="auth"`}, "MD5"},
		"401, no algorithm":          {401, peer, []string{`Digest realm="carrier.example", nonce="n", qop="auth,auth-int"`}, "MD5"},
		"strongest of several":       {401, peer, []string{`Digest realm="carrier.example", nonce="n", algorithm=MD5, qop="auth"`, `Digest realm="carrier.example", nonce="n2", algorithm=SHA-256, qop="auth", opaque="o"`}, "SHA-256"},
		"unsupported ones aside":     {401, peer, []string{`Digest realm="carrier.example", nonce="n", algorithm=SHA-512-256, qop="auth"`, `Digest realm="carrier.example", nonce="n", algorithm=MD5`}, "MD5"},
		"another realm":              {401, peer, []string{`Digest realm="evil.example", nonce="n", algorithm=MD5, qop="auth"`}, ""},
		"another peer":               {401, netip.MustParseAddr("198.51.100.77"), []string{`Digest realm="carrier.example", nonce="n", algorithm=MD5, qop="auth"`}, ""},
		"auth-int only":              {401, peer, []string{`Digest realm="carrier.example", nonce="n", algorithm=MD5, qop="auth-int"`}, ""},
		"no nonce":                   {401, peer, []string{`Digest realm="carrier.example", algorithm=MD5, qop="auth"`}, ""},
		"nothing that can be parsed": {401, peer, []string{`Digest realm="carrier`, `Basic realm="carrier.example"`}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			req := requestOf(t, "INVITE", uri, "acct-7")
			res := msg.NewResponseFromRequest(req, tt.code, "Challenge", nil)
			for _, c := range tt.challenges {
				res.AppendHeader(msg.NewHeader(map[int]string{401: "WWW-Authenticate", 407: "Proxy-Authenticate"}[tt.code], c))
			}
			h, err := trunk.answer(req, res, tt.peer)
			if tt.want == "" {
				if err == nil {
					t.Errorf("answered %s", h)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := map[int]string{401: "Authorization", 407: "Proxy-Authorization"}[tt.code]; h.Name() != want {
				t.Errorf("header = %s, want %s", h.Name(), want)
			}
			verifyAnswer(t, h.Value(), tt.challenges, tt.want, uri)
		})
	}
}

// verifyAnswer recomputes an answer with an independent implementation.
func verifyAnswer(t *testing.T, value string, challenges []string, algorithm, uri string) {
	t.Helper()
	got, err := phone.ParseCredentials(value)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range challenges {
		ch, err := phone.ParseChallenge(c)
		if err != nil || ch.Nonce != got.Nonce || ch.Algorithm != got.Algorithm {
			continue
		}
		if ch.Algorithm != algorithm && !(ch.Algorithm == "" && algorithm == "MD5") {
			t.Errorf("algorithm = %q, want %q", ch.Algorithm, algorithm)
		}
		if ch.Opaque != got.Opaque {
			t.Errorf("opaque = %q, want %q", got.Opaque, ch.Opaque)
		}
		ch.QOP = nil
		if got.QOP != "" {
			ch.QOP = []string{"auth"}
		}
		want, err := phone.Digest(ch, phone.Options{Method: "INVITE", URI: uri, Username: "acct-7", Password: `p"w`, Cnonce: got.Cnonce, Count: got.Nc})
		if err != nil || want.Response != got.Response {
			t.Errorf("response = %s, want %s (%v)", got.Response, want.Response, err)
		}
		return
	}
	t.Errorf("answer %s fits no challenge", value)
}

func TestParseDigestKeepsWhatWasQuoted(t *testing.T) {
	p, err := parseDigest("digest  Username = \"a\\\"b\\\\c\" ,, realm=\"x, y=z\",nc=00000001 , uri=sip:a@b;c=d\t")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p); got != `map[nc:00000001 realm:x, y=z uri:sip:a@b;c=d username:a"b\c]` {
		t.Errorf("params = %s", got)
	}
}

func TestCleanUser(t *testing.T) {
	if got := cleanUser("a\x1b[31m\u202eb\r\nc\xff" + strings.Repeat("x", 100)); len(got) > 64 || !strings.HasPrefix(got, "a[31mbcx") {
		t.Errorf("cleaned = %q", got)
	}
}

// FuzzAuthorization: whatever an Authorization field says, nobody gets in and
// nothing breaks; what parses can be written and read again.
func FuzzAuthorization(f *testing.F) {
	f.Add(`Digest username="1001", realm="hotline.example", nonce="AAAA", uri="sip:hotline.example", response="00", algorithm=MD5, qop=auth, nc=00000001, cnonce="x"`)
	f.Add(`Digest a="\`)
	f.Add("digest =,=\"\"")
	f.Add(`Basic x`)
	f.Add(`Digest uri="sip:[::1;@?", realm="hotline.example"`)
	f.Add("Digest \xb1=1")
	now := time.Now()
	d := newDigestServer(testRealm, newDirectory("1001"), silent(), now)
	f.Fuzz(func(t *testing.T, value string) {
		req := msg.NewRequest(msg.REGISTER, msg.Uri{Scheme: "sip", Host: "hotline.example"})
		req.AppendHeader(msg.NewHeader("Authorization", value))
		if user, v := d.check(req, deskFlow, now); v == authAccepted || user != "" {
			t.Fatalf("accepted as %q", user)
		}
		params, err := parseDigest(value)
		if err != nil {
			return
		}
		for name, v := range params {
			written := fmt.Sprintf(`Digest %s="%s"`, name, quotedString(v))
			if len(written) > digestMaxLength { // of backslashes that were no escapes
				continue
			}
			again, err := parseDigest(written)
			if err != nil || again[name] != v {
				t.Fatalf("%s = %q reads back as %q, %v", name, v, again[name], err)
			}
		}
	})
}
