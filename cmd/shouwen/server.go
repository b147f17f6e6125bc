package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"shouwen/cases"
	"shouwen/cases/console"
	"shouwen/cases/deadline"
	"shouwen/cases/journal"
	"shouwen/cases/outbox"
	"shouwen/cases/store"
	"shouwen/ivr/acd"
	"shouwen/ivr/call"
	"shouwen/metrics"
	"shouwen/sip"
	"shouwen/sip/media"
)

// server is the whole program, wired. newServer makes it, run runs it once.
type server struct {
	cfg        Config
	zone       *time.Location
	log        *slog.Logger
	roster     *roster
	secrets    secrets
	metrics    *metrics.Metrics
	database   *database
	journal    *journal.Journal
	cut        []cases.Fact // last facts of the calls a crash interrupted
	ports      *media.Pool
	pacer      *media.Pacer
	messages   *media.Archive // of voicemail
	recordings *media.Archive // of calls
	board      *acd.Board
	hours      map[string]cases.Calendar // opening hours by name
	feed       *console.Feed             // of board and calls, for open pages
	duties     *duties
	leases     *leases
	calls      *call.Switch
	channels   outbox.Channels
	pumps      []*outbox.Pump
	figures    *store.Snapshotter
	ua         *sip.UA
	skew       skew
	console    net.Listener // nil: off
	scrape     net.Listener // nil: off

	anyPort   bool
	everyCall bool
	announce  func(Ready) // told once, when calls are taken
}

type serverOptions struct {
	agents    int    // example phones to have at least
	database  string // URL; empty: an own PostgreSQL
	anyPort   bool   // SIP on any free ports instead of the configured ones
	everyCall bool   // is taken, however long callers have to wait on a busy machine
}

// newServer prepares everything that can fail for reasons a person can mend:
// directories, ports, programs. Nothing runs yet but the private PostgreSQL.
func newServer(ctx context.Context, cfg Config, opt serverOptions, log *slog.Logger) (_ *server, err error) {
	s := &server{cfg: cfg, log: log, anyPort: opt.anyPort, everyCall: opt.everyCall, announce: func(Ready) {}, metrics: metrics.New(version, revision())}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := makeData(cfg.Data); err != nil {
		return nil, err
	}
	if err := s.learnPeople(opt.agents); err != nil {
		return nil, err
	}
	if s.secrets, err = loadSecrets(cfg.Data); err != nil {
		return nil, err
	}
	if s.zone, err = time.LoadLocation(cfg.TimeZone); err != nil {
		return nil, fmt.Errorf("time zone: %w", err)
	}
	rules, err := cfg.loadRules()
	if err != nil {
		return nil, err
	}
	log.Info("profile", "id", rules.Policy.ID, "version", rules.Policy.Version, "calendar", rules.Calendar.Name)
	for _, w := range warnings(rules, time.Now()) {
		log.Warn(w)
	}
	s.metrics.Declare(cfg.installation(s.roster.directory(), rules.Policy))
	s.journal, err = journal.Open(journal.Config{Dir: filepath.Join(cfg.Data, "journal"), Node: cfg.Node, Location: s.zone}, s.metrics.Journal, log)
	if err != nil {
		return nil, err
	}
	s.cut = s.journal.Unfinished()
	if s.messages, err = media.OpenArchive(filepath.Join(cfg.Data, "voicemail"), s.zone); err != nil {
		return nil, err
	}
	if s.recordings, err = media.OpenArchive(filepath.Join(cfg.Data, "recordings"), s.zone); err != nil {
		return nil, err
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	rules.People = s.roster.directory
	if s.database, err = openDatabase(ctx, cfg.Data, opt.database, func(st *store.Store) {
		st.Rules, st.Node, st.Watch = rules, cfg.Node, store.Watch{Asked: s.metrics.Database.Asked, Failed: s.metrics.Database.Failed}
	}, s.roster.meet, log); err != nil {
		return nil, err
	}
	if err := s.checkPeople(); err != nil {
		return nil, err
	}
	s.metrics.Declare(cfg.installation(s.roster.directory(), rules.Policy)) // PostgreSQL may know others
	s.learnNumbers(ctx, time.Now().In(s.zone))
	if err := s.wire(rules.Policy); err != nil {
		return nil, err
	}
	s.duties.restore(ctx)
	s.restoreLimits(ctx)
	s.leases.join(ctx)
	return s, nil
}

// listen binds the HTTP listeners, after a look at the address of SIP and RTP.
func (s *server) listen() (err error) {
	probe, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.cfg.SIP.Address.Addr, 0)))
	if err != nil {
		return fmt.Errorf("sip.address: %w; set it to an address of this machine (ip address lists them)", err)
	}
	_ = probe.Close()
	if s.cfg.HTTP.Console != "" {
		if s.console, err = listenHTTP("console", s.cfg.HTTP.Console); err != nil {
			return err
		}
	}
	if s.cfg.HTTP.Metrics != "" {
		s.scrape, err = listenHTTP("metrics", s.cfg.HTTP.Metrics)
	}
	return err
}

