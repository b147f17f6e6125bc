package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// owner is whom the server runs as. PostgreSQL refuses root.
type owner struct {
	name     string
	uid, gid int
	drop     bool // we are root and must become owner for it
}

func chooseOwner() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{name: "uid " + strconv.Itoa(os.Geteuid()), uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return owner{}, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return owner{}, fmt.Errorf("user %s: %w", name, err)
		}
		return owner{name, uid, gid, true}, nil
	}
	return owner{}, errors.New("PostgreSQL does not run as root and there is no user postgres or nobody: " +
		"start Shouwen as an ordinary user")
}

// credential returns what a child process needs to run as o; nil: nothing.
func (o owner) credential() *syscall.Credential {
	if !o.drop {
		return nil
	}
	return &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
}

// makeDir makes dir with mode 0700 for o, and checks that o can reach it.
func (o owner) makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o711); err != nil { // o must pass the parents
		return fmt.Errorf("data directory: %w; make it writable for %s or name another with --data", err, o.name)
	}
	if o.drop {
		if err := os.Chown(dir, o.uid, o.gid); err != nil {
			return fmt.Errorf("data directory: %w", err)
		}
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	for up := filepath.Dir(dir); ; up = filepath.Dir(up) {
		info, err := os.Stat(up)
		if err != nil {
			return fmt.Errorf("data directory: %w", err)
		}
		if !o.passes(info) {
			return fmt.Errorf("data directory %s: user %s, whom PostgreSQL runs as, cannot pass %s (mode %04o): "+
				"chmod o+x %s, or name another with --data, e.g. /var/lib/shouwen",
				dir, o.name, up, info.Mode().Perm(), up)
		}
		if up == filepath.Dir(up) {
			return nil
		}
	}
}

// passes reports whether o may go through the directory of info.
func (o owner) passes(info fs.FileInfo) bool {
	if !o.drop {
		return true // the system itself said so when the directory was made
	}
	mode := info.Mode().Perm()
	stat := info.Sys().(*syscall.Stat_t)
	switch {
	case int(stat.Uid) == o.uid:
		return mode&0o100 != 0
	case int(stat.Gid) == o.gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}
