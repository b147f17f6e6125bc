package sip

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	certificateCheck = 10 * time.Second // how often the files are looked at
	selfSignedFor    = 10 * 365 * 24 * time.Hour
	expirySoon       = 14 * 24 * time.Hour
)

// certificate is the server certificate of the TLS listeners. When its files
// change, the next handshake uses the new ones; if those cannot be used, the
// old one stays. Safe from any goroutine.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time // of the newer file, when current was read
	checked time.Time
}

// newCertificate reads cfg's certificate and key (PEM files). Without a
// configured one it uses tls/cert.pem and tls/key.pem in the data directory,
// made when they are missing: a self-signed certificate for the addresses of
// the TLS listeners.
func newCertificate(cfg TransportConfig, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: cfg.Certificate, keyFile: cfg.Key, log: log}
	if (c.certFile == "") != (c.keyFile == "") {
		return nil, errors.New("TLS needs both a certificate and a key; set the missing one or neither for a self-signed one")
	}
	if c.certFile == "" {
		c.certFile = filepath.Join(cfg.DataDir, "tls", "cert.pem")
		c.keyFile = filepath.Join(cfg.DataDir, "tls", "key.pem")
		if _, err := os.Stat(c.certFile); errors.Is(err, os.ErrNotExist) {
			if err := writeSelfSigned(c.certFile, c.keyFile, cfg.TLS); err != nil {
				return nil, fmt.Errorf("self-signed certificate: %w; make the data directory writable or configure a certificate and key", err)
			}
		}
	}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("%w; replace the files by a PEM certificate and its key", err)
	}
	return c, nil
}

// serverConfig returns the configuration of the TLS listeners.
func (c *certificate) serverConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

// clientConfig returns the configuration of the connections we dial, which lead to
// trunks' servers only. sipgo dials addresses, so that the certificate's name is
// checked here: it must be that of one of hosts.
func clientConfig(hosts []string) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(s tls.ConnectionState) error {
			between := x509.NewCertPool()
			for _, c := range s.PeerCertificates[1:] {
				between.AddCert(c)
			}
			err := errors.New("no trunk is reached by TLS")
			for _, host := range hosts {
				_, err = s.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: host, Intermediates: between})
				if err == nil {
					return nil
				}
			}
			return err
		},
	}
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.checked) >= certificateCheck {
		if err := c.refresh(); err != nil {
			c.log.Warn("TLS certificate not reloaded, the old one stays", "err", err)
		}
	}
	return c.current, nil
}

func (c *certificate) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refresh()
}

// refresh reads the files again if one of them changed. Caller holds mu.
func (c *certificate) refresh() error {
	c.checked = time.Now()
	var changed time.Time
	for _, file := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return fmt.Errorf("TLS certificate: %w", err)
		}
		if info.ModTime().After(changed) {
			changed = info.ModTime()
		}
	}
	if c.current != nil && changed.Equal(c.changed) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("TLS certificate %s with key %s: %w", c.certFile, c.keyFile, err)
	}
	if left := time.Until(pair.Leaf.NotAfter); left < expirySoon {
		c.log.Warn("TLS certificate expires soon", "file", c.certFile, "at", pair.Leaf.NotAfter)
	}
	c.current, c.changed = &pair, changed
	return nil
}

// writeSelfSigned makes a key and a certificate for the addresses of listeners.
func writeSelfSigned(certFile, keyFile string, listeners []netip.AddrPort) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Shouwen"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(selfSignedFor),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true, // so that a phone can be told to trust it
		DNSNames:              []string{"localhost"},
	}
	if host, err := os.Hostname(); err == nil && host != "localhost" {
		template.DNSNames = append(template.DNSNames, host)
	}
	for _, l := range listeners {
		template.IPAddresses = append(template.IPAddresses, net.IP(l.Addr().AsSlice()))
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(certFile), 0o700); err != nil {
		return err
	}
	// The key first: a certificate file means that both are complete.
	if err := writePEM(keyFile, "PRIVATE KEY", private); err != nil {
		return err
	}
	return writePEM(certFile, "CERTIFICATE", cert)
}

func writePEM(file, kind string, der []byte) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