// wire makes the parts that take calls.
func (s *server) wire(rules cases.Policy) error {
	people := s.roster.directory()
	reception, err := s.cfg.reception(people, rules)
	if err != nil {
		return err
	}
	if reception.unspoken != nil { // better without a word than without a call centre
		s.log.Error("texts are not spoken; shouwen check says the same", "err", reception.unspoken)
	}
	for _, w := range reception.warnings {
		s.log.Warn("configuration", "problem", w)
	}
	if s.ports, err = media.NewPool(s.cfg.SIP.Address.Addr, s.cfg.RTP.Ports.First, s.cfg.RTP.Ports.Last); err != nil {
		return err
	}
	s.pacer = media.NewPacer()
	agents, _ := s.cfg.crew(people)
	queues, hotlines := make([]acd.Queue, len(s.cfg.Queues)), make([]call.Hotline, len(s.cfg.Hotlines))
	waiting, err := s.cfg.waiting()
	if err != nil {
		return err
	}
	for i, q := range s.cfg.Queues {
		queues[i] = q.queue(people)
		if waiting[i].Recording, err = q.Recording.rule(reception.sounds[s.cfg.Language]); err != nil {
			return fmt.Errorf("queue %s: %w", q.Name, err)
		}
		waiting[i].Survey = reception.flows[q.Survey]
	}
	for i, h := range s.cfg.Hotlines {
		hotlines[i] = h.hotline(reception, s.cfg)
	}
	s.hours = reception.hours
	s.board = acd.New(queues, agents, s.metrics.Queue, s.log)
	s.board.Zone, s.board.MaxMissed = s.zone, s.cfg.Agents.MaxMissed
	s.leases = &leases{store: s.database.store, node: store.Node{Number: s.cfg.Node}, log: s.log}
	s.board.OnPaused = s.onPaused
	s.feed = console.NewFeed(s.liveCalls, s.board.Snapshot)
	s.board.OnChanged = s.feed.Changed
	s.board.Leases = s.leases
	s.duties = &duties{board: s.board, store: s.database.store, file: filepath.Join(s.cfg.Data, dutiesFile), log: s.log}
	s.calls = &call.Switch{
		Hotlines: hotlines, Directory: s.competent(rules), Board: s.board, PauseReasons: s.cfg.Agents.PauseReasons, Journal: s.journal, Pacer: s.pacer,
		Sounds: reception.sounds[s.cfg.Language], Language: s.cfg.Language, Languages: reception.sounds,
		Open: func(hours string) bool { return reception.open(hours, time.Now()) }, HTTP: flowClient().Do,
		Queues: waiting, Messages: s.messages, Callers: s.cfg.Callers.callers(), Dialable: s.dialable,
		Recordings: call.Recordings{Archive: s.recordings, MinFree: leaveFree}, Codes: s.cfg.Codes, Metrics: s.metrics, Log: s.log,
		MediaTimeout: time.Duration(s.cfg.RTP.MediaTimeout), Changed: s.feed.Changed,
	}
	s.measure(reception.sounds)
	signalling, err := s.sipConfig()
	if err != nil {
		return err
	}
	s.ua, err = sip.New(signalling, sip.Deps{
		Log: s.log, Metrics: s.metrics, Ports: s.ports, Accounts: s.roster,
		Bindings: bindings{s.database.store}, OnCall: s.calls.OnCall, OnRefused: s.calls.OnRefused, Lag: s.lag(), OnPresence: s.board.Registered,
		Nodes: s.leases.nodes,
	})
	if err != nil {
		return err
	}
	if at := s.ua.Addr("udp"); at.IsValid() {
		s.leases.node.SIP = at.String()
	}
	s.calls.Phones = s.ua
	s.roster.fits = func(d cases.Directory) cases.Faults {
		faults := s.cfg.faults(d)
		r := reception // its warnings were told at the start
		if err := r.check(s.cfg, d, rules); err != nil {
			faults = append(faults, cases.Fault{Text: err.Error()})
		}
		return faults
	}
	s.roster.took = s.reorganise
	s.calls.OffPool = func(user string) []string { return s.roster.directory().OffPool(rules.FirstAsker, user) }
	s.calls.Managers = func(m cases.Summons) []cases.Recipient { return s.roster.directory().Ladder(rules, m) }
	s.wireOutbound()
	if err := s.wireOutbox(); err != nil {
		return err
	}
	s.wireFigures(rules)
	return nil
}

