package sip

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// serial returns the serial number of the certificate tp shows.
func serial(t *testing.T, tp *transport) string {
	t.Helper()
	return dialSIP(t, tp, "tls").(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func TestSelfSignedCertificateStaysAndServesItsAddresses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inDir := func(cfg *TransportConfig) { cfg.DataDir = dir }
	tp := testTransport(t, inDir)
	first := serial(t, tp)
	if again := serial(t, testTransport(t, inDir)); again != first {
		t.Errorf("serial number %s after a restart, was %s", again, first)
	}
	pem, err := os.ReadFile(filepath.Join(dir, "tls", "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	conn, err := tls.Dial("tcp", tp.addr("tls").String(), &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatalf("a phone that trusts it: %v", err)
	}
	defer conn.Close()
	probe(t, "tls", conn)
	for _, file := range []string{"cert.pem", "key.pem"} {
		if info, err := os.Stat(filepath.Join(dir, "tls", file)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want mode 0600", file, info, err)
		}
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	tp := testTransport(t, nil)
	conn, err := tls.Dial("tcp", tp.addr("tls").String(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err == nil {
		_ = conn.Close()
		t.Error("TLS 1.1 was accepted")
	}
	probe(t, "tls", dialSIP(t, tp, "tls"))
}

// A changed certificate is used by the next handshake after it is looked at; a
// broken one is not.
func TestCertificateIsReloaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := TransportConfig{DataDir: dir, TLS: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:5061")}}
	c, err := newCertificate(cfg, discard)
	if err != nil {
		t.Fatal(err)
	}
	use := func() string {
		t.Helper()
		c.checked = time.Time{}
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.SerialNumber.String()
	}
	first := use()
	if err := os.Remove(c.certFile); err != nil {
		t.Fatal(err)
	}
	if got := use(); got != first {
		t.Errorf("serial number %s while the file is away, want the old %s", got, first)
	}
	if err := writeSelfSigned(c.certFile, c.keyFile, cfg.TLS); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(c.certFile, later, later); err != nil {
		t.Fatal(err)
	}
	second := use()
	if second == first {
		t.Error("the new certificate is not used")
	}
	if err := os.WriteFile(c.certFile, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := use(); got != second {
		t.Errorf("serial number %s with a broken file, want the last good %s", got, second)
	}
}
