package ivr_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwen/ivr"
)

// small is a flow without faults that tests break.
const small = `
start: hello
nodes:
  hello: {say: {play: [greeting], next: menu}}
  menu: {menu: {play: [main_menu], keys: {1: digits, 2: ask}, else: agents}}
  digits: {collect: {play: [greeting], into: account, min: 4, max: 8, next: menu, else: agents}}
  ask: {http: {get: "https://cases.example/", send: {n: account}, take: {level: a.b}, by: level, cases: {gold: agents}, next: set, fail: bye}}
  set: {set: {class: complaint, next: agents}}
  agents: {queue: {name: general}}
  bye: {hangup: {play: [goodbye, "number=level"]}}
`

func TestCheckFindsWhatIsWrong(t *testing.T) {
	tests := map[string]struct {
		breakIt func(*ivr.Flow)
		want    string // the problems, | between
	}{
		"nothing":       {func(*ivr.Flow) {}, ""},
		"no start":      {func(f *ivr.Flow) { f.Start = "x" }, `start leads to unknown node "x"`},
		"no nodes":      {func(f *ivr.Flow) { f.Nodes = nil }, `start leads to unknown node "hello"`},
		"emergency key": {func(f *ivr.Flow) { f.Emergency = "99" }, `emergency is "99", want a key, 0 to 9, * or #, or off`},
		"emergency key in a menu": {func(f *ivr.Flow) { f.Emergency = "2" },
			`node "menu": key 2 is the emergency key`},
		"emergency key ends digits": {func(f *ivr.Flow) { f.Emergency = "#" },
			`node "digits": the emergency key # ends the digits`},
		"emergency key may be the answer": {func(f *ivr.Flow) { f.Nodes["digits"].Collect.Min = 1 },
			`node "digits": one digit is enough, so the emergency key 9 may be meant: set min to 2 or more`},
		"emergency off, one digit": {func(f *ivr.Flow) { f.Emergency, f.Nodes["digits"].Collect.Min = "off", 1 }, ""},
		"emergency key is a score": {func(f *ivr.Flow) {
			f.Emergency = "5"
			f.Nodes["hello"] = ivr.Node{Survey: &ivr.Survey{Ask: f.Nodes["menu"].Menu.Ask, Next: "menu"}}
		}, `node "hello": the emergency key 5 is a score`},
		"empty node": {func(f *ivr.Flow) { f.Nodes["bye"] = ivr.Node{} },
			`node "bye": want exactly one of say, menu, collect, survey, hours, set, http, queue, extension, voicemail, callback, hangup`},
		"two kinds": {func(f *ivr.Flow) { f.Nodes["bye"] = ivr.Node{Hangup: &ivr.Leaf{}, Say: &ivr.Say{}} },
			`node "bye": want exactly one of say, menu, collect, survey, hours, set, http, queue, extension, voicemail, callback, hangup`},
		"way into the void": {func(f *ivr.Flow) { f.Nodes["hello"].Say.Next = "" }, `node "hello": next leads to unknown node ""`},
		"key into the void": {func(f *ivr.Flow) { f.Nodes["menu"].Menu.Keys["1"] = "x" },
			`node "menu": key 1 leads to unknown node "x"`},
		"no such key": {func(f *ivr.Flow) { f.Nodes["menu"].Menu.Keys["12"] = "agents" },
			`node "menu": key "12" is not one of 0 to 9, * and #`},
		"question without end": {func(f *ivr.Flow) { f.Nodes["menu"].Menu.Tries, f.Nodes["menu"].Menu.Timeout = 10, time.Minute },
			`node "menu": tries is 10, want 1 to 9|node "menu": timeout is 1m0s, want 1s to 30s`},
		"question nobody hears": {func(f *ivr.Flow) { f.Nodes["menu"].Menu.Play = nil },
			`node "menu": play is empty: the caller would hear no question`},
		"no prompt": {func(f *ivr.Flow) { f.Nodes["hello"].Say.Play[0] = ivr.Item{Name: "hullo"} },
			`node "hello": no prompt "hullo" in en|node "hello": no prompt "hullo" in zh-CN`},
		"nothing such is spoken": {func(f *ivr.Flow) { f.Nodes["hello"].Say.Play[0] = ivr.Item{Say: "money", Variable: "level"} },
			`node "hello": money=level: a value is said as one of [date digits duration number ordinal time]`},
		"words nobody spoke": {func(f *ivr.Flow) { f.Nodes["hello"].Say.Play[0] = ivr.Item{Text: map[string]string{"en": "Hullo"}} },
			`node "hello": no prompt "text map[\"en\":\"Hullo\"]" in en|` +
				`node "hello": text map["en":"Hullo"]: want 1 to 1000 octets of text in zh-CN|` +
				`node "hello": no prompt "text map[\"en\":\"Hullo\"]" in zh-CN`},
		"no variable": {func(f *ivr.Flow) { f.Nodes["hello"].Say.Play[0] = ivr.Item{Say: "number", Variable: "x"} },
			`node "hello": no variable "x": there are 3, ["account" "caller" "level"]`},
		"no queue": {func(f *ivr.Flow) { f.Nodes["agents"].Queue.Name = "x" },
			`node "agents": no queue "x": there are 2, ["general" "supervisors"]`},
		"no extension": {func(f *ivr.Flow) { f.Nodes["agents"] = ivr.Node{Extension: &ivr.Leaf{Name: "1"}} },
			`node "agents": no extension "1": there are 1, ["8001"]`},
		"no mailbox": {func(f *ivr.Flow) { f.Nodes["agents"] = ivr.Node{Voicemail: &ivr.Leaf{Name: "x"}} },
			`node "agents": no mailbox "x": there are 1, ["general"]`},
		"no number": {func(f *ivr.Flow) { f.Nodes["agents"] = ivr.Node{Callback: &ivr.Leaf{Name: "x"}} },
			`node "agents": no variable "x": there are 3, ["account" "caller" "level"]`},
		"name of nothing": {func(f *ivr.Flow) { f.Nodes["bye"].Hangup.Name = "x" }, `node "bye": hangup has no name`},
		"no hours": {func(f *ivr.Flow) {
			f.Nodes["hello"] = ivr.Node{Hours: &ivr.Hours{Of: "x", Open: "menu", Closed: "menu"}}
		},
			`node "hello": no hours "x": there are 1, ["hotline"]`},
		"nothing set": {func(f *ivr.Flow) { f.Nodes["set"].Set.Class = "" }, `node "set": sets nothing`},
		"unknown settings": {func(f *ivr.Flow) {
			*f.Nodes["set"].Set = ivr.Set{Class: "x", Category: "x", Language: "fr", Avoid: "x", Priority: 10, Next: "agents"}
		}, `node "set": priority is 10, want 1 to 9|node "set": no class "x": there are 1, ["complaint"]|` +
			`node "set": no category "x": there are 1, ["staff"]|node "set": no language "fr": there are 2, ["en" "zh-CN"]|` +
			`node "set": no variable "x": there are 3, ["account" "caller" "level"]`},
		"digits nobody can key in": {func(f *ivr.Flow) { f.Nodes["digits"].Collect.Max = 3 },
			`node "digits": min is 4 and max 3, want 1 ≤ min ≤ max ≤ 32`},
		"digits lost": {func(f *ivr.Flow) {
			f.Nodes["digits"].Collect.Into, f.Nodes["ask"].HTTP.Send["n"] = "", "caller"
		}, `node "digits": into is empty: the digits would be lost`},
		"no rule": {func(f *ivr.Flow) {
			f.Nodes["digits"].Collect.Valid, f.Nodes["digits"].Collect.Prefix = "iban", []string{"12x"}
		}, `node "digits": valid is "iban", want luhn or date|node "digits": prefix "12x": want at most 8 digits`},
		"nobody asked": {func(f *ivr.Flow) { f.Nodes["ask"].HTTP.Get = "" },
			`node "ask": want one of get and post|node "ask": "" is not a URL of http or https without user and password`},
		"password in the URL": {func(f *ivr.Flow) { f.Nodes["ask"].HTTP.Get = "https://a:b@cases.example" },
			`node "ask": "https://a:b@cases.example" is not a URL of http or https without user and password`},
		"asked too long": {func(f *ivr.Flow) { f.Nodes["ask"].HTTP.Limit = time.Minute },
			`node "ask": limit is 1m0s, want 100ms to 10s`},
		"branch on nothing": {func(f *ivr.Flow) { f.Nodes["ask"].HTTP.By = "" }, `node "ask": by and cases need each other`},
		"branch on what is not taken": {func(f *ivr.Flow) { f.Nodes["ask"].HTTP.By = "account" },
			`node "ask": by is "account", which take does not take`},
		"island": {func(f *ivr.Flow) {
			f.Nodes["x"] = ivr.Node{Say: &ivr.Say{Next: "x2"}}
			f.Nodes["x2"] = f.Nodes["agents"]
		},
			`node "x": no way leads here|node "x2": no way leads here`},
		"loop without a question": {func(f *ivr.Flow) { f.Nodes["set"].Set.Next = "ask" },
			`node "ask": endless loop without an answer of the caller: ask → set → ask`},
		"loop of unanswered questions": {func(f *ivr.Flow) { f.Nodes["digits"].Collect.Else = "menu"; f.Nodes["menu"].Menu.Else = "digits" },
			`node "digits": endless loop without an answer of the caller: digits → menu → digits`},
		"question asks itself": {func(f *ivr.Flow) { f.Nodes["menu"].Menu.Else = "menu" },
			`node "menu": endless loop without an answer of the caller: menu → menu`},
		"menu behind a menu": {func(f *ivr.Flow) {
			f.Nodes["set"] = ivr.Node{Menu: &ivr.Menu{Ask: f.Nodes["menu"].Menu.Ask, Keys: map[string]string{"1": "bye"}}}
		},
			`warning: node "set": menu on level 2: GB/T 33358 advises against menus, all the more against menus behind menus`},
		"back to the first menu is no second level": {func(f *ivr.Flow) { f.Nodes["menu"].Menu.Keys["*"] = "hello" }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := load(t, small)
			tt.breakIt(&f)
			var got []string
			for _, p := range f.Check(refs(t)) {
				got = append(got, p.String())
			}
			if want := strings.Split(tt.want, "|"); !slices.Equal(got, want) && (tt.want != "" || got != nil) {
				t.Errorf("got %s, want %s", strings.Join(got, "|"), tt.want)
			}
		})
	}
}