// wireOutbound lets agents call out, if there is a trunk for it.
func (s *server) wireOutbound() {
	s.calls.Cases, s.calls.Retries, s.calls.Node, s.calls.Zone = s.database.store, s.cfg.Callbacks.retries(), s.cfg.Node, s.zone
	if policy, ok := s.cfg.policy(s.zone); ok {
		rules := s.database.store.Rules
		policy.Quiet = func(t time.Time) time.Time { return rules.Policy.Quiet(t, rules.Calendar) }
		s.calls.Outbound = call.NewOutbound(policy, s.ua, spending{s.database.store, s.leases}, s.metrics.CallsOut, s.log)
		s.calls.CallBack = s.calls.CallStanding
	}
}

// restoreLimits counts what the limits of calls to the outside did before the program
// ended. If PostgreSQL is away, that comes as soon as it is back.
func (s *server) restoreLimits(ctx context.Context) {
	if s.calls.Outbound == nil {
		return
	}
	if err := s.calls.Outbound.Keep(ctx); err != nil {
		s.log.Warn("limits of calls to the outside do not know yet what was before", "err", err)
	}
}

// lag is what decides whether new calls are refused.
func (s *server) lag() func(time.Time) time.Duration {
	if s.everyCall {
		return func(time.Time) time.Duration { return 0 }
	}
	return s.calls.Lag
}

// dialable is what a caller of a trunk keyed in as a number to call: E.164 if that
// trunk's plan says how, else the digits.
func (s *server) dialable(trunk, digits string) cases.Number {
	for _, t := range s.cfg.Trunks {
		if t.Name == trunk {
			return cases.Number(cmp.Or(t.plan().Number(digits), digits))
		}
	}
	return cases.Number(digits)
}

func (t TrunkConfig) plan() sip.NumberingPlan {
	return sip.NumberingPlan{Country: t.Country, AreaCode: t.AreaCode}
}

func (s *server) sipConfig() (sip.Config, error) {
	c := s.cfg.SIP
	trunks := make([]sip.Trunk, len(s.cfg.Trunks))
	for i, t := range s.cfg.Trunks {
		peers := make([]netip.Prefix, len(t.Peers))
		for j, p := range t.Peers {
			peers[j] = p.Prefix
		}
		outbound, err := t.outbound()
		if err != nil {
			return sip.Config{}, err
		}
		trunks[i] = sip.Trunk{
			Name: t.Name, Peers: peers, Plan: t.plan(),
			Channels: t.Channels, TrustIdentity: t.TrustIdentity, NAT: t.NAT, Inband: t.DTMF == "inband", Security: t.security(), Outbound: outbound,
		}
	}
	return sip.Config{
		Transport: sip.TransportConfig{
			UDP: s.addresses(c.UDP), TCP: s.addresses(c.TCP), TLS: s.addresses(c.TLS),
			Certificate: c.Certificate, Key: c.Key, DataDir: s.cfg.Data,
		},
		Node: s.cfg.Node, Domain: c.domain(), Agent: "Shouwen/" + version, MediaAddr: c.Address.Addr,
		Trunks: trunks, Kept: filepath.Join(s.cfg.Data, "bindings.json"),
	}, nil
}

// addresses is where a transport with this port listens; 0: nowhere.
func (s *server) addresses(port uint16) []netip.AddrPort {
	switch {
	case port == 0:
		return nil
	case s.anyPort:
		port = 0
	}
	return []netip.AddrPort{netip.AddrPortFrom(s.cfg.SIP.Address.Addr, port)}
}

// learnNumbers keeps a lost journal directory from giving today's case numbers
// twice; PostgreSQL, if it is there, knows them.
func (s *server) learnNumbers(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	day := now.Format("060102")
	last, err := s.database.store.LastNumber(ctx, s.cfg.Node, day)
	if err != nil {
		s.log.Warn("last case number unknown, the journal's counts", "err", err)
		return
	}
	s.journal.Floor(day, last)
}

