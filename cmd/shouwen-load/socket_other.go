//go:build !linux

package main

import (
	"errors"
	"net/netip"
	"time"
)

// Audio needs recvmmsg(2) and the kernel's timestamps.
type (
	socket      struct{ addr netip.AddrPort }
	destination struct{}
	inbox       struct{}
)

func openSocket(netip.Addr) (socket, error) {
	return socket{}, errors.New("audio is measured on Linux only; leave out --rtp")
}

func (socket) close()                                  {}
func (socket) send([]byte, *destination) bool          { return false }
func newDestination(netip.AddrPort) *destination       { return &destination{} }
func newInbox() *inbox                                 { return &inbox{} }
func (*inbox) receive(socket, func([]byte, time.Time)) {}
