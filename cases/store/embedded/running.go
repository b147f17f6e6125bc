package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Running returns where the server that some program runs in dir takes
// connections, for a command beside that program. The error wraps
// os.ErrNotExist if none runs.
func Running(dir string) (url string, err error) {
	b, err := os.ReadFile(filepath.Join((&Server{dir: dir}).data(), "postmaster.pid"))
	if err != nil {
		return "", fmt.Errorf("running PostgreSQL: %w", err)
	}
	// Process, data directory, start time, port, socket directory, …
	lines := strings.Split(string(b), "\n")
	if len(lines) < 5 || lines[4] == "" {
		return "", fmt.Errorf("running PostgreSQL: %s tells no socket", dir)
	}
	return (&Server{socket: lines[4]}).URL(), nil
}