// run serves until ctx ends or a part fails, lets live calls end, and stops
// everything it started.
func (s *server) run(ctx context.Context) error {
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, life := errgroup.WithContext(life)
	parts := []func(context.Context) error{
		func(ctx context.Context) error { return s.journal.Run(ctx, s.apply) },
		s.ports.Run, s.pacer.Run, s.board.Run, s.board.KeepLeases, s.duties.run, s.ua.Run, s.database.prepare, s.roster.run, s.feed.Run,
	}
	for _, part := range parts {
		g.Go(func() error { return part(life) })
	}
	scanner := deadline.Scanner{Stages: s.database.store, Node: s.cfg.Node, Metrics: s.metrics.Deadlines, Log: s.log}
	g.Go(func() error { return scanner.Run(life) })
	rectifications := deadline.Rectifications{Inspections: s.database.store, Tell: s.tellInspected, Metrics: s.metrics.Deadlines, Log: s.log}
	g.Go(func() error { return rectifications.Run(life) })
	vigil := deadline.Vigil{Coming: s.database.store, Classes: s.channels.Emergencies, Ring: s.calls.Alarm, Log: s.log}
	g.Go(func() error { return vigil.Run(life) })
	for _, pump := range s.pumps {
		pump.Aside = scanner.Behind
		g.Go(func() error { return pump.Run(life) })
	}
	g.Go(func() error { return s.job(metrics.OutboxRetention, sweepRetention, s.forgetOutgoing).Run(life) })
	g.Go(func() error { return s.skew.compare(life, s) })
	g.Go(func() error { return s.figures.Run(life) })
	g.Go(func() error { return s.sayAgents(life) })
	g.Go(func() error { return s.watchStations(life) })
	g.Go(func() error { return s.keepLedgerHeads(life) })
	g.Go(func() error { return s.keepPlaces(life) })
	g.Go(func() error { return s.knowCallers(life) })
	if s.calls.Outbound != nil {
		g.Go(func() error { return s.calls.Outbound.Run(life) })
	}
	s.serveHTTP(life, g)
	g.Go(func() error {
		defer stop()
		if err := s.start(life); err != nil {
			return err
		}
		g.Go(func() error { return s.recordingRetention().Run(life) })
		g.Go(func() error { return s.messageRetention().Run(life) })
		select {
		case <-ctx.Done():
		case <-life.Done():
			return nil
		}
		s.drain()
		return nil
	})
	err := g.Wait()
	_ = os.Remove(filepath.Join(s.cfg.Data, readyFile))
	s.database.close()
	_ = s.messages.Close()
	_ = s.recordings.Close()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// start records what a crash interrupted, then says that calls are taken.
func (s *server) start(ctx context.Context) error {
	if err := s.recoverMessages(ctx); err != nil {
		return err
	}
	for _, f := range call.Interrupted(s.cut, time.Now(), s.cfg.callbackWithin()) {
		if _, err := s.journal.Append(ctx, f); err != nil {
			return fmt.Errorf("record interrupted call %s: %w", f.Call, err)
		}
		s.log.Warn("call was interrupted when the program died", "call", f.Call)
	}
	if err := s.recoverRecordings(ctx); err != nil {
		s.log.Error("recordings left by the program's death", "err", err)
	}
	select {
	case <-s.ua.Ready():
	case <-ctx.Done():
		return nil
	}
	r := s.readyFacts()
	if err := r.save(s.cfg.Data); err != nil {
		return err
	}
	s.log.Info("ready", "hotline", r.Hotline, "udp", r.SIP.UDP, "console", r.Console)
	s.announce(r)
	return nil
}

// drain refuses new calls, lets live ones end within the drain timeout, hangs up
// the rest, and gives the journal a moment to reach PostgreSQL.
func (s *server) drain() {
	s.log.Info("stopping: no new calls", "live", len(s.calls.Live()), "timeout", time.Duration(s.cfg.DrainTimeout))
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.cfg.DrainTimeout))
	defer cancel()
	s.board.Drain()
	s.calls.Drain()
	s.ua.Drain(ctx)
	s.calls.Wait()
	s.flush(3*time.Second, 30*time.Second)
	s.duties.flush()
	if s.calls.Outbound != nil {
		_ = s.calls.Outbound.Keep(context.Background()) // what it cannot is lost with PostgreSQL away
	}
	s.log.Info("every call is over")
}

// flush waits until the journal has reached PostgreSQL: while that takes nothing, for
// away, and when it is only slow, for slow at most.
func (s *server) flush(away, slow time.Duration) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < slow; <-tick.C {
		n, _ := s.journal.Pending()
		if n == 0 || s.journal.Refused() && time.Since(began) >= away {
			return
		}
	}
}

