package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	msg "github.com/emiago/sipgo/sip"
)

// serveRegistrar answers REGISTER on a loopback socket until the test ends and
// returns its address and the status codes it sent.
func serveRegistrar(t *testing.T, r *registrar) (netip.AddrPort, <-chan int) {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	codes := make(chan int, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 65535)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			m, err := msg.ParseMessage(buf[:n])
			req, ok := m.(*msg.Request)
			if err != nil || !ok || req.Method != msg.REGISTER {
				continue
			}
			req.SetSource(from.String())
			res := r.handle(req, from, local, "udp", time.Now())
			if _, err := conn.WriteToUDPAddrPort([]byte(res.String()), from); err != nil {
				return
			}
			codes <- res.StatusCode
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return local, codes
}

func wantCodes(t *testing.T, codes <-chan int, want ...int) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for i, w := range want {
		select {
		case got := <-codes:
			if got != w {
				t.Fatalf("answer %d is %d, want %v", i, got, want)
			}
		case <-deadline:
			t.Fatalf("no answer %d of %v in 10 s", i, want)
		}
	}
}

func needs(t *testing.T, program, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed; Debian package %s", program, pkg)
	}
	return path
}

func TestBaresipRegisters(t *testing.T) {
	program := needs(t, "baresip", "baresip-core")
	r := newTestRegistrar("", nil, nil)
	addr, codes := serveRegistrar(t, r)
	dir := t.TempDir()
	modules, err := filepath.Glob("/usr/lib/*/baresip/modules")
	if err != nil {
		t.Fatal(err)
	}
	modules = append(modules, "/usr/lib/baresip/modules")
	for name, text := range map[string]string{
		"config":   "sip_listen 127.0.0.1:0\nmodule_path " + modules[0] + "\nmodule g711.so\nmodule_tmp account.so\nmodule_app menu.so\n",
		"accounts": fmt.Sprintf("<sip:1001@%s>;auth_pass=%s;regint=600\n", addr, passwordOf("1001")),
		"contacts": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, program, "-4", "-f", dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wantCodes(t, codes, 401, 200)
	if n := len(r.contacts("1001")); n != 1 {
		t.Errorf("%d contacts", n)
	}
	cancel()
	_ = cmd.Wait()                // interrupted
	wantCodes(t, codes, 401, 200) // it starts over to leave
	if n := len(r.contacts("1001")); n != 0 {
		t.Errorf("%d contacts after it left", n)
	}
}

func TestSIPpRegisters(t *testing.T) {
	program := needs(t, "sipp", "sip-tester")
	addr, codes := serveRegistrar(t, newTestRegistrar("", nil, nil))
	scenario := filepath.Join(t.TempDir(), "register.xml")
	if err := os.WriteFile(scenario, []byte(sippRegister), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		password string
		last     int
	}{{passwordOf("1001"), 200}, {"guess", 403}} {
		cmd := exec.CommandContext(t.Context(), program, "-sf", scenario, "-m", "1", "-i", "127.0.0.1", "-nostdin", "-timeout", "9",
			"-s", "1001", "-au", "1001", "-ap", tt.password, "-key", "last", fmt.Sprint(tt.last), addr.String())
		cmd.Dir = filepath.Dir(scenario)
		out, err := cmd.CombinedOutput()
		if (err == nil) != (tt.last == 200) {
			t.Errorf("password %q: %v\n%s", tt.password, err, out)
		}
		wantCodes(t, codes, 401, tt.last)
	}
}

const sippRegister = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="register"><send retrans="500"><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[service]@[remote_ip]>;tag=[call_number]
To: <sip:[service]@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:[service]@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Length: 0

]]></send><recv response="401" auth="true"/><send retrans="500"><![CDATA[
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[service]@[remote_ip]>;tag=[call_number]
To: <sip:[service]@[remote_ip]>
Call-ID: [call_id]
CSeq: 2 REGISTER
Contact: <sip:[service]@[local_ip]:[local_port]>
[authentication]
Max-Forwards: 70
Content-Length: 0

]]></send><recv response="200"/></scenario>
`
