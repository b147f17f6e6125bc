package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestUnit: systemd takes the unit, and finds that the service can do little harm.
func TestUnit(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("systemd/shouwen.service")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable() // stands for a program that is installed
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "shouwen.service")
	if err := os.WriteFile(unit, []byte(strings.Replace(string(b), "/usr/local/bin/shouwen", self, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if said := run(t, "systemd", "systemd-analyze", "verify", unit); strings.Contains(said, "shouwen.service") {
		t.Errorf("systemd-analyze verify:\n%s", said)
	}
	run(t, "systemd", "systemd-analyze", "security", "--offline=true", "--threshold=15", unit) // 1.5 of 10
}

// TestCompose: every image has a version, every file that is mounted is there, and what
// watches Shouwen listens on loopback.
func TestCompose(t *testing.T) {
	t.Parallel()
	var compose struct {
		Services map[string]struct {
			Image       string
			NetworkMode string `yaml:"network_mode"`
			Volumes     []string
			Command     []string
			Environment map[string]string
		}
	}
	load(t, "compose.yaml", &compose)
	if len(compose.Services) != 5 {
		t.Errorf("%d services, want 5", len(compose.Services))
	}
	for name, s := range compose.Services {
		if !regexp.MustCompile(`:v?\d+\.\d+(\.\d+)?$`).MatchString(s.Image) && s.Image != "shouwen:local" {
			t.Errorf("%s: image %s is not of one version", name, s.Image)
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, err := os.Stat(from); strings.HasPrefix(from, "./") && err != nil && from != "./shouwen.yaml" { // the operator's own
				t.Errorf("%s: %v", name, err)
			}
		}
		address := strings.Join(s.Command, " ") + " " + s.Environment["GF_SERVER_HTTP_ADDR"]
		if s.NetworkMode == "host" && name != "shouwen" && !strings.Contains(address, "127.0.0.1") {
			t.Errorf("%s is open to the network", name)
		}
	}
}

// TestProvisioning: Grafana finds the dashboards where compose mounts them, and the data
// source that they ask for.
func TestProvisioning(t *testing.T) {
	t.Parallel()
	var provider struct {
		Providers []struct{ Options struct{ Path string } }
	}
	load(t, "grafana/provisioning/dashboards/shouwen.yaml", &provider)
	b, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(provider.Providers) != 1 || !strings.Contains(string(b), "./grafana/dashboards:"+provider.Providers[0].Options.Path+":ro") {
		t.Errorf("providers %+v", provider)
	}
	var sources struct {
		Datasources []struct {
			Type      string
			URL       string
			IsDefault bool `yaml:"isDefault"`
		}
	}
	load(t, "grafana/provisioning/datasources/prometheus.yaml", &sources)
	if len(sources.Datasources) != 1 || sources.Datasources[0].Type != "prometheus" || !sources.Datasources[0].IsDefault {
		t.Errorf("data sources %+v", sources)
	}
}
