//go:build !linux

package media

import "testing"

func descriptor(t testing.TB, c packetConn) int { return netDescriptor(t, c) }
