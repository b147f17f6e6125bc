package cases

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Edit is one difference between two directories.
type Edit struct {
	Of    Entry    `json:"of"`
	Name  string   `json:"name,omitempty"` // of the entry, user of a person; empty: of all of them
	Kind  EditKind `json:"kind"`
	Field string   `json:"field,omitempty"` // as in YAML, if one was changed
	From  string   `json:"from,omitempty"`  // as people read it; nothing of a password
	To    string   `json:"to,omitempty"`
}

// Entry is a kind of entry of a directory.
type Entry string

// The kinds of entries.
const (
	EntryDepartment Entry = "department"
	EntryCategory   Entry = "category"
	EntryPost       Entry = "post"
	EntryPerson     Entry = "person"
)

// EditKind says what became of an entry.
type EditKind string

// What becomes of entries.
const (
	Added     EditKind = "added"
	Removed   EditKind = "removed"
	Changed   EditKind = "changed"
	Reordered EditKind = "reordered" // the strategy linear goes by it
)

func (c Edit) String() string {
	text := strings.Join(slices.DeleteFunc([]string{string(c.Of), c.Name, string(c.Kind)}, func(word string) bool { return word == "" }), " ")
	switch {
	case c.Field == "":
		return text
	case c.From == "" && c.To == "":
		return text + ": " + c.Field
	}
	return fmt.Sprintf("%s: %s %q → %q", text, c.Field, c.From, c.To)
}

// Changes lists what is to be changed in d to make it to.
func (d Directory) Changes(to Directory) []Edit {
	return slices.Concat(
		changes(EntryDepartment, d.Departments, to.Departments, func(t Department) string { return t.Name }),
		changes(EntryCategory, d.Categories, to.Categories, func(c Category) string { return c.Name }),
		changes(EntryPost, d.Posts, to.Posts, func(p Post) string { return p.Name }),
		changes(EntryPerson, d.People, to.People, func(p Person) string { return p.User }),
	)
}

// changes lists those of the entries of one kind, each of which has a name of its own.
func changes[T any](of Entry, from, to []T, name func(T) string) (all []Edit) {
	was, is := named(from, name), named(to, name)
	var before, after []string // that stay
	for _, x := range from {
		if n := name(x); is[n] != nil {
			before = append(before, n)
		} else {
			all = append(all, Edit{Of: of, Name: n, Kind: Removed})
		}
	}
	for _, x := range to {
		n := name(x)
		if was[n] == nil {
			all = append(all, Edit{Of: of, Name: n, Kind: Added})
			continue
		}
		after = append(after, n)
		fields := maps.Clone(was[n])
		maps.Copy(fields, is[n])
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			if was[n][field] != is[n][field] {
				all = append(all, Edit{of, n, Changed, field, was[n][field], is[n][field]})
			}
		}
	}
	if !slices.Equal(before, after) {
		all = append(all, Edit{Of: of, Kind: Reordered})
	}
	return all
}

// named returns the fields of entries by name.
func named[T any](entries []T, name func(T) string) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, x := range entries {
		all[name(x)] = fieldsOf(x)
	}
	return all
}

// fieldsOf returns the fields of an entry as people read them, by their name in YAML;
// what is not set is empty.
func fieldsOf(entry any) map[string]string {
	fields, v := map[string]string{}, reflect.ValueOf(entry)
	for i := range v.NumField() {
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		fields[key] = ""
		if !v.Field(i).IsZero() {
			fields[key] = fmt.Sprint(v.Field(i).Interface())
		}
	}
	return fields
}
