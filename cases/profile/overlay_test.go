package profile_test

import (
	"testing"

	"shouwen/cases"
	"shouwen/cases/profile"
)

// TestAUnitWritesOnlyWhatIsItsOwn: S19-R12 what its file leaves out is as ever; S03-R12 a
// policy that was reviewed has another version, one that only reads differently has not.
func TestAUnitWritesOnlyWhatIsItsOwn(t *testing.T) {
	t.Parallel()
	const own = "id: ours\ntitle: {zh: 本单位, en: ours}\n"
	read := func(text string) cases.Policy {
		t.Helper()
		p, err := profile.LoadPolicy([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p, none := read(own+"closing: {attempts: 5}\n"), load(t, "none")
	if p.Closing.Attempts != 5 || p.Transfer.Mode != none.Transfer.Mode || len(p.Clocks) != len(none.Clocks) || len(p.Gates) != len(none.Gates) {
		t.Errorf("read as %+v", p)
	}
	if same := read(own + "# reviewed in November\nclosing:\n  attempts: 5\n"); same.Ref() != p.Ref() {
		t.Errorf("a comment makes %+v of %+v", same.Ref(), p.Ref())
	}
	if next := read(own + "closing: {attempts: 4}\n"); next.Ref() == p.Ref() {
		t.Errorf("another demand is still %+v", next.Ref())
	}
}
