package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// alertOf is an alert as Alertmanager's API takes and tells it.
type alertOf struct {
	Labels map[string]string `json:"labels"`
	Status struct {
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status,omitzero"`
}

func (a alertOf) is(b alertOf) bool { return maps.Equal(a.Labels, b.Labels) }

func alert(name string, labels ...string) alertOf {
	a := alertOf{Labels: map[string]string{"alertname": name}}
	for i := 0; i < len(labels); i += 2 {
		a.Labels[labels[i]] = labels[i+1]
	}
	return a
}

// TestOneFaultIsToldOnce: what only repeats what is known is not told, what is of somebody
// else is.
func TestOneFaultIsToldOnce(t *testing.T) {
	t.Parallel()
	url := alertmanager(t)
	told := []alertOf{
		alert("ShouwenDeadlineLongOverdue", "source", "state", "department", "water", "clock", "callback"),
		alert("ShouwenDeadlineOverdue", "source", "state", "department", "roads", "clock", "callback"),
		alert("ShouwenTrunkDown", "source", "process", "trunk", "provider"),
		alert("ShouwenDiskFull", "source", "process", "instance", "a"),
		alert("ShouwenDiskFilling", "source", "process", "instance", "b"),
		alert("ShouwenDeadlineBurnFast", "source", "state", "clock", "callback"),
	}
	known := []alertOf{
		alert("ShouwenDeadlineOverdue", "source", "state", "department", "water", "clock", "callback"),
		alert("ShouwenSip5xx", "source", "process"),
		alert("ShouwenDiskFilling", "source", "process", "instance", "a"),
		alert("ShouwenDeadlineBurnSlow", "source", "state", "clock", "callback"),
	}
	check := func(told, known []alertOf) {
		t.Helper()
		post(t, url, slices.Concat(told, known))
		var wrong []alertOf
		settled := soon(func() bool {
			all := alerts(t, url)
			wrong = slices.DeleteFunc(slices.Clone(all), func(a alertOf) bool {
				return slices.ContainsFunc(known, a.is) == (len(a.Status.InhibitedBy) > 0)
			})
			return len(wrong) == 0 && len(all) >= len(told)+len(known)
		})
		if !settled {
			t.Errorf("inhibited or not, which they should not be: %+v", wrong)
		}
	}
	check(told, known)

	// Once nobody knows what is in the database, nothing of it is told.
	stale := []alertOf{alert("ShouwenStateStale", "source", "process")}
	for _, a := range told {
		if a.Labels["source"] == "state" {
			known = append(known, a)
		} else {
			stale = append(stale, a)
		}
	}
	check(stale, known)
}

// alertmanager starts one with our configuration and returns its address.
func alertmanager(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("prometheus-alertmanager") // as Debian calls it
	if err != nil {
		if program, err = exec.LookPath("alertmanager"); err != nil {
			t.Skip("needs alertmanager (Debian: apt install prometheus-alertmanager)")
		}
	}
	address := freeAddress(t)
	config, err := filepath.Abs("alertmanager/alertmanager.yml")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "--config.file="+config, "--storage.path="+t.TempDir(),
		"--web.listen-address="+address, "--cluster.listen-address=")
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	url := "http://" + address
	ready := soon(func() bool {
		res, err := http.Get(url + "/-/ready")
		if err == nil {
			_ = res.Body.Close()
		}
		return err == nil
	})
	if !ready {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatalf("Alertmanager is not there:\n%s", &log)
	}
	return url
}

// freeAddress has a port that nobody has, below those that the system gives out to others
// meanwhile.
func freeAddress(t *testing.T) string {
	t.Helper()
	for i := range 300 {
		address := fmt.Sprint("127.0.0.1:", 5100+(os.Getpid()+i)%900)
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// soon looks again and again whether ok, for two minutes at most: Alertmanager tells
// nobody of what it does.
func soon(ok func() bool) bool {
	tick, limit := time.NewTicker(50*time.Millisecond), time.After(2*time.Minute)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			return false
		}
	}
	return true
}

// post has alerts fire.
func post(t *testing.T, url string, all []alertOf) {
	t.Helper()
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(url+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if said, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		t.Fatalf("alerts: %s %s", res.Status, said)
	}
}

// alerts returns those that fire.
func alerts(t *testing.T, url string) (all []alertOf) {
	t.Helper()
	res, err := http.Get(url + "/api/v2/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	return all
}
