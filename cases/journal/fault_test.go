package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/cases"
	"shouwen/metrics"

	"pgregory.net/rapid"
)

// badDisk keeps what is written in a cache of its own until a sync, as a kernel
// does. When a sync fails, half of the cache reaches the disk, the rest is gone,
// and the next sync of that file reports success.
type badDisk struct {
	fault func(op string, n int) error // n-th create, write or sync of the disk, from 1

	mu    sync.Mutex
	count map[string]int
}

func (d *badDisk) do(op string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count[op]++
	if op == "create" && d.count[op] == 1 { // of Open
		return nil
	}
	return d.fault(op, d.count[op])
}

func (d *badDisk) create(path string, size int64) (file, error) {
	if err := d.do("create"); err != nil {
		return nil, err
	}
	f, err := create(path, size)
	return &badFile{file: f, disk: d}, err
}

type badFile struct {
	file
	disk  *badDisk
	cache []byte
}

func (f *badFile) Write(b []byte) (int, error) {
	if err := f.disk.do("write"); err != nil {
		f.cache = append(f.cache, b[:len(b)/2]...)
		return len(b) / 2, err
	}
	f.cache = append(f.cache, b...)
	return len(b), nil
}

func (f *badFile) Sync() error {
	err := f.disk.do("sync")
	if err != nil {
		f.cache = f.cache[:len(f.cache)/2]
	}
	f.file.Write(f.cache)
	f.cache = nil
	return err
}

