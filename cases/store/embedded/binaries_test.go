package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fake makes a directory that looks like PostgreSQL of the given version.
func fake(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for _, bin := range []string{"initdb", "postgres"} {
		script := fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %s'\n", bin, version)
		if err := os.WriteFile(filepath.Join(dir, bin), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestProbe(t *testing.T) {
	client := t.TempDir() // pg_config names a directory also when only the client is installed
	if err := os.WriteFile(filepath.Join(client, "psql"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	got := probe([]string{client, fake(t, "15.18 (Debian 15.18-0+deb12u1)"), "/nonexistent", fake(t, "9.6.24"), fake(t, "18beta1")})
	var majors []int
	for _, b := range got {
		majors = append(majors, b.major)
	}
	if fmt.Sprint(majors) != "[15 9 18]" {
		t.Errorf("majors = %v", majors)
	}
}

func TestChoose(t *testing.T) {
	have := []binaries{{"/pg15", 15}, {"/pg17", 17}}
	data := func(version string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte(version+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	tests := map[string]struct {
		data string
		want string // directory, or part of the error
	}{
		"a new directory gets the preferred one":      {filepath.Join(t.TempDir(), "data"), "/pg15"},
		"an old one gets its own version":             {data("17"), "/pg17"},
		"a version that is not installed is refused":  {data("14"), "belongs to PostgreSQL 14, installed is 15 (/pg15)"},
		"a version file that says nothing is refused": {data(""), "belongs to PostgreSQL 0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := choose(have, tt.data)
			if err == nil && got.dir != tt.want || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestChooseNamesThePackageWhenNothingIsInstalled(t *testing.T) {
	_, err := choose(nil, t.TempDir())
	if !errors.Is(err, ErrNotInstalled) {
		t.Fatal(err)
	}
	for _, want := range []string{"apt install postgresql\n", "dnf install postgresql-server\n", "pacman -S postgresql\n", "brew install postgresql\n"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}
