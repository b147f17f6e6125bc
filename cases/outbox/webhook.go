package outbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shouwen/cases"
)

// Webhook posts rows to a program, signed as Standard Webhooks 1.0 says: webhook-id is
// the row's key, webhook-signature is "v1," and the base64 of HMAC-SHA256 over id,
// timestamp and body, with dots between. Anything but 2xx is a failure; redirects are
// not followed, so that nothing signed goes to whom nobody named.
type Webhook struct {
	URL     string
	Secret  Secret
	Timeout time.Duration // of one attempt, at most 20 s
}

// Secret is a key that nothing shows.
type Secret []byte

// String hides the secret.
func (Secret) String() string { return "…" }

// LogValue hides it, too.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// secretPrefix is what Standard Webhooks has before the base64 of a secret.
const secretPrefix = "whsec_"

// ParseSecret reads a secret like whsec_… with 24 to 64 bytes in base64.
func ParseSecret(text string) (Secret, error) {
	coded, ok := strings.CutPrefix(strings.TrimSpace(text), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(coded)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New(`is no secret; make one with: echo "whsec_$(openssl rand -base64 32)"`)
	}
	return key, nil
}

// sign returns the signature of a message.
func (s Secret) sign(id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, s)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp)
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// poster opens a connection an attempt: attempts are rare, and a half-dead one kept
// open would fail the next.
var poster = &http.Client{
	Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: 10 * time.Second},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Send is the webhook's Effect.
func (w Webhook) Send(ctx context.Context, o cases.Outgoing) error {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(o.Payload))
	if err != nil {
		return withoutURL(err)
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header = http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"Shouwen"},
		"Webhook-Id": {o.Key}, "Webhook-Timestamp": {now}, "Webhook-Signature": {w.Secret.sign(o.Key, now, o.Payload)},
	}
	answer, err := poster.Do(r)
	if err != nil {
		return withoutURL(err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // what it says does not matter
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return nil
}

// withoutURL is err without the address, in which there may be a token.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
