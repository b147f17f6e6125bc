package siptest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shouwen/sip/siptest"
)

const plain = "INVITE sip:b@192.0.2.1 SIP/2.0\r\n" +
	"v: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKa;rport , SIP/2.0/UDP 192.0.2.3\r\n" +
	"f: \"A, \\\"x\\\"; B\" <sip:a@example.com;tag=no>;x=\"1;2\";TAG=one\r\n" +
	"To: sip:b@example.com;tag=two\r\nCall-ID: c\r\nCSeq: 7  INVITE\r\n" +
	"Record-Route: <sip:p1;lr>,<sip:p2,x;lr>\r\nRecord-Route: <sip:p3;lr>\r\nm: <sip:a@192.0.2.2>\r\n" +
	"Content-Length: 3\r\n\r\nabcdef"

func TestParse(t *testing.T) {
	m, err := siptest.Parse([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	if m.Body != "abc" || m.Param("From", "tag") != "one" || m.Param("To", "tag") != "two" || m.Param("From", "x") != "1;2" {
		t.Errorf("%s", m)
	}
	if diff := cmp.Diff([]string{"<sip:p1;lr>", "<sip:p2,x;lr>", "<sip:p3;lr>"}, m.List("Record-Route")); diff != "" {
		t.Error(diff)
	}
	if n, method := m.CSeq(); n != 7 || method != "INVITE" || len(m.List("Via")) != 2 {
		t.Errorf("CSeq %d %s, Via %q", n, method, m.List("Via"))
	}
	bye := siptest.Caller(m, m.Response(200, "x").With("Contact: <sip:b@192.0.2.9>")).Request("BYE")
	if diff := cmp.Diff([]string{"<sip:p3;lr>", "<sip:p2,x;lr>", "<sip:p1;lr>"}, bye.All("Route")); diff != "" || bye.URI != "sip:b@192.0.2.9" {
		t.Error(diff, bye)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ old, new, want string }{
		"no end of the header":        {"\r\n\r\nabcdef", "", "no empty line"},
		"another version":             {"SIP/2.0\r\nv", "SIP/3.0\r\nv", "request line"},
		"a line end that is bare":     {"Call-ID: c", "Call-ID: c\nX: y", "stray"},
		"a line that is no header":    {"Call-ID: c", "Call-ID: c\r\nbroken", "header line"},
		"a header twice":              {"Call-ID: c", "Call-ID: c\r\ni: d", "2 Call-ID"},
		"no From":                     {"f:", "X-F:", "0 From"},
		"a CSeq of another method":    {"7  INVITE", "7 BYE", "cseq"},
		"a CSeq that is no number":    {"7  INVITE", "x INVITE", "cseq"},
		"a body that is cut off":      {"abcdef", "ab", "content-length"},
		"a length below nothing":      {"Length: 3", "Length: -3", "content-length"},
		"a length that is empty":      {"Length: 3", "Length:", "content-length"},
		"two lengths":                 {"Content-Length: 3", "Content-Length: 3\r\nl: 3", "content-length"},
		"a status that is no number":  {"INVITE sip:b@192.0.2.1 SIP/2.0", "SIP/2.0 abc OK", "status"},
		"a status out of its classes": {"INVITE sip:b@192.0.2.1 SIP/2.0", "SIP/2.0 700 OK", "status"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := siptest.Parse([]byte(strings.Replace(plain, test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestWithTagAndClone(t *testing.T) {
	m, err := siptest.Parse([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	c := m.Clone().WithTag("To", "three").With("Record-Route:", "X-A: 1", "X-A: 2")
	if c.Param("To", "tag") != "three" || m.Param("To", "tag") != "two" || len(c.All("X-A")) != 2 || len(m.All("Record-Route")) != 2 || c.Get("Record-Route") != "" {
		t.Errorf("copy:\n%s\noriginal:\n%s", c, m)
	}
}

// FuzzParse wants no panic, and that what was understood is understood the same
// after it was written out.
func FuzzParse(f *testing.F) {
	f.Add([]byte(plain))
	f.Fuzz(func(t *testing.T, packet []byte) {
		m, err := siptest.Parse(packet)
		if err != nil {
			return
		}
		again, err := siptest.Parse([]byte(m.String()))
		if err != nil {
			t.Fatalf("%v\n%s", err, m)
		}
		if diff := cmp.Diff(m.String(), again.String()); diff != "" {
			t.Fatal(diff)
		}
		if m.Method != "" {
			res := m.Response(200, "t")
			for _, r := range []*siptest.Message{res, m.Ack(res), m.Cancel(), siptest.Callee(m, res).Request("BYE")} {
				_ = r.String()
			}
		}
	})
}
