//go:build !linux

package embedded

import "syscall"

var initLocale = []string{"--locale=C", "--lc-ctype=UTF-8"}

// childAttr cannot tie the server's life to ours here: the next start stops an
// orphan, see Server.freeLock.
func childAttr(cred *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: cred, Setpgid: true}
}
