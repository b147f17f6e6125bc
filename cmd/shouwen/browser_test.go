package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// browser is a page in a headless Chromium, driven over its DevTools as a person would:
// by keys and the mouse. What the page logs as an error fails the test.
type browser struct {
	t       testing.TB
	conn    net.Conn
	session string

	mu      sync.Mutex // guards what follows
	n       int
	answers map[int]chan devtools
	errors  []string
}

// devtools is a message of the protocol.
type devtools struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

// newBrowser starts one for a reader of a language, with an empty page.
func newBrowser(t testing.TB, language string) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium (Debian: apt install chromium)")
	}
	dir := t.TempDir()
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-port=0", "--user-data-dir="+dir, "--accept-lang="+language, "about:blank")
	cmd.SysProcAttr = dieWithParent()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, answers: map[int]chan devtools{}}
	t.Cleanup(func() {
		if b.conn != nil {
			b.write(devtools{ID: -1, Method: "Browser.close"})
			_ = b.conn.Close()
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	var address string
	until(t, "chromium says where its DevTools are", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "DevToolsActivePort"))
		port, path, found := strings.Cut(string(text), "\n")
		address = "ws://127.0.0.1:" + port + path
		return err == nil && found
	})
	conn, early, _, err := ws.Dial(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	b.conn = conn
	var from io.ReadWriter = conn
	if early != nil { // it has read on
		from = bufio.NewReadWriter(early, bufio.NewWriter(conn))
	}
	go b.read(from)
	var target struct{ TargetID string }
	b.ask("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.ask("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.ask(domain+".enable", nil, nil)
	}
	b.size(1366, 900, 1)
	return b
}

// read takes what the browser says until it ends.
func (b *browser) read(from io.ReadWriter) {
	for {
		text, err := wsutil.ReadServerText(from)
		if err != nil {
			return
		}
		var m devtools
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		b.mu.Lock()
		answer := b.answers[m.ID]
		delete(b.answers, m.ID)
		wrong := m.Method == "Runtime.exceptionThrown" || m.Method == "Log.entryAdded" && strings.Contains(string(text), `"level":"error"`)
		if wrong && !strings.Contains(string(text), `"source":"network"`) { // a refusal is a page of its own
			b.errors = append(b.errors, string(text))
		}
		b.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
}

func (b *browser) write(m devtools) {
	text, err := json.Marshal(m)
	if err == nil {
		err = wsutil.WriteClientText(b.conn, text)
	}
	if err != nil && m.ID > 0 {
		b.t.Errorf("chromium: %v", err)
	}
}

// ask gives a command and waits for its result.
func (b *browser) ask(method string, params, result any) {
	b.t.Helper()
	b.mu.Lock()
	b.n++
	id, answer := b.n, make(chan devtools, 1)
	b.answers[id] = answer
	b.mu.Unlock()
	b.write(devtools{ID: id, Session: b.session, Method: method, Params: params})
	select {
	case m := <-answer:
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.t.Fatal(err)
			}
		}
	case <-time.After(patience):
		b.t.Fatalf("%s: no answer", method)
	}
}

