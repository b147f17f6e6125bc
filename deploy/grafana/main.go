// Command grafana writes the dashboards beside it, as files Grafana imports as they are:
//
//	go run ./deploy/grafana
//
// A test fails when the files differ from what it would write.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

const defaultConsole = "http://127.0.0.1:8080"

func main() {
	out := flag.String("out", "deploy/grafana/dashboards", "folder the dashboards are written to")
	console := flag.String("console", defaultConsole, "address of the console as the people who watch the dashboards reach it")
	flag.Parse()
	if err := write(*out, *console); err != nil {
		fmt.Fprintln(os.Stderr, "grafana:", err)
		os.Exit(1)
	}
}

func write(out, console string) error {
	for _, b := range boards {
		text, err := b.json(console)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, b.uid+".json"), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (b board) json(console string) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(b.dashboard(console)); err != nil {
		return nil, fmt.Errorf("%s: %w", b.uid, err)
	}
	return text.Bytes(), nil
}
