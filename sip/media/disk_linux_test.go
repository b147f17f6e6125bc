package media

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// A full disk ends the recording, says so, and costs the call nothing.
func TestFullDiskEndsTheRecordingOnly(t *testing.T) {
	small := func(t *testing.T) string {
		dir := t.TempDir()
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
			t.Skipf("a small disk needs the right to mount: %v", err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		return dir
	}
	tests := map[string]struct {
		dir     func(t *testing.T) string
		prepare func(t *testing.T, r *Recorder)
		least   time.Duration
	}{
		"full from the beginning": {(*testing.T).TempDir, func(t *testing.T, r *Recorder) {
			full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			r.file.f.Close()
			r.file.f = full
		}, 0},
		"full after a while":       {small, func(*testing.T, *Recorder) {}, time.Second},
		"others need what is left": {(*testing.T).TempDir, func(_ *testing.T, r *Recorder) { r.minFree = 1 << 63 }, 4 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := tt.dir(t)
			synctest.Test(t, func(t *testing.T) {
				_, pool, w := pacing(t, 2)
				all := mixParties(t, pool, 2)
				Connect(all[0].s, all[1].s)
				path := filepath.Join(dir, "call.wav")
				rec, err := Record(path, 0)
				if err != nil {
					t.Fatal(err)
				}
				tt.prepare(t, rec)
				ended := make(chan error, 1)
				go func() { ended <- rec.Run(t.Context()) }()
				rec.Add(all[0].s, Left)
				rec.Add(all[1].s, Right)
				talk(t, w, all, 8*time.Second)
				select {
				case err = <-ended:
				default:
					t.Fatal("it goes on")
				}
				if !errors.Is(err, ErrNoSpace) {
					t.Errorf("error %v", err)
				}
				rec.Add(all[0].s, Left)
				if all[0].s.taps.Load() != nil {
					t.Error("the session is still tapped")
				}
				info, closeErr := rec.Close()
				if closeErr != err || info.Duration < tt.least || info.Duration > 7*time.Second {
					t.Errorf("%+v, %v", info, closeErr)
				}
				for i, p := range all {
					if got := heardBy(t, w, p.s, all, 300); !slices.Equal(got, []int{1 - i}) {
						t.Errorf("%d hears %v", i, got)
					}
				}
				if tt.least == 0 {
					return
				}
				if got := tonesIn(stereo(t, path)[Right], all, 0, tt.least); !slices.Equal(got, []int{1}) {
					t.Errorf("recorded: %v", got)
				}
				if d, err := Repair(path); d != info.Duration || err != nil {
					t.Errorf("Repair: %v, %v", d, err)
				}
			})
		})
	}
}
