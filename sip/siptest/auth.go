package siptest

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Authorize returns req again with credentials for a challenge of res (RFC 3261
// 22, RFC 7616), its CSeq one higher, or nil when there is nothing to answer or
// the same nonce was answered already.
func (p *Phone) Authorize(req, res *Message) *Message {
	from, to := "WWW-Authenticate", "Authorization"
	switch {
	case p.cfg.Password == "":
		return nil
	case res.Status == 407:
		from, to = "Proxy-Authenticate", "Proxy-Authorization"
	case res.Status != 401:
		return nil
	}
	for _, challenge := range res.All(from) {
		ask := authParams(challenge)
		algorithm := ask["algorithm"]
		if algorithm == "" {
			algorithm = "MD5"
		}
		sum := digests[strings.ToUpper(algorithm)]
		if sum == nil || p.cfg.Algorithm != "" && !strings.EqualFold(p.cfg.Algorithm, algorithm) {
			continue
		}
		if ask["nonce"] == authParams(req.Get(to))["nonce"] {
			return nil
		}
		n, _ := req.CSeq()
		return req.Clone().With("Via:", fmt.Sprint("CSeq: ", n+1, " ", req.Method),
			to+": "+p.credentials(req, ask, algorithm, sum))
	}
	return nil
}

var digests = map[string]func() hash.Hash{"MD5": md5.New, "SHA-256": sha256.New}

func (p *Phone) credentials(req *Message, ask map[string]string, algorithm string, sum func() hash.Hash) string {
	h := func(parts ...string) string {
		d := sum()
		_, _ = d.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(d.Sum(nil))
	}
	ha1, ha2 := h(p.cfg.User, ask["realm"], p.cfg.Password), h(req.Method, req.URI)
	c := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=%s`,
		p.cfg.User, ask["realm"], ask["nonce"], req.URI, algorithm)
	if opaque, ok := ask["opaque"]; ok {
		c += fmt.Sprintf(`, opaque="%s"`, opaque)
	}
	if ask["qop"] == "" { // RFC 2069
		return c + fmt.Sprintf(`, response="%s"`, h(ha1, ask["nonce"], ha2))
	}
	cnonce := token()
	return c + fmt.Sprintf(`, qop=auth, nc=00000001, cnonce="%s", response="%s"`,
		cnonce, h(ha1, ask["nonce"], "00000001", cnonce, "auth", ha2))
}

// authParams reads the parameters of a challenge or of credentials.
func authParams(value string) map[string]string {
	params := make(map[string]string)
	scheme, rest, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Digest") {
		return params
	}
	for p := range split(rest, ',') {
		k, v, _ := strings.Cut(p, "=")
		params[strings.ToLower(strings.TrimSpace(k))] = strings.Trim(strings.TrimSpace(v), `"`)
	}
	return params
}

// Register binds the phone's Contact and returns the 200. Headers "Name: value"
// replace and add: "Contact: …" several times, "Path: …", "Expires: 0". Any other
// final response is an error, and returned too.
func (p *Phone) Register(ctx context.Context, headers ...string) (*Message, error) {
	var req *Message
	err := p.do(func() {
		if p.register == nil {
			p.register = p.Request("REGISTER", "sip:"+p.cfg.Domain)
			p.register.With("To: <sip:" + p.cfg.User + "@" + p.cfg.Domain + ">")
		}
		n, _ := p.register.CSeq()
		p.register.With(fmt.Sprintf("CSeq: %d REGISTER", n+2)) // a challenge takes one
		req = p.register.Clone().With(fmt.Sprintf("Expires: %.0f", p.cfg.Expires.Seconds())).With(headers...)
	})
	if err != nil {
		return nil, err
	}
	res, err := p.Do(ctx, req)
	if err == nil && res.Status != 200 {
		err = fmt.Errorf("REGISTER: %d %s\n%s", res.Status, res.Reason, p)
	}
	return res, err
}

// Unregister removes every binding of the phone's address.
func (p *Phone) Unregister(ctx context.Context) error {
	_, err := p.Register(ctx, "Contact: *", "Expires: 0")
	return err
}