func TestLoadNamesTheLine(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"unknown field":        {"start: a\nnodes:\n  a: {say: {plya: [x]}}", `flow: [3:13] unknown field "plya"`},
		"unknown kind":         {"start: a\nnodes:\n  a: {dance: {}}", `flow: [3:7] unknown field "dance"`},
		"node twice":           {"nodes:\n  a: {say: {}}\n  a: {say: {}}", `flow: [3:3] mapping key "a" already defined at [2:3]`},
		"key twice":            {"nodes:\n  a: {menu: {keys: {1: b, 1: c}}}", `flow: [2:27] mapping key "1" already defined at [2:21]`},
		"no number":            {"nodes:\n  a: {menu: {tries: many}}", `flow: [2:21] cannot unmarshal string into Go struct field Flow.Nodes of type int`},
		"seconds without unit": {"nodes:\n  a: {menu: {timeout: 5}}", `flow: [2:23] cannot unmarshal uint64 into Go struct field Flow.Nodes of type time.Duration`},
		"alias":                {"start: &a x\nnodes: *a", "flow: [1:8] anchors and aliases are not supported"},
		"empty":                {"", "flow: [1:1] is empty"},
		"two documents":        {"start: a\n---\nstart: b", "flow: more than one document"},
		"too large":            {strings.Repeat("#", 65<<10), "flow: more than 64 KiB"},
		"too deep":             {"start: a\nnodes:\n  a: " + strings.Repeat("[", 60_000), "flow: [3:16] more than 10 brackets within each other"},
		"too deep in lists":    {"nodes: \n" + strings.Repeat("- ", 20_000), "flow: exceeded max depth"},
	}
	for name, tt := range tests {
		if _, err := ivr.Load([]byte(tt.text)); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

// TestCheckIsQuick: a ladder has more paths than could be followed one by one.
func TestCheckIsQuick(t *testing.T) {
	f := ivr.Flow{Start: "n000", Emergency: "off", Nodes: map[string]ivr.Node{"n198": {Hangup: &ivr.Leaf{}}}}
	for i := range 198 {
		next := fmt.Sprintf("n%03d", i+1)
		f.Nodes[fmt.Sprintf("n%03d", i)] = ivr.Node{Hours: &ivr.Hours{Of: "hotline", Open: next, Closed: next}}
	}
	if got := f.Check(refs(t)); got != nil {
		t.Error(got)
	}
	f.Nodes["x"], f.Nodes["y"] = f.Nodes["n198"], f.Nodes["n198"]
	if got := f.Check(refs(t)); len(got) != 1 || got[0].String() != "201 nodes, want at most 200" {
		t.Error(got)
	}
}

func TestDefaults(t *testing.T) {
	f := load(t, small)
	m, c, h := f.Nodes["menu"].Menu, f.Nodes["digits"].Collect, f.Nodes["ask"].HTTP
	if f.Emergency != "9" || m.Tries != 3 || m.Timeout != 5*time.Second || c.Tries != 3 || c.Max != 8 || h.Limit != 3*time.Second {
		t.Errorf("%+v %+v %+v %+v", f, m, c, h)
	}
}

func TestMermaid(t *testing.T) {
	want := `flowchart TD
    start((start)) --> n2
    any((any time)) -->|"key 9"| emergency([emergency])
    n0(["a #35;1 #34;#60;b#62;<br>hangup"])
    n1(["agents<br>queue general"])
    n2{{"menu<br>menu"}}
    n2 -->|"key #35;"| n0
    n2 -->|"key 1"| n3
    n2 -->|"else"| n1
    n3["say<br>say"]
    n3 -->|"next"| n1
`
	f := load(t, `
start: menu
nodes:
  menu: {menu: {play: [main_menu], keys: {1: say, "#": 'a #1 "<b>'}, else: agents}}
  say: {say: {play: [greeting], next: agents}}
  agents: {queue: {name: general}}
  'a #1 "<b>': {hangup: {play: [goodbye]}}
`)
	for range 10 {
		if got := f.Mermaid(); got != want {
			t.Fatalf("got\n%s", got)
		}
	}
}
