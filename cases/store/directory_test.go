package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// phoneSecret is made of a digit, as in HA1s of different passwords.
func phoneSecret(user, realm, digit string) store.PhoneSecret {
	return store.PhoneSecret{User: user, Realm: realm, MD5: strings.Repeat(digit, 32), SHA256: strings.Repeat(digit, 64)}
}

func TestVersionsOfTheDirectory(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	ctx := t.Context()
	if _, err := s.Directory(ctx, 0); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("before the first version: %v", err)
	}
	first := cases.Directory{
		Departments: []cases.Department{{Name: "water", Title: "供水处", Duties: "供水", Workflow: []string{"派单", "抢修"}, Contact: "1号楼"}},
		Categories:  []cases.Category{{Name: "burst_pipe", Department: "water", Words: []string{"漏水"}, Answer: "关总阀", Notice: map[cases.NoticeItem]string{"limit": "24小时"}}},
		People: []cases.Person{
			{User: "1001", Extension: "1001", Department: "water", Skills: map[string]int{"english": 2}, RingTime: 15e9},
			{User: "1002", Extension: "1002", Roles: []cases.Role{cases.RoleSupervisor}},
		},
	}
	revise := func(r store.Revision) store.DirectoryVersion {
		t.Helper()
		v, err := s.Revise(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	phones := []store.PhoneSecret{phoneSecret("1001", "a", "1"), phoneSecret("1001", "b", "1"), phoneSecret("1002", "a", "2")}
	v := revise(store.Revision{By: "first start", Directory: first, Phones: phones, Console: map[string]string{"1001": "$argon2id$x"}})
	if v.Version != 1 || len(v.Changes) != 4 || v.At.IsZero() {
		t.Errorf("%+v", v)
	}
	got, err := s.Directory(ctx, 0)
	if diff := cmp.Diff(v, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("%v, read back -want +got\n%s", err, diff)
	}

	again := revise(store.Revision{Base: 1, By: "x", Directory: first, Console: map[string]string{"1001": "$argon2id$x"}})
	if again.Version != 1 {
		t.Errorf("nothing has changed, and it is version %d", again.Version)
	}
	second := first
	second.People = []cases.Person{{User: "1001", Extension: "1009", Department: "water"}, {User: "1003", Extension: "1003"}}
	v = revise(store.Revision{Base: 1, By: "1002", Directory: second, Phones: []store.PhoneSecret{phoneSecret("1001", "a", "9"), phoneSecret("1003", "a", "3")}})
	want := []string{
		"person 1002 removed", `person 1001 changed: extension "1001" → "1009"`, `person 1001 changed: ring_time "15s" → ""`,
		`person 1001 changed: skills "map[english:2]" → ""`, "person 1003 added", "person 1001 changed: password",
	}
	var changed []string
	for _, c := range v.Changes {
		changed = append(changed, fmt.Sprint(c))
	}
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	known, err := s.Phones(ctx)
	if diff := cmp.Diff([]store.PhoneSecret{phoneSecret("1001", "a", "9"), phoneSecret("1003", "a", "3")}, known); err != nil || diff != "" {
		t.Errorf("who is gone, and an old password in another realm, are forgotten: %v\n%s", err, diff)
	}
	if hashes, err := s.ConsoleSecrets(ctx); err != nil || len(hashes) != 1 || hashes["1001"] != "$argon2id$x" {
		t.Errorf("%v, %v", hashes, err)
	}
	if old, err := s.Directory(ctx, 1); err != nil || cmp.Diff(first, old.Directory, cmpopts.EquateEmpty()) != "" {
		t.Errorf("version 1: %v, %+v", err, old.Directory)
	}
	history, err := s.DirectoryHistory(ctx, 0, 10)
	if err != nil || len(history) != 2 || history[0].Version != 2 || history[0].By != "1002" || len(history[0].Changes) != 6 {
		t.Errorf("%v, %+v", err, history)
	}
	if older, err := s.DirectoryHistory(ctx, 2, 10); err != nil || len(older) != 1 || older[0].Version != 1 {
		t.Errorf("%v, %+v", err, older)
	}
	if n, err := s.LatestDirectory(ctx); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// TestTwoWhoChangeTheDirectoryAtOnce: one of them is told.
func TestTwoWhoChangeTheDirectoryAtOnce(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	var wg sync.WaitGroup
	results := make([]error, 4)
	for i := range results {
		wg.Go(func() {
			_, results[i] = s.Revise(t.Context(), store.Revision{By: "x", Directory: cases.Directory{Departments: []cases.Department{{Name: fmt.Sprint(i)}}}})
		})
	}
	wg.Wait()
	made := 0
	for _, err := range results {
		if err == nil {
			made++
		} else if !errors.Is(err, cases.ErrStale) {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d have made version 1", made)
	}
}

// TestPhonesOfAnotherRealm: a node whose domain is new keeps what it computed from the
// passwords it knows, and nothing of it is a change.
func TestPhonesOfAnotherRealm(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	all := []store.PhoneSecret{phoneSecret("1001", "a", "1"), phoneSecret("1001", "b", "2")}
	for range 2 {
		if err := s.KeepPhones(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Phones(t.Context()); err != nil || cmp.Diff(all, got) != "" {
		t.Errorf("%v, %+v", err, got)
	}
	if text := fmt.Sprint(all[0].LogValue()); strings.Contains(text, "111") {
		t.Errorf("a log would say %s", text)
	}
}
