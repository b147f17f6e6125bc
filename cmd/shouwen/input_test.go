package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestBadConfiguration: every error points at line and column and says what
// would be right.
func TestBadConfiguration(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]struct{ text, at, says string }{
		"unknown key":             {"sip:\n  udp: 5060\nhotlien:\n  number: 1\n", "3:1", `unknown field "hotlien"`},
		"unknown key below":       {"sip:\n  upd: 5060\n", "2:3", `unknown field "upd"`},
		"key given twice":         {"node: 1\nnode: 2\n", "2:1", "already defined"},
		"broken YAML":             {"sip:\n  udp: [1\n", "2:8", "']' not found"},
		"a list as a whole":       {"[]", "1:1", "mapping is expected"},
		"a word for a number":     {"node: one\n", "1:7", "cannot unmarshal"},
		"number too large":        {"sip: {udp: 65536}\n", "1:12", "cannot unmarshal"},
		"node out of range":       {"node: 0\n", "1:7", "want 1 to 9999"},
		"no duration":             {"queues:\n  - name: q\n    ring_time: fast\n", "3:16", "write it like 20s"},
		"a list for a duration":   {"queues: [{ring_time: [1]}]\n", "1:22", "write it like 20s"},
		"duration without a unit": {"queues: [{max_wait: 20}]\n", "1:21", "write it like 20s"},
		"zero duration":           {"queues:\n  - name: hotline\n    max_wait: 0s\n", "3:15", "want more than 0"},
		"long tie window":         {"queues: [{name: hotline, tie_window: 10s}]\n", "1:38", "want 0s to 5s"},
		"hotline is no number":    {"hotlines: [{number: help}]\n", "1:21", "want digits"},
		"alias is no number":      {"hotlines: [{number: '1', aliases: ['2', x]}]\n", "1:41", "want digits"},
		"number given twice":      {"hotlines: [{number: '1'}, {number: '2', aliases: ['1']}]\n", "1:51", "1 is there twice"},
		"number is a code":        {"hotlines: [{number: '*45'}]\n", "1:21", "feature code"},
		"hotline without number":  {"hotlines:\n  - greeting: false\n", "2:13", "has no number"},
		"no hotline":              {"hotlines: []\n", "1:11", "give at least one a number"},
		"unknown queue":           {"hotlines: [{number: '1', queue: q}]\n", "1:33", `no queue "q"; name one of hotline`},
		"unknown key of hotline":  {"hotlines:\n  - number: '1'\n    strategy: linear\n", "3:5", `unknown field "strategy"`},
		"no time for callbacks":   {"hotlines: [{number: '1', callback_within: 0s}]\n", "1:43", "want more than 0"},
		"a voice without words":   {"tts: {command: [espeak-ng, -v, en]}\n", "1:16", "has no argument {text}"},
		"no such language":        {"languages: [fr]\n", "1:13", "want one of zh-CN, en"},
		"language of all again":   {"languages: [zh-CN]\n", "1:13", "is the language of all"},
		"hours without a name":    {"hours: {the office: a.yaml}\n", "1:8", "letters, digits"},
		"hotline hours unknown":   {"hotlines: [{number: '1', hours: office}]\n", "1:33", "add them under hours"},
		"night to nowhere":        {"hotlines: [{number: '1', night: {to: bed}}]\n", "1:38", "want voicemail, callback, hangup or queue"},
		"night to no queue":       {"hotlines: [{number: '1', night: {to: queue, name: x}}]\n", "1:51", `no queue "x"`},
		"name of a night":         {"hotlines: [{number: '1', night: {to: hangup, name: x}}]\n", "1:52", "hangup has no name"},
		"emergency is no key":     {"hotlines: [{number: '1', emergency: '99'}]\n", "1:37", "want a key, 0 to 9"},
		"greeting is no name":     {"hotlines: [{number: '1', greeting: 'a b'}]\n", "1:36", "write true, false or the name of a prompt"},
		"keys told otherwise":     {"trunks: [{name: x, peers: [10.0.0.1], country: CN, dtmf: morse}]\n", "1:58", "want rfc4733 or inband"},
		"no queue":                {"queues: []\n", "1:9", "give at least one a name"},
		"queue without name":      {"queues:\n  - weight: 2\n", "2:11", "has no name"},
		"queue given twice":       {"queues: [{name: hotline}, {name: hotline}]\n", "1:34", "hotline is there twice"},
		"unknown key of queue":    {"queues: [{name: hotline, mebmers: []}]\n", "1:26", `unknown field "mebmers"`},
		"name with spaces":        {"queues: [{name: the hotline}]\n", "1:17", "letters, digits"},
		"queue that never counts": {"queues: [{name: hotline, weight: 0}]\n", "1:34", "want 1 to 1000"},
		"queue without room":      {"queues: [{name: hotline, limit: 0}]\n", "1:33", "want 1 to 100000"},
		"never announced":         {"queues: [{name: q, announce: {every: 0s, play: [our_notice]}}]\n", "1:48", "never said"},
		"announced too often":     {"queues: [{name: q, announce: {every: 10ms}}]\n", "1:38", "at least 1s"},
		"callback offered before": {"queues: [{name: q, callback_offer_after: -1s}]\n", "1:42", "0s (never) or more"},
		"waits for one too long":  {"queues: [{name: q, sticky_for: 2m}]\n", "1:32", "0s (not at all) to 1m"},
		"no such disposition":     {"queues: [{name: q, when_full: wait}]\n", "1:31", "want announcement, voicemail, callback or queue:NAME"},
		"overflow to nowhere":     {"queues: [{name: q, when_waited: 'queue:r'}]\n", "1:33", "none of the queues: q"},
		"overflow to itself":      {"queues: [{name: q, when_nobody: 'queue:q'}]\n", "1:33", "another queue"},
		"message without length":  {"queues: [{name: q, voicemail: {longest: 0s}}]\n", "1:41", "want 5s to 1h"},
		"message never ends":      {"queues: [{name: q, voicemail: {silence: 10m}}]\n", "1:41", "want 1s to the longest message"},
		"shared by a name":        {"callers: {shared_numbers: [hotel]}\n", "1:28", "like +861055550100"},
		"repeated too often":      {"callers: {repeat: {calls: 99}}\n", "1:27", "want 0 (never) to 20"},
		"repeated in no time":     {"callers: {repeat: {within: 0s}}\n", "1:28", "want more than 0"},
		"reason given twice":      {"agents: {pause_reasons: [lunch, lunch]}\n", "1:33", "lunch is there twice"},
		"too many reasons":        {"agents: {pause_reasons: [a, b, c, d, e, f, g, h, i, j]}\n", "1:25", "at most 9"},
		"less than never":         {"agents: {max_missed: -1}\n", "1:22", "want 0 (never) or more"},
		"no port range":           {"rtp: {ports: 20-10}\n", "1:14", "write it like 10000-20000"},
		"no address":              {"sip: {address: here}\n", "1:16", "write it like 192.0.2.10"},
		"every interface":         {"sip: {address: 0.0.0.0}\n", "1:16", "want the address of one interface"},
		"no transport":            {"sip: {udp: 0, tcp: 0, tls: 0}\n", "1:12", "give one of udp, tcp and tls a port"},
		"certificate without key": {"sip: {certificate: a.pem}\n", "1:20", "go together"},
		"peer out of range":       {"trunks:\n  - name: x\n    peers: [10.0.0.0/33]\n    country: CN\n", "3:13", "write it like 192.0.2.10 or"},
		"trunk without peers":     {"trunks:\n  - name: x\n    country: CN\n", "2:9", "has no peers"},
		"trunk without a country": {"trunks:\n  - name: x\n    peers: [10.0.0.1]\n    country: China\n", "4:14", "two letters"},
		"no time zone":            {"time_zone: Mars/Base\n", "1:12", "write it like Asia/Shanghai"},
		"unknown language":        {"language: de\n", "1:11", "want zh-CN or en"},
		"no such feature":         {"codes: {teleport: '*8'}\n", "1:19", "there are [alarm blind_transfer"},
		"code without a star":     {"codes: {warm_transfer: 22}\n", "1:24", "want * and then digits"},
		"code begins another":     {"codes: {warm_transfer: '*4'}\n", "1:24", "no code may begin another"},
		"codes as a list":         {"codes: [1]\n", "1:8", "mapping is expected"},
		"no kind of SRTP":         {"phones: {srtp: maybe}\n", "1:16", "want off, offer or require"},
		"no kind of SRTP, trunk":  {"trunks:\n  - name: x\n    peers: [10.0.0.1]\n    country: CN\n    srtp: yes\n", "5:11", "want off, offer or require"},
		"SRTP without TLS":        {"sip: {tls: 0}\nphones: {srtp: require}\n", "2:16", "give sip.tls a port"},
		"TLS required and off":    {"sip: {tls: 0}\nphones: {require_tls: true}\n", "2:23", "give sip.tls a port"},
		"webhook without a name":  {"notify: {webhooks: [{url: 'http://x/'}]}\n", "1:21", "letters, digits"},
		"webhook without a URL":   {"notify: {webhooks: [{name: x, url: 'ftp://x/hunter2'}]}\n", "1:21", "has no url like https://"},
		"no secret of a webhook":  {"notify: {webhooks: [{name: x, url: 'http://x/', secret_file: /dev/null}]}\n", "1:21", "openssl rand"},
		"webhook that hangs":      {"notify: {webhooks: [{name: x, url: 'http://x/', timeout: 1h}]}\n", "1:58", "want 1s to 20s"},
		"secret of nobody":        {"notify: {webhooks: [{name: crm, url: 'http://x/'}]}\n", "1:21", "SHOUWEN_WEBHOOK_CRM_SECRET"},
		"mail to nowhere":         {"notify: {mail: {server: mail}}\n", "1:25", "want host:port"},
		"mail by nobody":          {"notify: {mail: {server: 'm:25'}}\n", "1:16", "want an address like shouwen@example.com"},
		"mail in no way":          {"notify: {mail: {server: 'm:25', security: maybe, from: a@b.c}}\n", "1:43", "want starttls, tls or none"},
		"password for all to see": {"notify: {mail: {server: 'm:25', security: none, from: a@b.c, user: a}}\n", "1:43", "want starttls or tls"},
		"mail without a password": {"notify: {mail: {server: 'm:25', from: a@b.c, user: a}}\n", "1:16", "SHOUWEN_MAIL_PASSWORD"},
		"link to nowhere":         {"notify: {link: console}\n", "1:16", "https://shouwen.example/"},
		"metrics without a port":  {"http: {metrics: localhost}\n", "1:17", "want address:port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "shouwen.yaml")
			if err := os.WriteFile(file, []byte(bad.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := LoadConfig(file)
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.HasPrefix(err.Error(), file+": ["+bad.at+"] ") || !strings.Contains(err.Error(), bad.says) {
				t.Errorf("got  %v\nwant [%s] … %s", err, bad.at, bad.says)
			}
		})
	}
}

