//go:build !linux

package media

func newSockets() (sockets, error) { return portable{}, nil }