func (s *server) serveHTTP(ctx context.Context, g *errgroup.Group) {
	serve := func(l net.Listener, h http.Handler) {
		srv := &http.Server{
			Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
			ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		}
		g.Go(func() error {
			if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("http on %s: %w", l.Addr(), err)
			}
			return nil
		})
		g.Go(func() error {
			<-ctx.Done()
			return srv.Close()
		})
	}
	if s.console != nil {
		c := &console.Server{
			Store: s.database.store, People: s.roster.directory, Passwords: s.roster.consoleHashes, Directories: s.roster, Hours: s.hours, Calls: s.liveCalls, Agents: s.board.Snapshot, Trunks: s.trunks, Token: s.secrets.Token,
			OpenMessage: s.messages.Open, OpenRecording: s.recordings.Open, Commands: commands{s.calls, s.journal}, Transfers: transfers{s.calls}, Callers: callbacks{s.calls},
			Duties: agentDuties{s.board, s.roster.directory, s.cfg.Agents.PauseReasons}, PauseReasons: s.cfg.Agents.PauseReasons, Feed: s.feed,
			Quality: commands{s.calls, s.journal}.Quality,
			Metrics: s.metrics.HTTP, Version: version, Zone: s.zone, Now: time.Now, Log: s.log,
		}
		serve(s.console, c.Handler())
	}
	if s.scrape != nil {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", s.metrics.Handler())
		mux.Handle("GET /metrics/state", metrics.StateHandler(s.readFigures))
		serve(s.scrape, mux)
	}
}

// apply projects facts from the journal, and has open pages look at what became of them.
func (s *server) apply(ctx context.Context, facts []cases.Fact) error {
	err := s.database.apply(ctx, facts)
	s.feed.CasesChanged()
	return err
}

// trunks is the list of servers as the console shows them.
func (s *server) trunks() (all []console.Trunk) {
	for _, t := range s.ua.Trunks() {
		all = append(all, console.Trunk{Name: t.Trunk, Server: t.Server, Up: t.Up, Reason: t.Reason, Since: t.Since})
	}
	return all
}

// liveCalls is the list of calls as the console shows them.
func (s *server) liveCalls() []console.Call {
	var all []console.Call
	for _, l := range s.calls.Live() {
		all = append(all, console.Call{
			ID: l.ID, Direction: string(l.Direction), State: string(l.State), Caller: l.Caller, Dialed: l.Dialed,
			Agent: l.Agent, Target: l.Target, Supervisor: l.Supervisor, Monitor: l.Monitor, Recording: l.Recording,
			Case: l.Case, Since: l.Since, Answered: l.Answered, OpenCase: l.Again.Case, FirstAsker: l.Again.FirstAsker, Confidential: l.Confidential,
		})
	}
	return all
}

func (s *server) readyFacts() Ready {
	c := s.cfg.SIP
	address := func(network string) string {
		if a := s.ua.Addr(network); a.IsValid() {
			return a.String()
		}
		return ""
	}
	r := Ready{
		SIP:      ReadySIP{UDP: address("udp"), TCP: address("tcp"), TLS: address("tls"), Domain: c.domain()},
		RTPRange: s.cfg.RTP.Ports.String(), Hotline: s.cfg.Hotlines[0].Number, FeatureCodes: s.calls.Codes.Dialled(),
		DataDir: s.cfg.Data, Config: s.cfg.file, PID: os.Getpid(), API: ReadyAPI{Token: s.secrets.Token},
	}
	e := s.roster.now.Load()
	for _, p := range e.Directory.People {
		r.Agents = append(r.Agents, ReadyAgent{p.User, e.passwords[p.User], p.Extension})
	}
	if s.console != nil {
		r.Console = "http://" + s.console.Addr().String() + "/"
		r.API.Base = r.Console + "api/v1"
	}
	if s.scrape != nil {
		r.MetricsURL = "http://" + s.scrape.Addr().String() + "/metrics"
	}
	return r
}

// close gives back what newServer took before it failed.
func (s *server) close() {
	for _, l := range []net.Listener{s.console, s.scrape} {
		if l != nil {
			_ = l.Close()
		}
	}
	if s.recordings != nil {
		_ = s.recordings.Close()
	}
	if s.messages != nil {
		_ = s.messages.Close()
	}
	if s.database != nil {
		s.database.close()
	}
}