// TestGoodConfiguration: an empty file and one with every way to write a value.
func TestGoodConfiguration(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":               "",
		"comment":             "# nothing yet\n",
		"commented out below": "sip:\n  # udp: 5070\nhotlines:\n  - number: '1'\n    aliases:\n      # - '2'\nnode:\n",
		"full": `
node: 7
data: DATA
sip: {address: "::1", udp: 5070, tcp: 0, tls: 0}
rtp: {ports: "10000-10100", media_timeout: 0s}
codes: {warm_transfer: "*7", cancel_transfer: ""}
hotlines:
  - {number: '12345', aliases: ["01055550100"], queue: line, greeting: false, callback_within: 1h}
  - {number: '96110', queue: fraud}
queues:
  - {name: line, tie_window: 300ms, strategy: longest_idle, ring_time: 15s, overflow_after: 15s, max_wait: 5m, wrap_up: 30s}
  - name: calm
    music: []
    announce: {position: false, every: 0s}
    callback_offer_after: 0s
    callback_other_number: true
    sticky_for: 0s
    when_full: queue:line
    when_nobody: voicemail
    when_waited: callback
    voicemail: {longest: 5m, silence: 10s}
  - {name: fraud, weight: 3, limit: 20, members: [clerk], departments: [police]}
callers: {shared_numbers: ["+861055550000", "1000"], repeat: {calls: 0, within: 1h}}
agents: {max_missed: 3, pause_reasons: [午餐, lunch]}
trunks: [{name: a, peers: [192.0.2.1, "2001:db8::/32"], country: cn, srtp: require, srtp_without_tls: true}]
phones: {srtp: off, require_tls: false}
notify: {phones: false, link: "https://shouwen.example/", mail: {server: "mail.example:587", from: shouwen@example.com}}
`,
	} {
		data := t.TempDir()
		file := filepath.Join(data, "shouwen.yaml")
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "DATA", data)), 0o600); err != nil {
			t.Fatal(err)
		}
		people := "departments: [{name: police, title: 派出所}]\npeople: [{user: clerk, extension: '1001', password: long-enough-0001}]\n"
		if err := os.WriteFile(filepath.Join(data, directoryFile), []byte(people), 0o600); err != nil {
			t.Fatal(err)
		}
		if c := launch(t, "check", file); c.wait() != nil || !strings.Contains(c.output.String(), "is valid") {
			t.Errorf("%s: %s", name, c.output)
		}
	}
}

