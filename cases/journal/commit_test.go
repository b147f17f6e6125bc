package journal

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shouwen/cases"
)

// A lone fact waits for nobody; many, however evenly they come, share syncs, and none
// waits longer than those are apart.
func TestSyncsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &badDisk{fault: func(string, int) error { return nil }, count: map[string]int{}}
		l := begin(t, Config{Dir: t.TempDir(), Location: time.UTC}, disk, nil)
		defer l.end()
		took := func() time.Duration {
			began := time.Now()
			if _, err := l.Append(t.Context(), cases.Fact{Call: "c", Ended: &cases.Ended{Cause: cases.EndCaller}}); err != nil {
				t.Error(err)
			}
			return time.Since(began)
		}
		for range 3 {
			if d := took(); d != 0 {
				t.Errorf("a lone fact took %s", d)
			}
			time.Sleep(apart)
		}
		const facts = 300
		before := disk.count["sync"]
		var all sync.WaitGroup
		for range facts {
			all.Go(func() {
				if d := took(); d > apart {
					t.Errorf("a fact took %s, syncs are %s apart", d, apart)
				}
			})
			time.Sleep(apart / 10)
		}
		all.Wait()
		if n := disk.count["sync"] - before; n > facts/10+1 {
			t.Errorf("%d syncs for facts of %s", n, facts*apart/10)
		}
	})
}
