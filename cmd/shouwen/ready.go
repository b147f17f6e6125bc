package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
)

// readyFile tells scripts and test tools how to use a running server.
const readyFile = "ready.json"

// Ready is what somebody needs to use a running server: the box on the screen
// and ready.json in the data directory (mode 0600; it holds passwords).
type Ready struct {
	SIP          ReadySIP          `json:"sip"`
	RTPRange     string            `json:"rtp_range"`
	Hotline      string            `json:"hotline"`
	Agents       []ReadyAgent      `json:"agents"`
	FeatureCodes map[string]string `json:"feature_codes"` // what it does → what to dial
	API          ReadyAPI          `json:"api"`
	Console      string            `json:"console"`
	MetricsURL   string            `json:"metrics_url"`
	DataDir      string            `json:"data_dir"`
	Config       string            `json:"config,omitempty"` // file it was started with
	PID          int               `json:"pid"`
}

// ReadySIP is where SIP is spoken; a transport that is off is empty.
type ReadySIP struct {
	UDP    string `json:"udp"`
	TCP    string `json:"tcp"`
	TLS    string `json:"tls"`
	Domain string `json:"domain"`
}

// ReadyAgent is one phone and its secret.
type ReadyAgent struct {
	User     string `json:"user"`
	Password string `json:"password"`
	Ext      string `json:"ext"`
}

// ReadyAPI is where the API is and the token it wants.
type ReadyAPI struct {
	Base  string `json:"base"`
	Token string `json:"token"`
}

func (r Ready) save(data string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", readyFile, err)
	}
	return writeFile(filepath.Join(data, readyFile), append(b, '\n'))
}

// box is the facts as a newcomer wants them on the screen.
func (r Ready) box() string {
	rows := []string{
		"Shouwen is ready / 首问已就绪",
		"",
		"hotline    " + r.Hotline + "   dial sip:" + r.Hotline + "@" + r.SIP.UDP,
		"SIP        udp " + orOff(r.SIP.UDP) + "   tcp " + orOff(r.SIP.TCP) + "   tls " + orOff(r.SIP.TLS),
		"domain     " + r.SIP.Domain,
	}
	const shown = 5
	for i, a := range r.Agents {
		if i == shown {
			rows = append(rows, fmt.Sprintf("           and %d more: shouwen user --data %s", len(r.Agents)-shown, r.DataDir))
			break
		}
		title := ""
		if i == 0 {
			title = "phones"
		}
		rows = append(rows, fmt.Sprintf("%-10s extension %s   user %s   password %s", title, a.Ext, a.User, a.Password))
	}
	rows = append(rows,
		"console    "+orOff(r.Console)+"   sign in with "+r.API.Token,
		"metrics    "+orOff(r.MetricsURL),
		"data       "+r.DataDir,
		"",
		"Ctrl-C lets live calls end, then stops everything.",
	)
	width := 0
	for _, row := range rows {
		width = max(width, columns(row))
	}
	line := "+" + strings.Repeat("-", width+2) + "+\n"
	var b strings.Builder
	b.WriteString(line)
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s%s |\n", row, strings.Repeat(" ", width-columns(row)))
	}
	b.WriteString(line)
	return b.String()
}

func orOff(s string) string {
	if s == "" {
		return "off"
	}
	return s
}

// columns is the width of s on a terminal: Chinese characters take two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		if n++; r >= 0x2e80 {
			n++
		}
	}
	return n
}
