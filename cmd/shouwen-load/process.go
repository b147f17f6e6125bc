package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is what Linux tells of a process in /proc/PID/stat.
type process struct {
	PID  int
	Name string
	CPU  time.Duration // user and system, of all its threads
	Wait time.Duration // that its threads were ready to run and had no core; 0 if not told
	RSS  uint64        // octets
}

// tick is the unit of times in /proc, the same on all architectures of Linux.
const tick = 10 * time.Millisecond

func readProcess(pid int) (process, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, fmt.Errorf("--pid %d: %w", pid, err)
	}
	p, err := parseStat(string(b))
	if err != nil {
		return p, fmt.Errorf("--pid %d: %w", pid, err)
	}
	p.Wait = runDelay(pid)
	return p, nil
}

// runDelay adds up the second field of every thread's schedstat.
func runDelay(pid int) (all time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // the pattern is well formed
	for _, f := range files {
		b, _ := os.ReadFile(f) // a thread may have ended
		if fields := strings.Fields(string(b)); len(fields) > 1 {
			ns, _ := strconv.ParseInt(fields[1], 10, 64)
			all += time.Duration(ns)
		}
	}
	return all
}

// parseStat reads "42 (some name) S …" (proc(5)).
func parseStat(stat string) (p process, err error) {
	open, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return p, fmt.Errorf("no name in %q", stat)
	}
	p.Name = stat[open+1 : end]
	rest := strings.Fields(stat[end+1:]) // from the third field on
	if len(rest) < 22 {
		return p, fmt.Errorf("%d fields after the name", len(rest))
	}
	number := func(field int) uint64 {
		n, bad := strconv.ParseUint(rest[field-3], 10, 64)
		if bad != nil && err == nil {
			err = fmt.Errorf("field %d: %w", field, bad)
		}
		return n
	}
	pid, bad := strconv.Atoi(strings.TrimSpace(stat[:open]))
	if bad != nil {
		return p, fmt.Errorf("pid: %w", bad)
	}
	p.PID = pid
	p.CPU = time.Duration(number(14)+number(15)) * tick
	p.RSS = number(24) * uint64(os.Getpagesize())
	return p, err
}

// overflows is how many datagrams this machine has dropped because a socket's
// buffer was full, ours or the server's; 0 where that is not told.
func overflows() uint64 {
	b, err := os.ReadFile("/proc/net/snmp")
	if err != nil {
		return 0
	}
	var names [][]byte
	for line := range bytes.Lines(b) {
		fields := bytes.Fields(line)
		switch {
		case len(fields) == 0 || string(fields[0]) != "Udp:":
		case names == nil:
			names = fields
		default:
			for i, name := range names {
				if string(name) == "RcvbufErrors" && i < len(fields) {
					n, _ := strconv.ParseUint(string(fields[i]), 10, 64)
					return n
				}
			}
		}
	}
	return 0
}
