package media

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func openArchive(t *testing.T) (*Archive, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "recordings")
	a, err := OpenArchive(dir, time.FixedZone("", 8*3600))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a, dir
}

func TestArchive(t *testing.T) {
	a, dir := openArchive(t)
	r, err := a.Record("0193", "261123-1-0001", 0)
	if err != nil {
		t.Fatal(err)
	}
	go r.Run(t.Context())
	info, err := r.Close()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := a.Keep(info.Path)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Now().In(a.zone).Format("2006/01/02") + "/0193.wav"; kept.File != want {
		t.Errorf("file %s, want %s", kept.File, want)
	}
	b, err := os.ReadFile(filepath.Join(dir, kept.File))
	if err != nil || kept.Bytes != int64(len(b)) || kept.SHA256 != sha256.Sum256(b) {
		t.Errorf("%+v, %v", kept, err)
	}
	for p, want := range map[string]fs.FileMode{dir: 0o700, filepath.Join(dir, filepath.Dir(kept.File)): 0o700, filepath.Join(dir, kept.File): 0o600} {
		if st, err := os.Stat(p); err != nil || st.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", p, st.Mode(), err)
		}
	}
	if err := a.Recover(func(l CutShort) error { t.Errorf("left: %+v", l); return nil }); err != nil {
		t.Error(err)
	}
	f, err := a.Open(kept.File)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for range 2 {
		if err := a.Remove(kept.File); err != nil {
			t.Error(err)
		}
	}
	if _, err := a.Open(kept.File); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open after removal: %v", err)
	}
}

// Nobody gets out of the archive by a name.
func TestArchiveRefusesOtherPlaces(t *testing.T) {
	a, dir := openArchive(t)
	outside := filepath.Join(filepath.Dir(dir), "outside.wav")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../outside.wav", outside, ""} {
		if _, err := a.Open(name); err == nil {
			t.Errorf("opened %q", name)
		}
		if err := a.Remove(name); err == nil && name == "../outside.wav" {
			t.Errorf("removed %q", name)
		}
		if _, err := a.Record(name, "x", 0); err == nil {
			t.Errorf("recorded %q", name)
		}
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error(err)
	}
}

// What a crash left is made whole, but for what cannot be.
func TestArchiveRecovers(t *testing.T) {
	a, dir := openArchive(t)
	day := filepath.Join(dir, "2026", "11", "23")
	if err := os.MkdirAll(day, 0o700); err != nil {
		t.Fatal(err)
	}
	torn := append(wavHeader(2, 0, 0), make([]byte, 8000*4+3)...)
	for name, b := range map[string][]byte{"a_261123-1-0001.part": torn, "b_x.part": []byte("no WAV"), "c.wav": torn} {
		if err := os.WriteFile(filepath.Join(day, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var left []CutShort
	if err := a.Recover(func(l CutShort) error { left = append(left, l); return nil }); !errors.Is(err, ErrWAV) {
		t.Errorf("err = %v, want one of b_x.part", err)
	}
	if len(left) != 1 || left[0].ID != "a" || left[0].Label != "261123-1-0001" || left[0].Duration != time.Second ||
		left[0].File != "2026/11/23/a.wav" || left[0].Bytes != 44+32000 {
		t.Errorf("left %+v", left)
	}
}
