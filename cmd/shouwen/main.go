// Command shouwen is a hotline call centre in one program: callers dial a
// number, agents' SIP phones ring, whoever picks up owns the caller's case.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// version is set by the linker; revision comes from the build.
var version = "0.1.0"

type cli struct {
	Serve     serveCmd     `cmd:"" help:"Run the call centre."`
	Demo      demoCmd      `cmd:"" help:"Run it with simulated phones that play one call, print the case's ledger and exit."`
	Check     checkCmd     `cmd:"" help:"Validate a configuration file."`
	Profile   profileCmd   `cmd:"" help:"List the profiles, print one to copy, or explain one."`
	Prompts   promptsCmd   `cmd:"" help:"Check and import what callers hear."`
	Directory directoryCmd `cmd:"" help:"Change who is who: departments, categories, people."`
	User      userCmd      `cmd:"" help:"List and change the phones that may register."`
	Ledger    ledgerCmd    `cmd:"" help:"Verify or export the ledger."`
	Export    exportCmd    `cmd:"" help:"List the registers, or write one as XLSX or CSV."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

func main() {
	var c cli
	k := kong.Parse(&c, kong.Name("shouwen"), kong.Description("Shouwen (首问): the first who is asked answers for the caller."),
		kong.Vars{"data": defaultData()}, kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "shouwen:", err)
		os.Exit(1)
	}
}

type versionCmd struct{}

// Run prints version and revision.
func (versionCmd) Run() error {
	fmt.Printf("shouwen %s (%s)\n", version, revision())
	return nil
}

func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return s.Value[:12]
			}
		}
	}
	return "unknown"
}