// TestCannotStart: what keeps the program from starting is named with its remedy,
// and nothing is left running.
func TestCannotStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, p *prepared) *exec.Cmd // nil: the program as it is
		says  []string
	}{
		"SIP port taken": {func(t *testing.T, p *prepared) *exec.Cmd {
			port := regexp.MustCompile(`udp: (\d+)`).FindStringSubmatch(p.text(t))[1]
			taken, err := net.ListenPacket("udp", "127.0.0.1:"+port)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = taken.Close() })
			return nil
		}, []string{"another program", "ss -lpn", "another port"}},
		"metrics port taken": {func(t *testing.T, p *prepared) *exec.Cmd {
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = taken.Close() })
			p.replace(t, `metrics: "127.0.0.1:0"`, "metrics: "+taken.Addr().String())
			return nil
		}, []string{"another program", "ss -ltnp", "http.metrics"}},
		"address of another machine": {func(t *testing.T, p *prepared) *exec.Cmd {
			p.replace(t, "sip: {", "sip: {address: 192.0.2.1, ")
			return nil
		}, []string{"192.0.2.1", "sip.address"}},
		"data directory is a file": {func(t *testing.T, p *prepared) *exec.Cmd {
			p.replace(t, "data: "+p.data, "data: "+p.file)
			return nil
		}, []string{p0, "not a directory", "--data"}},
		"data directory is read-only": {func(t *testing.T, p *prepared) *exec.Cmd {
			return inNamespace(t, p, "mount -t tmpfs -o ro,mode=0711 none "+p.aside(t))
		}, []string{"read-only file system", "--data"}},
		"disk is full": {func(t *testing.T, p *prepared) *exec.Cmd {
			return inNamespace(t, p, "mount -t tmpfs -o size=200k,mode=0711 none "+p.aside(t))
		}, []string{"no space left on device", "free"}},
		"disk becomes full": {func(t *testing.T, p *prepared) *exec.Cmd {
			return inNamespace(t, p, "mount -t tmpfs -o size=24m,mode=0711 none "+p.aside(t))
		}, []string{"No space left on device", "free"}},
		"no PostgreSQL": {func(t *testing.T, p *prepared) *exec.Cmd {
			if _, err := os.Stat("/usr/lib/postgresql"); err != nil {
				t.Skip("needs PostgreSQL where Debian's package postgresql puts it: ", err)
			}
			return inNamespace(t, p, "mount -t tmpfs none /usr/lib/postgresql")
		}, []string{"PostgreSQL server is not installed", "apt install postgresql", "--database"}},
		"PostgreSQL of somebody else is no URL": {func(t *testing.T, p *prepared) *exec.Cmd {
			return exec.Command(build(t), "serve", "--config", p.file, "--database", "postgres://:x:y/")
		}, []string{"database"}},
		"directory is broken": {func(t *testing.T, p *prepared) *exec.Cmd {
			text := "people:\n- user: \"1001\"\n  extension: \"1001\"\n  passwort: x\n"
			if err := os.WriteFile(filepath.Join(p.data, directoryFile), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return nil
		}, []string{directoryFile, "[4:3]", "passwort"}},
		"a queue has an unknown member": {func(t *testing.T, p *prepared) *exec.Cmd {
			p.replace(t, "hotlines:", "queues: [{name: hotline, members: [nobody]}]\nhotlines:")
			return nil
		}, []string{"queues[0].members[0]", "nobody is no agent", "shouwen user"}},
		"an extension is the hotline": {func(t *testing.T, p *prepared) *exec.Cmd {
			text := "people:\n- {user: clerk, extension: '12345', password: x}\n- {user: other, extension: '2', password: x}\n- {user: wu, extension: '3', password: x}\n"
			if err := os.WriteFile(filepath.Join(p.data, directoryFile), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return nil
		}, []string{directoryFile, "[2:28] people[0].extension: 12345 of clerk is a hotline", "another"}},
		"no music": {func(t *testing.T, p *prepared) *exec.Cmd {
			p.replace(t, "hotlines:", "queues: [{name: hotline, music: ["+t.TempDir()+"]}]\nhotlines:")
			return nil
		}, []string{"queues[0].music", "no WAV file in"}},
		"music nobody can play": {func(t *testing.T, p *prepared) *exec.Cmd {
			file := filepath.Join(t.TempDir(), "song.wav")
			if err := os.WriteFile(file, []byte("ID3 a song"), 0o600); err != nil {
				t.Fatal(err)
			}
			p.replace(t, "hotlines:", "queues: [{name: hotline, music: ["+file+"]}]\nhotlines:")
			return nil
		}, []string{"song.wav", "convert it with sox"}},
		"a prompt nobody can play": {func(t *testing.T, p *prepared) *exec.Cmd {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "greeting.wav"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			p.replace(t, "prompts: ", "prompts: "+dir+" # ")
			return nil
		}, []string{"greeting.wav", "not a WAV file"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := prepare(t, time.Second)
			cmd := c.spoil(t, &p)
			if cmd == nil {
				cmd = exec.Command(build(t), "serve", "--config", p.file)
			}
			program := launchCommand(t, cmd)
			err := program.wait()
			if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 {
				t.Errorf("ended with %v, want exit status 1", err)
			}
			for _, want := range c.says {
				if want == p0 {
					want = p.file
				}
				if !strings.Contains(lastLines(program.output.String()), want) {
					t.Errorf("does not say %q:\n%s", want, program.output)
				}
			}
			noneLeft(t, p.data)
		})
	}
}