// inMemory is a folder that is on no disk, where there is such a thing: thousands of real
// syncs show nothing of crashes and faults that are feigned.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "journal-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// life is a journal under Run whose database is away.
type life struct {
	*Journal
	log bytes.Buffer // read it after end
	end func()
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func begin(t fataler, cfg Config, disk *badDisk, apply func(context.Context, []cases.Fact) error) *life {
	t.Helper()
	l := &life{}
	l.Journal = newJournal(cfg, metrics.New("", "").Journal, slog.New(slog.NewTextHandler(&l.log, nil)))
	if disk != nil {
		l.create = disk.create
	}
	if err := l.open(); err != nil {
		t.Fatal(err)
	}
	if apply == nil {
		apply = func(context.Context, []cases.Fact) error { return errors.New("database away") }
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { l.Run(ctx, apply); close(done) }()
	l.end = func() { cancel(); <-done }
	return l
}

// replayed returns all facts that a journal holds, applied by a new process.
func replayed(t fataler, cfg Config) (facts []cases.Fact, log string) {
	t.Helper()
	all := make(chan struct{})
	var l *life
	ready := make(chan struct{})
	l = begin(t, cfg, nil, func(_ context.Context, some []cases.Fact) error {
		<-ready
		facts = append(facts, some...)
		if n, _ := l.Pending(); n == len(some) {
			close(all)
		}
		return nil
	})
	n, _ := l.Pending()
	close(ready)
	if n > 0 {
		<-all
	}
	l.end()
	return facts, l.log.String()
}

func fact(i int) cases.Fact {
	f := cases.Fact{Call: fmt.Sprint("call ", i/3)}
	switch i % 3 {
	case 0:
		f.Arrived = &cases.Arrived{Hotline: "12345", Caller: cases.Caller{Raw: "+861055550101", Display: strings.Repeat("x", i%40)}}
	case 1:
		f.PickedUp = &cases.PickedUp{Agent: "a1"}
	case 2:
		f.Ended = &cases.Ended{Cause: cases.EndCaller}
	}
	return f
}

func idsOf(facts []cases.Fact) []string {
	var s []string
	for _, f := range facts {
		s = append(s, f.ID)
	}
	return s
}

func checkNumbers(t interface{ Errorf(string, ...any) }, facts []cases.Fact) {
	seen := map[cases.CaseNumber]string{}
	for _, f := range facts {
		if other, ok := seen[f.Case]; ok && f.Case != "" {
			t.Errorf("number %s given to %s and %s", f.Case, other, f.ID)
		}
		seen[f.Case] = f.ID
	}
}

func TestNoFalseAcknowledgement(t *testing.T) {
	t.Parallel()
	once := func(op string, err error) func(int) func(string, int) error {
		return func(k int) func(string, int) error {
			return func(o string, n int) error {
				if o == op && n == k {
					return err
				}
				return nil
			}
		}
	}
	tests := map[string]struct {
		fault  func(k int) func(op string, n int) error
		spare  bool
		refuse error // what some appends must fail with; nil: none may fail
	}{
		"the k-th sync fails":                    {once("sync", syscall.EIO), false, nil},
		"the k-th sync fails, with a spare":      {once("sync", syscall.EIO), true, nil},
		"the k-th write finds the disk full":     {once("write", syscall.ENOSPC), true, nil},
		"the k-th write is short":                {once("write", io.ErrShortWrite), false, nil},
		"the k-th file cannot be made":           {once("create", syscall.EROFS), false, nil},
		"five syncs fail, from the k-th on":      {func(k int) func(string, int) error { return failing("sync", k, k+5, syscall.EIO) }, false, syscall.EIO},
		"five syncs fail, in the spare too":      {func(k int) func(string, int) error { return failing("sync", k, k+5, syscall.EIO) }, true, syscall.EIO},
		"seven writes find no space, from k on":  {func(k int) func(string, int) error { return failing("write", k, k+7, syscall.ENOSPC) }, true, syscall.ENOSPC},
		"everything fails for a while from k on": {func(k int) func(string, int) error { return failing("", k, k+20, syscall.EIO) }, false, syscall.EIO},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for k := 1; k <= 50; k++ {
				synctest.Test(t, func(t *testing.T) {
					cfg := Config{Dir: inMemory(t), Node: 1, Location: time.UTC, SegmentSize: 4 << 10}
					if test.spare {
						cfg.Spare = inMemory(t)
					}
					disk := &badDisk{fault: test.fault(k), count: map[string]int{}}
					acknowledged, refused := appendAll(t, begin(t, cfg, disk, nil), 60)
					if test.refuse == nil && len(refused) > 0 {
						t.Errorf("k = %d: %d appends refused: %v", k, len(refused), refused[0])
					}
					for _, err := range refused {
						if !errors.Is(err, ErrDurability) || !errors.Is(err, test.refuse) || !strings.Contains(err.Error(), cfg.Dir) {
							t.Errorf("k = %d: refused with %v", k, err)
						}
					}
					facts, _ := replayed(t, cfg)
					checkNumbers(t, facts)
					got := idsOf(facts)
					if slices.Equal(got, acknowledged) {
						return
					}
					// A fact that was refused may have survived; an acknowledged one must.
					got = slices.DeleteFunc(got, func(id string) bool { return !slices.Contains(acknowledged, id) })
					if !slices.Equal(got, acknowledged) {
						t.Errorf("k = %d: %d acknowledged, %d of them replayed", k, len(acknowledged), len(got))
					}
				})
			}
		})
	}
}

// failing fails all operations, or those named op, from the k-th up to the one before end.
func failing(op string, k, end int, err error) func(string, int) error {
	return func(o string, n int) error {
		if (op == "" || o == op) && n >= k && n < end {
			return err
		}
		return nil
	}
}

// appendAll appends n facts, a second apart after a refusal, and ends l.
func appendAll(t *testing.T, l *life, n int) (acknowledged []string, refused []error) {
	t.Helper()
	for i := range n {
		f, err := l.Append(t.Context(), fact(i))
		if err == nil {
			acknowledged = append(acknowledged, f.ID)
			continue
		}
		refused = append(refused, err)
		if _, again := l.Append(t.Context(), fact(i)); again == nil || again.Error() != err.Error() {
			t.Errorf("the disks were probed again at once: %v, after %v", again, err)
		}
		time.Sleep(probeInterval) // of the bubble
	}
	if last := len(acknowledged); last == 0 {
		t.Error("nothing was acknowledged")
	}
	l.end()
	return acknowledged, refused
}

