package sip_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"shouwen/sip"
	"shouwen/sip/siptest"
)

func TestMessageToAPhone(t *testing.T) {
	b := newBed(t)
	p := b.phone(t, "1001", siptest.Config{Manual: true})
	tests := map[string]struct {
		text, want string
		status     int
		err        error
	}{
		"as it is":         {"案件 260101-1-0001: 来电", "案件 260101-1-0001: 来电", 200, nil},
		"cut, whole runes": {strings.Repeat("来", 400), strings.Repeat("来", 266), 200, nil},
		"broken":           {"a\xffb", "a\uFFFDb", 202, nil},
		"not taken":        {"hello", "hello", 415, sip.ErrMessage},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sent := make(chan error, 1)
			go func() { sent <- b.ua.Message(t.Context(), b.ua.Contacts("1001")[0], tt.text) }()
			m := p.Expect("MESSAGE")
			if got := m.Body; got != tt.want || !utf8.ValidString(got) {
				t.Errorf("text %q, want %q", got, tt.want)
			}
			if got := m.Get("Content-Type"); got != "text/plain;charset=UTF-8" {
				t.Errorf("type %s", got)
			}
			p.Reply(m, tt.status, "")
			if err := <-sent; !errors.Is(err, tt.err) {
				t.Errorf("%v, want %v", err, tt.err)
			}
		})
	}
}