// p0 stands for the configuration file in a table.
const p0 = "<file>"

// lastLines is what the program says in the end, on the error output.
func lastLines(out string) string {
	i := strings.LastIndex(out, "shouwen: ")
	return out[max(i, 0):]
}

func (p *prepared) text(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (p *prepared) replace(t *testing.T, old, new string) {
	t.Helper()
	text := p.text(t)
	if !strings.Contains(text, old) {
		t.Fatalf("no %q in %s", old, text)
	}
	if err := os.WriteFile(p.file, []byte(strings.Replace(text, old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// aside moves the data to a folder of their own, away from the configuration file.
func (p *prepared) aside(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(p.data, "aside")
	if err := os.Mkdir(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	p.replace(t, "data: "+p.data, "data: "+dir)
	return dir
}

// inNamespace is the program where, for it alone, a file system is mounted, and
// nothing is in PATH.
func inNamespace(t *testing.T, p *prepared, mount string) *exec.Cmd {
	t.Helper()
	unshare := []string{"--mount", "sh", "-c"}
	if out, err := exec.Command("unshare", append(unshare, "mount -t tmpfs none /mnt")...).CombinedOutput(); err != nil {
		t.Skipf("needs the right to mount (root): unshare: %v %s", err, out)
	}
	script := fmt.Sprintf("%s && exec env PATH=/nonexistent %s serve --config %s", mount, build(t), p.file)
	return exec.Command("unshare", append(unshare, script)...)
}
