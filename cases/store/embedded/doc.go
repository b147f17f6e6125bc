// Package embedded runs a private PostgreSQL from the binaries installed on the
// machine: on a unix socket only, never as root, and never longer than the
// program that started it.
package embedded
