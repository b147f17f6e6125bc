//go:build !linux

package main

import (
	"testing"

	"shouwen/sip/siptest"
)

type wiretap struct{}

func newWiretap(t *testing.T) *wiretap {
	t.Skip("needs a packet socket of Linux")
	return nil
}

func (*wiretap) to(int) (a siptest.TestAudio) { return a }
