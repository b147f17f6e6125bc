package main

import (
	"fmt"

	"shouwen/cases"
	"shouwen/sip"
)

// SecurityConfig is what signalling and audio of a trunk, or of the phones, must
// be.
type SecurityConfig struct {
	RequireTLS     bool   `yaml:"require_tls"`      // calls and registrations over UDP and TCP are refused
	SRTP           string `yaml:"srtp"`             // off, offer or require; empty: offer
	SRTPWithoutTLS bool   `yaml:"srtp_without_tls"` // its keys may go over UDP and TCP
}

func (c SecurityConfig) security() sip.Security {
	s := sip.Security{RequireTLS: c.RequireTLS, SRTP: sip.SRTP(c.SRTP), SRTPWithoutTLS: c.SRTPWithoutTLS}
	if s.SRTP == "" {
		s.SRTP = sip.SRTPOffer
	}
	return s
}

// phoneSecurity is what a person's phone must be: what all are, and what he has himself.
func phoneSecurity(p cases.Person, all sip.Security) sip.Security {
	all.RequireTLS = all.RequireTLS || p.RequireTLS
	if p.SRTP != "" {
		all.SRTP = sip.SRTP(p.SRTP)
	}
	return all
}

func (c Config) checkSecurity() error {
	if err := c.Phones.check("phones", c.SIP); err != nil {
		return err
	}
	for i, t := range c.Trunks {
		if err := t.SecurityConfig.check(fmt.Sprintf("trunks[%d]", i), c.SIP); err != nil {
			return err
		}
	}
	return nil
}

func (c SecurityConfig) check(path string, signalling SIPConfig) error {
	s := c.security()
	switch {
	case !knownSRTP(s.SRTP):
		return bad(path+".srtp", "is %q, want off, offer or require", s.SRTP)
	case signalling.TLS != 0:
	case s.RequireTLS:
		return bad(path+".require_tls", "is true, but TLS is off; give sip.tls a port")
	case s.SRTP == sip.SRTPRequire && !s.SRTPWithoutTLS:
		return bad(path+".srtp", "is require, but TLS, which its keys need, is off; give sip.tls a port")
	}
	return nil
}

func knownSRTP(s sip.SRTP) bool {
	return s == sip.SRTPOff || s == sip.SRTPOffer || s == sip.SRTPRequire
}