// tells returns what a JavaScript expression is, as text.
func (b *browser) tells(expression string) string {
	b.t.Helper()
	var r struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	b.ask("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &r)
	if r.ExceptionDetails != nil {
		return "" // the page may be on its way to another
	}
	return fmt.Sprint(r.Result.Value)
}

// sees waits until the page shows a text in an element.
func (b *browser) sees(selector, text string) {
	b.t.Helper()
	last := ""
	defer func() {
		if b.t.Failed() {
			b.t.Logf("at %s, in %s: %s\n%s", b.tells("location.href"), selector, last, b.tells("document.body.outerHTML"))
		}
	}()
	until(b.t, fmt.Sprintf("%q in %s", text, selector), func() bool {
		last = b.tells(fmt.Sprintf(`document.readyState === "complete" ? [...document.querySelectorAll(%q)].map(e => e.innerText).join("\n") : ""`, selector))
		return strings.Contains(last, text)
	})
}

// misses waits until the page is there and has a text nowhere in an element.
func (b *browser) misses(selector, text string) {
	b.t.Helper()
	until(b.t, fmt.Sprintf("no %q in %s", text, selector), func() bool {
		return b.tells(fmt.Sprintf(`document.readyState === "complete" && ![...document.querySelectorAll(%q)].some(e => e.textContent.includes(%q))`, selector, text)) == "true"
	})
}

// at waits until the address of the page begins with a path.
func (b *browser) at(path string) {
	b.t.Helper()
	until(b.t, "the page is "+path, func() bool {
		return strings.HasPrefix(b.tells(`document.readyState === "complete" ? location.pathname : ""`), path)
	})
}

func (b *browser) open(url string) {
	b.t.Helper()
	b.ask("Page.navigate", map[string]any{"url": url}, nil)
	until(b.t, url+" is there", func() bool {
		return b.tells(`document.readyState`) == "complete" && b.tells("location.href") != "about:blank"
	})
}

// types writes into a field, in place of what is there.
func (b *browser) types(selector, text string) {
	b.t.Helper()
	until(b.t, selector+" can be written to", func() bool {
		return b.tells(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.select?.(); return document.activeElement === e })()`, selector)) == "true"
	})
	b.ask("Input.insertText", map[string]any{"text": text}, nil)
}

// chooses takes an option of a list, by its value.
func (b *browser) chooses(selector, value string) {
	b.t.Helper()
	until(b.t, selector+" offers "+value, func() bool {
		return b.tells(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.value = %q; e.dispatchEvent(new Event("change", {bubbles: true})); return e.value })()`, selector, value)) == value
	})
}

// keys are those a test presses: their code and what they write.
var keys = map[string][2]any{"Enter": {13, "\r"}, "Tab": {9, ""}, " ": {32, " "}}

// presses presses a key, where the focus is.
func (b *browser) presses(key string) {
	b.t.Helper()
	params := map[string]any{"type": "keyDown", "key": key, "code": strings.ReplaceAll(key, " ", "Space"), "windowsVirtualKeyCode": keys[key][0]}
	if text := keys[key][1]; text != "" {
		params["text"] = text
	}
	b.ask("Input.dispatchKeyEvent", params, nil)
	params["type"] = "keyUp"
	delete(params, "text")
	b.ask("Input.dispatchKeyEvent", params, nil)
}

// activates gives an element the focus and presses it, as who has no hand for the mouse
// does: a button or a line to unfold by Enter, a box to tick by the space bar.
func (b *browser) activates(selector string) {
	b.t.Helper()
	until(b.t, selector+" can be pressed", func() bool {
		return b.tells(fmt.Sprintf(`(() => { if (document.readyState !== "complete") return false; const e = document.querySelector(%q); e.focus(); return document.activeElement === e && e.getClientRects().length > 0 })()`, selector)) == "true"
	})
	if b.tells(fmt.Sprintf(`document.querySelector(%q).type`, selector)) == "checkbox" {
		b.presses(" ")
		return
	}
	b.presses("Enter")
}

// unfolds opens the form of a move, if it is not open.
func (b *browser) unfolds(move string) {
	b.t.Helper()
	for _, part := range []string{".more:has(#" + move + ") > summary", "#" + move + " > summary"} {
		if b.tells(fmt.Sprintf(`document.querySelector(%q)?.parentElement.open`, part)) == "false" {
			b.activates(part)
		}
	}
}

// size makes the window that wide, with everything larger by zoom.
func (b *browser) size(width, height int, zoom float64) {
	b.t.Helper()
	b.ask("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": int(float64(width) / zoom), "height": int(float64(height) / zoom), "deviceScaleFactor": zoom, "mobile": false,
	}, nil)
}

// shot keeps what the page looks like, for the eye, in the folder SHOUWEN_SHOTS if that
// is set.
func (b *browser) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("SHOUWEN_SHOTS")
	if dir == "" {
		return
	}
	var picture struct{ Data string }
	b.ask("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &picture)
	data, err := base64.StdEncoding.DecodeString(picture.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644)
	}
	if err != nil {
		b.t.Error(err)
	}
}

// faultless checks that no page has logged an error: a script that failed, or something
// the policy of the pages forbids.
func (b *browser) faultless() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.errors {
		b.t.Errorf("the page logged %s", e)
	}
}
