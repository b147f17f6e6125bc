package store_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shouwen/cases"
	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// found are the last parts of the numbers of what f lets through, newest first.
func (o *stage) found(f store.Filter) (all []string) {
	o.t.Helper()
	list, _, err := o.s.Cases(o.t.Context(), f)
	if err != nil {
		o.t.Fatalf("%+v: %v", f, err)
	}
	for _, c := range list {
		all = append(all, strings.TrimLeft(strings.Split(string(c.Number), "-")[2], "0"))
	}
	return all
}

// TestCasesAreFoundByWhatIsKnownOfThem: number, caller, name, text, department, state,
// clock and date, each alone and with others.
func TestCasesAreFoundByWhatIsKnownOfThem(t *testing.T) {
	t.Parallel()
	o := under(t, "property_csc")
	leak := o.opens("09:00", caller, asker) // 1
	leak.does("09:01", asker, cases.Registration{Name: "王小明", Address: "3栋201室", Content: "三楼停水，Pump 100%_坏", ReadBack: true})
	moved := o.opens("10:00", "+8613900000002", neighbour) // 2
	moved.does("10:01", neighbour, cases.Registration{Name: "Ms Li", Content: "no electricity in building 7", ReadBack: true}, over("service centre", "centre"))
	moved.does("10:02", centre, cases.Accept{})
	lift := o.opens("5 Mar 09:00", "+8613900000013", asker) // 3
	lift.does("5 Mar 09:01", asker, cases.Registration{Name: "王大明", Content: "电梯停了", ReadBack: true})
	o.misses("6 Mar 09:00", "") // 4
	for name, tt := range map[string]struct {
		f    store.Filter
		want []string
	}{
		"nothing":                      {store.Filter{}, []string{"4", "3", "2", "1"}},
		"number":                       {store.Filter{Number: string(leak.Number)}, []string{"1"}},
		"numbers of a day":             {store.Filter{Number: "250304-"}, []string{"2", "1"}},
		"a number is no pattern":       {store.Filter{Number: "250304-_-0001"}, nil},
		"caller":                       {store.Filter{Caller: caller}, []string{"1"}},
		"last digits of a caller":      {store.Filter{Caller: "0013"}, []string{"3"}},
		"digits within":                {store.Filter{Caller: "3900"}, nil},
		"two Chinese characters":       {store.Filter{Text: "停水"}, []string{"1"}},
		"three":                        {store.Filter{Text: "电梯停"}, []string{"3"}},
		"one":                          {store.Filter{Text: "停"}, []string{"3", "1"}},
		"no such text":                 {store.Filter{Text: "水停"}, nil},
		"Latin, whatever its case":     {store.Filter{Text: "ELECTRIC"}, []string{"2"}},
		"Chinese and Latin":            {store.Filter{Text: "水，pump"}, []string{"1"}},
		"a text is no pattern":         {store.Filter{Text: "100%_坏"}, []string{"1"}},
		"not even by a percent":        {store.Filter{Text: "%坏"}, nil},
		"nor by what marks Chinese":    {store.Filter{Text: "停X水"}, nil},
		"an address":                   {store.Filter{Text: "3栋201"}, []string{"1"}},
		"what was heard of a number":   {store.Filter{Text: "13900000002"}, []string{"2"}},
		"name":                         {store.Filter{Name: "小明"}, []string{"1"}},
		"a name is not in the text":    {store.Filter{Name: "停水"}, nil},
		"names with one part alike":    {store.Filter{Name: "明"}, []string{"3", "1"}},
		"department":                   {store.Filter{Department: "service centre"}, []string{"2"}},
		"state":                        {store.Filter{State: cases.Accepted}, []string{"2"}},
		"first-asker":                  {store.Filter{FirstAsker: "asker"}, []string{"3", "1"}},
		"a clock that runs":            {store.Filter{Clock: store.ClockFilter{Kind: cases.ClockTransfer}}, []string{"3", "1"}},
		"any clock that runs":          {store.Filter{Clock: store.ClockFilter{Is: store.ClockRuns}}, []string{"4", "3", "2", "1"}},
		"late":                         {store.Filter{Clock: store.ClockFilter{Kind: cases.ClockTransfer, Is: store.ClockLate, AsNow: at("5 Mar 09:30")}}, []string{"1"}},
		"not late yet":                 {store.Filter{Clock: store.ClockFilter{Is: store.ClockLate, AsNow: at("09:30")}}, nil},
		"from":                         {store.Filter{From: at("5 Mar 09:00")}, []string{"4", "3"}},
		"until":                        {store.Filter{Until: at("5 Mar 09:00")}, []string{"2", "1"}},
		"name, text and date":          {store.Filter{Name: "王", Text: "停", From: at("5 Mar 00:00")}, []string{"3"}},
		"of another time":              {store.Filter{Text: "停水", From: at("5 Mar 00:00")}, nil},
		"department and another clock": {store.Filter{Department: "service centre", Clock: store.ClockFilter{Kind: cases.ClockTransfer}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, o.in(t).found(tt.f)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestPausedClocksAreFound(t *testing.T) {
	t.Parallel()
	o := under(t, "hotel")
	for _, waits := range []bool{true, false} {
		sc := o.opens("09:00", caller, asker)
		sc.does("09:01", asker, room("a lamp"), cases.Classify{Class: "other"}, over("repairs", "smith"))
		if waits {
			sc.does("09:10", asker, cases.Wait{Reason: cases.PauseCaller, What: "that he is back"})
		}
	}
	paused := store.Filter{Clock: store.ClockFilter{Kind: cases.ClockReplyDepartment, Is: store.ClockPaused}}
	if got := o.found(paused); !slices.Equal(got, []string{"1"}) {
		t.Errorf("paused %v", got)
	}
	if got := o.found(store.Filter{Clock: store.ClockFilter{Is: store.ClockPaused}}); !slices.Equal(got, []string{"1"}) {
		t.Errorf("with any paused clock %v", got)
	}
}

// TestFoundIsWhatOneMaySee: the database and the domain agree on who sees which case
// (C27), for every role and standing.
func TestFoundIsWhatOneMaySee(t *testing.T) {
	t.Parallel()
	o := under(t, "none")
	o.opens("09:00", caller, asker).does("09:01", asker, matter("water"))
	about := o.opens("09:10", caller, neighbour)
	about.does("09:11", neighbour, matter("asker was rude"), cases.Complain{Accused: "asker"})
	handled := o.opens("09:20", caller, neighbour)
	handled.does("09:21", neighbour, matter("the manager was rude"), over("repairs", "smith"), cases.Complain{Accused: "manager"})
	all, _, err := o.s.Cases(t.Context(), store.Filter{})
	if err != nil || len(all) != 3 {
		t.Fatalf("%d cases, %v", len(all), err)
	}
	users := []string{"", "asker", "neighbour", "smith", "manager", "stranger"}
	roles := []cases.Role{cases.RoleAgent, cases.RoleHandler, cases.RoleLeader, cases.RoleSupervisor, cases.RoleArbiter, cases.RoleAuditor, cases.RoleAdministrator, cases.RoleComplaintCentre}
	rapid.Check(t, func(rt *rapid.T) {
		who := cases.Actor{
			User: rapid.SampledFrom(users).Draw(rt, "user"), Department: rapid.SampledFrom([]string{"", "desk", "repairs"}).Draw(rt, "department"),
			Roles: rapid.SliceOfDistinct(rapid.SampledFrom(roles), rapid.ID).Draw(rt, "roles"),
		}
		got, _, err := o.s.Cases(t.Context(), store.Filter{For: &who})
		if err != nil {
			rt.Fatal(err)
		}
		numbers := func(list []cases.Case) (n []cases.CaseNumber) {
			for _, c := range list {
				n = append(n, c.Number)
			}
			return n
		}
		want := slices.DeleteFunc(slices.Clone(all), func(c cases.Case) bool { return !c.Visible(who) })
		if diff := cmp.Diff(numbers(want), numbers(got)); diff != "" {
			rt.Errorf("%+v: -may see +found\n%s", who, diff)
		}
	})
}

func TestSearchable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false, "停": false, "停水": true, "停 水": false, "no": false, "war": true, "12": false, "120": true, "3楼": true, "a-b-c": false, "%%%": false, "王w": true,
	} {
		if got := store.Searchable(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// TestEveryTextOfSomeLengthHasTrigrams: what is called searchable is looked up in the
// index, in the locale our own PostgreSQL has.
func TestEveryTextOfSomeLengthHasTrigrams(t *testing.T) {
	t.Parallel()
	c := direct(t, storetest.URL(t))
	for _, text := range []string{"停水", "war", "3楼", "王w", "120"} {
		var trigrams int
		// A word of a pattern is not padded: what is left without its first and last trigrams is looked up.
		if err := c.QueryRow(t.Context(), `select count(*) from unnest(show_trgm(sought($1))) t where t !~ ' '`, text).Scan(&trigrams); err != nil {
			t.Fatal(err)
		}
		if trigrams == 0 {
			t.Errorf("%q has no trigrams", text)
		}
	}
}

// TestWhoMayNotCreateTheExtensionIsToldTheRemedy: the migration says who has to run what.
func TestWhoMayNotCreateTheExtensionIsToldTheRemedy(t *testing.T) {
	t.Parallel()
	address := storetest.Bare(t)
	c := direct(t, address)
	exec(t, c, `create role tenant login; grant all on schema public to tenant`)
	tenant, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	tenant.User = url.User("tenant")
	s := storetest.Open(t, tenant.String())
	err = s.Migrate(t.Context())
	if err == nil || !strings.Contains(err.Error(), "create extension pg_trgm in database") || !strings.Contains(err.Error(), "tenant") {
		t.Fatalf("err = %v", err)
	}
	exec(t, c, `create extension pg_trgm`)
	if err := s.Migrate(t.Context()); err != nil {
		t.Errorf("with the extension there: %v", err)
	}
}
