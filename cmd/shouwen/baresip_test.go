package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// baresip is the real phone of an agent, without a screen: it says the agent's
// tone, and is told over its control port what to do.
type baresip struct {
	t       *testing.T
	rtp     int // port it hears at
	cmd     *exec.Cmd
	output  trace
	control net.Conn
	events  chan string
	exited  chan struct{}
}

// trace is what a program has written so far, its messages among it.
type trace struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *trace) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

func (t *trace) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// replaces names the phone's answered call to that extension, as it would.
func (p *baresip) replaces(extension string) string {
	p.t.Helper()
	var name string
	until(p.t, "the phone's call to "+extension+" is answered", func() bool {
		for _, m := range strings.Split(p.output.String(), "SIP/2.0 ")[1:] {
			tags := regexp.MustCompile(`(?s)^200 OK.*From: [^\r\n]*;tag=([^;\r\n]+).*To: <sip:` + extension + `@[^\r\n]*;tag=([^;\r\n]+).*Call-ID: ([^\r\n]+).*CSeq: \d+ INVITE`).FindStringSubmatch(m)
			if tags != nil {
				name = tags[3] + "%3Bto-tag%3D" + tags[2] + "%3Bfrom-tag%3D" + tags[1]
			}
		}
		return name != ""
	})
	return name
}

const baresipConfig = `poll_method epoll
sip_listen 127.0.0.1:%[1]d
sip_verify_server no
call_local_timeout 120
call_max_calls 4
audio_source ausine,%[2]d
audio_player aubridge,nothing
audio_alert aubridge,alert
ausrc_srate 48000
auplay_srate 48000
ausrc_channels 2
auplay_channels 2
rtp_ports %[3]d-%[4]d
ctrl_tcp_listen 127.0.0.1:%[5]d
module_path /usr/lib/baresip/modules
module g711.so
module srtp.so
module ausine.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app ctrl_tcp.so
module_app menu.so
ring_aufile none
callwaiting_aufile none
ringback_aufile none
notfound_aufile none
busy_aufile none
error_aufile none
message_aufile none
`

// startBaresip registers the phone of the i-th agent over a transport. change
// replaces texts of its configuration by others, in turn.
func startBaresip(t *testing.T, b *bed, i int, transport string, change ...string) *baresip {
	t.Helper()
	dir := t.TempDir()
	port := freePort(t) // RTP and RTCP at it, SIP and control after it
	server := map[string]string{"udp": b.SIP.UDP, "tcp": b.SIP.TCP, "tls": b.SIP.TLS}[transport]
	a := b.Agents[i]
	for name, text := range map[string]string{
		"config": fmt.Sprintf(baresipConfig, port+4, toneOf(i), port, port+2, port+6),
		"accounts": fmt.Sprintf("<sip:%s@%s;transport=%s>;auth_user=%s;auth_pass=%s;outbound=\"sip:%s;transport=%s\";regint=600;audio_codecs=PCMA/8000/1;answermode=manual\n",
			a.User, b.SIP.Domain, transport, a.User, a.Password, server, transport),
		"contacts": "",
	} {
		text = strings.NewReplacer(change...).Replace(text)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &baresip{t: t, rtp: port, cmd: exec.Command("baresip", "-4", "-s", "-f", dir), events: make(chan string, 100), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("output of phone %s:\n%s", a.User, p.output.String())
		}
	})
	until(t, "baresip takes commands", func() (ok bool) {
		conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port+6))
		p.control = conn
		return err == nil
	})
	t.Cleanup(func() { _ = p.control.Close() })
	go p.listen()
	until(t, "baresip is registered over "+transport, func() bool { return len(b.server.ua.Contacts(a.User)) > 0 })
	return p
}

// kill ends the phone at once, without a word to anybody.
func (p *baresip) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// listen reads what the phone tells: JSON in netstrings.
func (p *baresip) listen() {
	defer close(p.events)
	for r := bufio.NewReader(p.control); ; {
		var n int
		if _, err := fmt.Fscanf(r, "%d:", &n); err != nil {
			return
		}
		b := make([]byte, n+1) // and a comma
		for at := 0; at < len(b); {
			got, err := r.Read(b[at:])
			if err != nil {
				return
			}
			at += got
		}
		var m struct {
			Event bool
			Type  string
		}
		if json.Unmarshal(b[:n], &m) == nil && m.Event {
			p.events <- m.Type
		}
	}
}

// event waits for an event, and passes over others.
func (p *baresip) event(want string) {
	p.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case got, ok := <-p.events:
			if !ok {
				p.t.Fatalf("the phone is gone, waiting for %s", want)
			}
			if got == want {
				return
			}
		case <-limit:
			p.t.Fatalf("the phone does not say %s", want)
		}
	}
}

func (p *baresip) command(name, params string) {
	p.t.Helper()
	b, err := json.Marshal(map[string]string{"command": name, "params": params})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(p.control, "%d:%s,", len(b), b); err != nil {
		p.t.Fatal(err)
	}
}
