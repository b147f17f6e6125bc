package embedded

import "syscall"

// initLocale gives UTF-8 character classes with byte order.
var initLocale = []string{"--locale=C.UTF-8"}

// childAttr makes the kernel stop the server (SIGINT: fast shutdown) when the
// thread that started it ends, which it does at the latest with the program.
func childAttr(cred *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: cred, Pdeathsig: syscall.SIGINT, Setpgid: true}
}
