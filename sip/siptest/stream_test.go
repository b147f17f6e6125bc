package siptest_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"shouwen/sip/siptest"
)

// pipe joins every two connections to l, one octet at a time.
func pipe(t *testing.T, l net.Listener) string {
	t.Helper()
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		var waiting net.Conn
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if c, ok := conn.(*tls.Conn); ok && c.Handshake() != nil {
				return
			}
			if waiting == nil {
				waiting = conn
				continue
			}
			for _, c := range [][2]net.Conn{{conn, waiting}, {waiting, conn}} {
				go func() {
					_, _ = io.Copy(c[0], iotest.OneByteReader(c[1]))
					_ = c[0].Close()
				}()
			}
		}
	}()
	return l.Addr().String()
}

func TestCallOverStream(t *testing.T) {
	t.Parallel()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	t.Cleanup(web.Close)
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	for _, network := range []string{"tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			if network == "tls" {
				l = tls.NewListener(l, &tls.Config{Certificates: web.TLS.Certificates})
			}
			server := pipe(t, l)
			cfg := siptest.Config{Network: network, TLS: &tls.Config{RootCAs: roots}, Tone: 500}
			caller, callee := siptest.New(t, server, cfg), siptest.New(t, server, cfg)
			out := caller.Dial("callee")
			in := callee.Incoming()
			if via := in.Invite.Get("Via"); !strings.HasPrefix(via, "SIP/2.0/"+strings.ToUpper(network)+" 127.0.0.1:") {
				t.Errorf("via %s", via)
			}
			in.Answer()
			out.Answered()
			in.Hears(500)
			caller.SendRaw("\r\n\r\n") // a keep-alive
			out.Hangup()
			in.Ended()
		})
	}
}

func TestReadMessageKeepsToContentLength(t *testing.T) {
	const header = "Via: SIP/2.0/TCP a\r\nFrom: <sip:a>;tag=1\r\nt: <sip:b>\r\ni: c\r\nCSeq: 1 INFO\r\n"
	stream := "\r\n\r\nINFO sip:b SIP/2.0\r\n" + header + "l: 6\r\n\r\na\r\n\r\nbSIP/2.0 200 OK\r\n" + header +
		"Subject: long\r\n and\r\n\tfolded\r\nContent-Length: 0\r\n\r\n\r\nINFO sip:c SIP/2.0\r\n" + header + "\r\n"
	r := bufio.NewReaderSize(iotest.HalfReader(strings.NewReader(stream)), 16)
	m, err := siptest.ReadMessage(r)
	if err != nil || m.Method != "INFO" || m.Body != "a\r\n\r\nb" {
		t.Fatalf("first: %v %s", err, m)
	}
	m, err = siptest.ReadMessage(r)
	if err != nil || m.Status != 200 || m.Get("Subject") != "long and folded" {
		t.Fatalf("second: %v %s", err, m)
	}
	if _, err = siptest.ReadMessage(r); err == nil || !strings.Contains(err.Error(), "no content-length") {
		t.Errorf("third: %v", err)
	}
	if _, err = siptest.ReadMessage(r); err != io.EOF {
		t.Errorf("end: %v", err)
	}
}