func TestOpenNamesTheRemedy(t *testing.T) {
	tests := map[string]struct {
		err  error
		want string
	}{
		"full disk":      {syscall.ENOSPC, "free space"},
		"over the quota": {syscall.EDQUOT, "free space"},
		"read-only":      {syscall.EROFS, "make it writable"},
		"not permitted":  {&os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, "make it writable"},
		"bad disk":       {syscall.EIO, "replace it"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j := newJournal(Config{Dir: dir}, metrics.New("", "").Journal, slog.New(slog.DiscardHandler))
			j.create = func(string, int64) (file, error) { return nil, test.err }
			err := j.open()
			j.unlock()
			if !errors.Is(err, test.err) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("open = %v", err)
			}
		})
	}
}

// dataEnd returns the newest segment of cfg.Dir and the size of its content.
func dataEnd(t fataler, dir string) (path string, size int64) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	if err != nil || len(found) == 0 {
		t.Fatal("no segment", err)
	}
	path = slices.Max(found)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, int64(len(bytes.TrimRight(b, "\x00")))
}

// crashed copies dir as it is, reserved space included: what kill -9 leaves.
func crashed(t fataler, dir string) string {
	t.Helper()
	to, err := os.MkdirTemp(filepath.Dir(dir), "life")
	if err == nil {
		err = os.CopyFS(to, os.DirFS(dir))
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestCrashesTearOnlyTheTail(t *testing.T) {
	t.Parallel()
	root := inMemory(t)
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(root, "life")
		if err != nil {
			t.Fatal(err)
		}
		cfg := func() Config {
			return Config{Dir: dir, Node: 1, Location: time.UTC, SegmentSize: rapid.Int64Range(500, 8<<10).Draw(t, "segment")}
		}
		var want []cases.Fact
		for range rapid.IntRange(1, 5).Draw(t, "lives") {
			l := begin(t, cfg(), nil, nil)
			for range rapid.IntRange(1, 30).Draw(t, "appends") {
				f, err := l.Append(context.Background(), fact(rapid.IntRange(0, 100).Draw(t, "fact")))
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, f)
			}
			was := dir
			dir = crashed(t, was)
			l.end()
			os.RemoveAll(was)
			path, size := dataEnd(t, dir)
			switch rapid.SampledFrom([]string{"clean", "torn", "garbage", "cut"}).Draw(t, "crash") {
			case "torn": // in the middle of a write that nobody was told of
				b := appendRecord(nil, 1<<40, bytes.Repeat([]byte("x"), 300))
				overwrite(t, path, size, b[:rapid.IntRange(1, len(b)-1).Draw(t, "bytes")])
			case "garbage":
				overwrite(t, path, size, rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "bytes"))
			case "cut":
				cut := rapid.Int64Range(0, size).Draw(t, "size")
				want = want[:len(want)-lostBy(t, want, path, size, cut)]
				if err := os.Truncate(path, cut); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, _ := replayed(t, cfg())
		if !slices.Equal(idsOf(got), idsOf(want)) {
			t.Fatalf("replayed %d facts, want %d", len(got), len(want))
		}
		checkNumbers(t, got)
	})
}

// lostBy returns how many of facts go when the newest segment, with so many bytes
// of content, is cut: those whose record is in it and ends behind the cut.
func lostBy(t fataler, facts []cases.Fact, path string, size, cut int64) (n int) {
	var s segment
	if _, err := fmt.Sscanf(filepath.Base(path), "%d-%d.wal", &s.index, &s.base); err != nil {
		t.Fatal(err)
	}
	for _, f := range slices.Backward(facts[s.base:]) {
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if size <= cut {
			break
		}
		size -= recordHead + int64(len(b))
		n++
	}
	return n
}

