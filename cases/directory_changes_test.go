package cases_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwen/cases"
)

func TestChangesOfADirectory(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func(*cases.Directory)
		want []string
	}{
		"nothing":    {func(*cases.Directory) {}, nil},
		"one more":   {func(d *cases.Directory) { d.People = append(d.People, cases.Person{User: "new"}) }, []string{"person new added"}},
		"one less":   {func(d *cases.Directory) { d.Categories = d.Categories[:1] }, []string{"category pothole removed"}},
		"extension":  {func(d *cases.Directory) { d.People[0].Extension = "1009" }, []string{`person clerk changed: extension "1001" → "1009"`}},
		"ring time":  {func(d *cases.Directory) { d.People[0].RingTime = 15 * time.Second }, []string{`person clerk changed: ring_time "" → "15s"`}},
		"no roles":   {func(d *cases.Directory) { d.People[1].Roles = nil }, []string{`person other changed: roles "[supervisor]" → ""`}},
		"order":      {func(d *cases.Directory) { slices.Reverse(d.People) }, []string{"person reordered"}},
		"everything": {func(d *cases.Directory) { *d = cases.Directory{Departments: []cases.Department{{Name: "a"}}} }, []string{"department water removed", "department roads removed", "department archive removed", "department a added", "category burst_pipe removed", "category pothole removed", "person clerk removed", "person other removed"}},
	} {
		d := town()
		c.edit(&d)
		var got []string
		for _, x := range town().Changes(d) {
			got = append(got, fmt.Sprint(x))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}