func overwrite(t fataler, path string, off int64, b []byte) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteAt(b, off)
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestDamageInTheMiddleIsReportedAndWhatFollowsIsKept(t *testing.T) {
	tests := map[string]struct {
		damage func(t *testing.T, segments []string)
		lost   []int // of the 40 facts
	}{
		"a bit in a record of the newest segment": {func(t *testing.T, s []string) { spoil(t, s[1], 3, "X") }, []int{23}},
		"a bit in a record of an older segment":   {func(t *testing.T, s []string) { spoil(t, s[0], 19, "X") }, []int{19}},
		"two records become zeros": {func(t *testing.T, s []string) {
			spoil(t, s[1], 5, strings.Repeat("\x00", 300))
		}, []int{25, 26}},
		"a bit in the record with the last number": {func(t *testing.T, s []string) { spoil(t, s[1], 15, "X") }, []int{35}},
		"the beginning of the newest segment":      {func(t *testing.T, s []string) { overwrite(t, s[1], 20, []byte("X")) }, nil},
		"an older segment is gone": {func(t *testing.T, s []string) {
			if err := os.Remove(s[0]); err != nil {
				t.Fatal(err)
			}
		}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Dir: t.TempDir(), Node: 1, Location: time.UTC}
			var l *life
			var all []cases.Fact
			for i := range 40 {
				if i%20 == 0 { // a segment each
					l = begin(t, cfg, nil, nil)
				}
				next := cases.Fact{Call: "c", Missed: &cases.Missed{}}
				if i > 35 {
					next = cases.Fact{Call: "d", Arrived: &cases.Arrived{}}
				}
				f, err := l.Append(t.Context(), next)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, f)
				if i%20 == 19 {
					l.end()
				}
			}
			segments, _ := filepath.Glob(filepath.Join(cfg.Dir, "*.wal"))
			if err := os.WriteFile(filepath.Join(cfg.Dir, checkpointName), []byte("0\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			test.damage(t, segments)
			l = begin(t, cfg, nil, nil)
			f, err := l.Append(t.Context(), cases.Fact{Call: "next", Missed: &cases.Missed{}})
			if err != nil {
				t.Fatal(err)
			}
			l.end()
			all = append(all, f)
			checkNumbers(t, all)
			want := idsOf(all)
			facts, log := replayed(t, cfg)
			for _, i := range slices.Backward(test.lost) {
				want = slices.Delete(want, i, i+1)
			}
			if got := idsOf(facts); !slices.Equal(got, want) {
				t.Errorf("replayed %d facts, want %d", len(got), len(want))
			}
			if log += l.log.String(); !strings.Contains(log, "level=ERROR") {
				t.Errorf("no word about it: %s", log)
			}
		})
	}
}

// spoil overwrites the segment at path from within its n-th fact on, from 0.
func spoil(t *testing.T, path string, n int, with string) {
	t.Helper()
	b, err := segment{path: path}.snapshot()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := newReader(f, recordHead+int64(len(b)), 0)
	for range n {
		if _, _, err := r.next(); err != nil {
			t.Fatal(err)
		}
	}
	overwrite(t, path, r.off+30, []byte(with))
}

func FuzzReader(f *testing.F) {
	two := appendRecord(appendRecord(nil, 1, []byte(`{"call":"a"}`)), 2, []byte(`{"call":"b"}`))
	f.Add(two)
	f.Add(append(slices.Clone(two), make([]byte, 100)...))
	f.Add(append([]byte("garbage"), two...))
	f.Add(append(appendRecord(nil, 3, []byte("stale")), two...))
	f.Add(two[:len(two)-1])
	f.Add(append(two[:20:20], appendRecord(two, 3, []byte("x"))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newReader(bytes.NewReader(b), 0, 0)
		for {
			last, off := r.last, r.off
			lsn, payload, err := r.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if lsn <= last || r.off < off+recordHead+1 || r.off > int64(len(b)) {
				t.Fatalf("from %d at %d to %d at %d", last, off, lsn, r.off)
			}
			if record := appendRecord(nil, lsn, payload); !bytes.Equal(record, b[r.off-int64(len(record)):r.off]) {
				t.Fatalf("record %d is not what was written", lsn)
			}
		}
	})
}
