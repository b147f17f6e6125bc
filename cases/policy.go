package cases

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Policy is what an organisation demands of the first-asked system: where regulations
// contradict each other, they differ here and nowhere else. Package profile reads it
// from YAML and has one for every kind of regulation.
//
// Use a Policy only after Check found nothing wrong with it. Nothing changes it then.
type Policy struct {
	ID        string    `json:"id"`
	Version   string    `json:"version,omitempty"` // a sum over the rest, see Versioned
	Title     Words     `json:"title"`
	Sources   []string  `json:"sources"` // regulations it follows, e.g. S02
	Effective Effective `json:"effective"`

	Classification Classification  `json:"classification"`
	MatterTypes    []MatterType    `json:"matter_types"` // taken in; empty: all
	Register       RegisterPolicy  `json:"register"`
	ReadBack       bool            `json:"read_back"` // the caller confirms what was written down; staff pass the record on, they do not retell it
	FirstAsker     FirstAskers     `json:"first_asker"`
	AgentIdentity  AgentIdentity   `json:"agent_identity"`
	Classified     bool            `json:"classified_exempt"` // classified units publish no first-asker board
	Responsibility Responsibility  `json:"responsibility"`
	Conduct        Conduct         `json:"conduct"`
	OneTimeNotice  OneTimeNotice   `json:"one_time_notice"`
	Transfer       TransferPolicy  `json:"transfer"`
	AbsentHandler  []Remedy        `json:"absent_handler"` // in the order they are tried
	Unclear        UnclearPolicy   `json:"unclear"`
	Outside        OutsidePolicy   `json:"outside"`
	Joint          JointPolicy     `json:"joint"`
	Escalation     Escalation      `json:"escalation"`
	Slip           SlipPolicy      `json:"slip"`
	Feedback       FeedbackPolicy  `json:"feedback"`
	Reply          ReplyPolicy     `json:"reply"`
	ReturnVisit    VisitPolicy     `json:"return_visit"`
	Extension      ExtensionPolicy `json:"extension"`
	Refusal        RefusalPolicy   `json:"refusal"`
	Emergency      EmergencyPolicy `json:"emergency"`
	Complaint      ComplaintPolicy `json:"complaint"`
	Repeat         RepeatPolicy    `json:"repeat"`
	Coverage       CoveragePolicy  `json:"coverage"`
	QuietHours     []string        `json:"quiet_hours"` // HH:MM-HH:MM, when no caller is rung unasked (S30-R20)
	Closing        ClosingPolicy   `json:"closing"`

	Gates  []Gating `json:"gates"`  // what must be there before a step
	Forms  []Form   `json:"forms"`  // records with their columns
	Clocks []Terms  `json:"clocks"` // of several that fit, the first of each kind counts
	Warn   Warnings `json:"warn"`

	Calendar       CalendarPolicy `json:"calendar"`
	Assessment     Assessment     `json:"assessment"`
	Sanctions      Sanctions      `json:"sanctions"`
	Liability      Liability      `json:"liability"`
	Accountability Accountability `json:"accountability"`
	Supervision    Supervision    `json:"supervision"`
	Posts          PostPolicy     `json:"posts"`
	RollOut        RollOut        `json:"roll_out"`
	Publish        Publication    `json:"publish"`

	Rules map[string][]string `json:"rules,omitempty"` // rule ids by the setting they are cited at, e.g. transfer.mode
}

// Effective says from when to when a policy is in force (X35).
type Effective struct {
	On    InForce `json:"on"`
	Years int     `json:"years"` // 0: without end
	From  string  `json:"from"`  // YYYY-MM-DD; empty: since it was taken up
}

// Classification is how cases are told apart (X20).
type Classification struct {
	Scheme  Scheme        `json:"scheme"`
	Classes []ClassPolicy `json:"classes"` // the first is that of a case nobody has classified
}

// ClassPolicy is one class of cases.
type ClassPolicy struct {
	Class     Class    `json:"class"`
	Title     Words    `json:"title"`
	Route     Route    `json:"route"` // where its requests go (X27)
	Emergency bool     `json:"emergency,omitempty"`
	Rules     []string `json:"rules"`
}

// RegisterPolicy says what is written down (X38).
type RegisterPolicy struct {
	When RegisterWhen `json:"when"`
}

// FirstAskers says who may be first-asker (X6), and who is when several could be (X7).
type FirstAskers struct {
	Pool       Pool     `json:"pool"`
	Agency     bool     `json:"agency"` // staff of an agency count too
	OffPool    OffPool  `json:"off_pool"`
	TieBreak   TieBreak `json:"tie_break"`
	FirstOwner bool     `json:"first_owner"` // of several callers about one incident, the first has the right to be told
}

// Responsibility says what becomes of the first-asker's responsibility (X5).
type Responsibility struct {
	Mode     Mode    `json:"mode"`
	Title    Words   `json:"title"`              // what who is responsible is called
	With     []Party `json:"with,omitempty"`     // liable besides
	Approver Party   `json:"approver,omitempty"` // of mode consent
}

// Conduct is how to speak with callers (X23).
type Conduct struct {
	BannedPhrases []string     `json:"banned_phrases"`
	Effect        PhraseEffect `json:"banned_phrase_effect"`
	Greeting      string       `json:"greeting"`
	Apology       bool         `json:"apology"` // to a caller to whom a promise was kept late
	Pact          []string     `json:"pact"`    // shown to agents
}

// Banned returns the banned phrases in what somebody said.
func (c Conduct) Banned(said string) (all []string) {
	for _, phrase := range c.BannedPhrases {
		if strings.Contains(said, phrase) {
			all = append(all, phrase)
		}
	}
	return all
}

// OneTimeNotice says how a caller learns, once, all he has to bring (X26).
type OneTimeNotice struct {
	Required bool                `json:"required"`
	Form     NoticeForm          `json:"form"`
	MaxTrips int                 `json:"max_trips"` // 0: not limited
	Content  []NoticeItem        `json:"content"`
	Lists    map[string][]string `json:"lists,omitempty"` // of materials by category: the organisation's own
}

// TransferPolicy says how callers and cases are passed on (X9, X33).
type TransferPolicy struct {
	Mode               TransferMode `json:"mode"`
	OwnDepartmentFirst bool         `json:"own_department_first"`
	NamedPerson        bool         `json:"named_person"` // the hand-over is to a person, who confirms it
	FollowUp           bool         `json:"follow_up"`    // where nobody answers, the agent reaches him later, and tells his superior
	TellCaller         bool         `json:"tell_caller"`
	Tell               []Told       `json:"tell"` // of what
}

// UnclearPolicy says what is done when nobody knows who is competent (X10).
type UnclearPolicy struct {
	Policy Unclear `json:"policy"`
}

// OutsidePolicy is about matters of other organisations.
type OutsidePolicy struct {
	Tell          []Told `json:"tell"`
	ReportSerious bool   `json:"report_serious"` // upward; not doing so is an offence
}

// JointPolicy is about matters of several departments.
type JointPolicy struct {
	Coordinator Party `json:"coordinator"`
	From        int   `json:"from"` // departments; 0: not regulated
	JointLimit  bool  `json:"joint_limit"`
}

// Escalation says how a matter goes upward (X11).
type Escalation struct {
	RequireProposal bool    `json:"require_proposal"` // and nothing that can be solved goes up
	Levels          []Party `json:"levels"`
	Every           *Limit  `json:"every"` // between levels after a breach; nil: only the first is told by itself
	Counted         bool    `json:"counted"`
}

// SlipPolicy says how a department may give a case back (X14).
type SlipPolicy struct {
	Refusal     SlipRefusal `json:"refusal"`
	ManagerCopy bool        `json:"manager_copy"` // a slip is delivered only with it
	Signatures  bool        `json:"signatures"`   // of both sides at every passing
	MaxReturns  int         `json:"max_returns"`  // the next one goes to an arbiter
}

// FeedbackPolicy says who inside learns the result (X2, X16).
type FeedbackPolicy struct {
	Target []Party `json:"target"`
}

// ReplyPolicy says who answers the caller (X15), and with what.
type ReplyPolicy struct {
	By      []Party     `json:"by"`
	All     bool        `json:"all"`     // everyone of By; else one of them
	AllFor  []Class     `json:"all_for"` // All is for these only; empty: for every case
	Content []ReplyItem `json:"content"`
}

// VisitPolicy is about the return visit (X4); when, its clock says.
type VisitPolicy struct {
	Required        bool  `json:"required"`
	By              Party `json:"by"`
	Verify          bool  `json:"verify"`           // that the department really answered
	SamplingPercent *int  `json:"sampling_percent"` // of handling and visits, by the manager; nil: no number given
	Sampled         bool  `json:"sampled"`
}

// ExtensionPolicy says how a case becomes due later (X13).
type ExtensionPolicy struct {
	Mode               ExtensionMode `json:"mode"`
	Approver           Party         `json:"approver"`
	RequiresCallerTold bool          `json:"requires_caller_told"`
	Max                *Limit        `json:"max"` // nil: no number given
}

// RefusalPolicy says what a refusal needs.
type RefusalPolicy struct {
	Written bool  `json:"written"`
	Signer  Party `json:"signer"`
	Archive bool  `json:"archive"`
}

// EmergencyPolicy is what an emergency asks for besides its clocks (X25).
type EmergencyPolicy struct {
	Plans          []string `json:"plans"`         // subtypes the organisation has a plan for
	ConfirmOwner   bool     `json:"confirm_owner"` // before acting
	SpecialReport  bool     `json:"special_report"`
	NeutralWording bool     `json:"neutral_wording"` // until the cause is confirmed
	NoPlan         Party    `json:"no_plan"`         // who decides without a plan
}

// ComplaintPolicy says where complaints go (X12) and on which lines they come (X36).
type ComplaintPolicy struct {
	Route ComplaintRoute `json:"route"`
	Lines []Line         `json:"lines"`
}

// Line is a published number; which one is the organisation's to say.
type Line struct {
	Name   Words    `json:"name"`
	Number string   `json:"number"` // empty: to be set
	Rules  []string `json:"rules"`
}

// RepeatPolicy says when a contact repeats another (C26).
type RepeatPolicy struct {
	Window *Limit `json:"window"` // of plain time; nil: no number given, none repeats another
}

// Within returns how long after one contact the next of the same caller about the same
// repeats it.
func (p RepeatPolicy) Within() time.Duration {
	if p.Window == nil {
		return 0
	}
	return p.Window.Plain()
}

// CoveragePolicy says how long a post, queue or department may be without anybody in
// working hours until its supervisors are told (S24-R15, S08-R3).
type CoveragePolicy struct {
	Empty *Limit `json:"empty"` // of plain time; nil: it is not watched
}

// ClosingPolicy says how often a caller is tried before a supervisor may close.
type ClosingPolicy struct {
	Attempts int `json:"attempts"`
}

// Form is a record with its columns, e.g. the first-ask register.
type Form struct {
	Form    string   `json:"form"`
	Title   Words    `json:"title"`
	Columns []Field  `json:"columns"`
	Copies  int      `json:"copies,omitempty"` // X24
	Rules   []string `json:"rules"`
}

// Warnings are the shares of its time after which a clock reminds, in percent; 0: never.
type Warnings struct {
	Remind int `json:"remind"`
	AtRisk int `json:"at_risk"`
}

// CalendarPolicy says in what days limits count (X19). Which days are worked is in a
// Calendar.
type CalendarPolicy struct {
	WorkingDayEnds  DayEnd `json:"working_day_ends"`
	SameDayEnds     DayEnd `json:"same_day_ends"`
	ImmediateWithin *Limit `json:"immediate_within"` // what "at once" may take; nil: measured only
}

// Assessment is how people and departments are rated.
type Assessment struct {
	Period           Period    `json:"period"`
	Axes             []Axis    `json:"axes"`
	GroupWeight      int       `json:"group_weight"` // percent; the rest is the recipients'
	RecipientsWeight int       `json:"recipients_weight"`
	MinRecipients    int       `json:"min_recipients"`
	Pass             int       `json:"pass"` // lowest score of the grade
	Excellent        int       `json:"excellent"`
	PassUpTo         int       `json:"pass_up_to"` // highest whole score of pass; between it and Excellent is a gap
	GapPolicy        GapPolicy `json:"gap_policy"` // X17
}

// Sanctions are what may be proposed; a person decides (X18).
type Sanctions struct {
	Ladder         LadderKind     `json:"ladder"`
	Offences       []Offence      `json:"offences"`
	Steps          []SanctionStep `json:"steps"`
	Money          []Fine         `json:"money"` // X21
	BothSides      bool           `json:"both_sides"`
	WrongInsisting bool           `json:"wrong_insisting"` // the sender who insists is punished
	PerStage       bool           `json:"per_stage"`
	LateDepartment LateEffect     `json:"late_department"` // X37
}

// Offence is a breach of duty with a code.
type Offence struct {
	Code     string   `json:"code"`
	Title    Words    `json:"title"`
	Mutual   bool     `json:"mutual,omitempty"`   // takes two: with both_sides the other is proposed for too
	Insisted bool     `json:"insisted,omitempty"` // is that of who hands over what was given back as not theirs
	Signs    []Sign   `json:"signs,omitempty"`    // on record let it be suspected; see Suspected
	Rules    []string `json:"rules"`
}

// SanctionStep is one step of a ladder.
type SanctionStep struct {
	Count       int         `json:"count,omitempty"`       // of the verified offence, from 1; the last step of a ladder by count is for all after it too
	Consequence Consequence `json:"consequence,omitempty"` // of a ladder by consequence
	Offence     string      `json:"offence,omitempty"`     // empty: any
	Propose     []Sanction  `json:"propose"`
	Rules       []string    `json:"rules"`
}

// Fine is a sum of money, in yuan.
type Fine struct {
	Offence string   `json:"offence"`
	Min     int      `json:"min"`
	Max     int      `json:"max"`
	Whom    []Party  `json:"whom"`
	Rules   []string `json:"rules"`
}

// Liability says who answers for a breach besides who did it (X31).
type Liability struct {
	Tiers []Tier `json:"tiers"`
}

// Tier is one of those who answer for a breach.
type Tier struct {
	Party Party    `json:"party"`
	Kind  Words    `json:"kind"`
	Rules []string `json:"rules"`
}

// Accountability is the procedure against staff. Its times are clocks.
type Accountability struct {
	Steps        []Point `json:"steps"`
	Aggravating  []Point `json:"aggravating"`
	Mitigating   []Point `json:"mitigating"`
	Exempt       []Point `json:"exempt"`
	ReviewBy     []Party `json:"review_by"` // who may ask for a review
	InquiryExtra *Limit  `json:"inquiry_extra"`
}

// Point is one item of a list.
type Point struct {
	Code  string   `json:"code"`
	Title Words    `json:"title"`
	Rules []string `json:"rules"`
}

// Publication says how often results are published (X30).
type Publication struct {
	Period Period   `json:"period"`
	What   []string `json:"what"`
}

// Facts are what a policy looks at in a case.
type Facts struct {
	Class    Class
	Type     MatterType
	Flags    []Flag
	Level    int    // of an emergency; 1 is the most severe, 0: none was set
	Category string // of the directory
}

// Has reports whether a flag is set.
func (f Facts) Has(flag Flag) bool { return slices.Contains(f.Flags, flag) }

// Versioned returns p with its version, a sum over all it demands: a policy that reads
// differently has another one. Comments and order in its file do not count.
func (p Policy) Versioned() Policy {
	demands := p
	demands.Version, demands.Rules = "", nil
	b, err := json.Marshal(demands)
	if err != nil {
		panic(err) // values only
	}
	sum := sha256.Sum256(b)
	p.Version = hex.EncodeToString(sum[:6])
	return p
}

// Ref names p in its version.
func (p Policy) Ref() PolicyRef { return PolicyRef{p.ID, p.Version} }

// Class returns what p says of a class of cases.
func (p Policy) Class(c Class) (ClassPolicy, bool) {
	return find(p.Classification.Classes, func(known ClassPolicy) bool { return known.Class == c })
}

// Emergencies returns the classes of cases that are emergencies.
func (p Policy) Emergencies() (all []Class) {
	for _, c := range p.Classification.Classes {
		if c.Emergency {
			all = append(all, c.Class)
		}
	}
	return all
}

// In returns cal with the ends of days that p demands.
func (p Policy) In(cal Calendar) Calendar {
	cal.WorkingDayEnds, cal.SameDayEnds = p.Calendar.WorkingDayEnds, p.Calendar.SameDayEnds
	return cal
}

// Terms returns the terms a case of facts f is held to, one for each kind of clock,
// in the order of the policy, with everything the policy says for all of them.
func (p Policy) Terms(f Facts) (all []Terms) {
	var kinds []ClockKind
	for _, t := range p.Clocks {
		if t.fit(f) && !slices.Contains(kinds, t.Kind) {
			kinds = append(kinds, t.Kind)
			all = append(all, p.filled(t))
		}
	}
	return all
}

func (t Terms) fit(f Facts) bool {
	return (len(t.Classes) == 0 || slices.Contains(t.Classes, f.Class)) &&
		(len(t.Types) == 0 || slices.Contains(t.Types, f.Type)) &&
		(len(t.Levels) == 0 || slices.Contains(t.Levels, f.Level)) &&
		!slices.ContainsFunc(t.If, func(x Flag) bool { return !f.Has(x) }) &&
		!slices.ContainsFunc(t.Unless, f.Has)
}

// Unconditional reports whether t is for every case.
func (t Terms) Unconditional() bool {
	return len(t.Classes)+len(t.Types)+len(t.Levels)+len(t.If)+len(t.Unless) == 0
}

// filled returns t with what p says for all clocks.
func (p Policy) filled(t Terms) Terms {
	if t.Remind == 0 {
		t.Remind = p.Warn.Remind
	}
	if t.AtRisk == 0 {
		t.AtRisk = p.Warn.AtRisk
	}
	if len(t.Ladder) == 0 {
		t.Ladder = p.Escalation.Levels
	}
	if t.Every == nil {
		t.Every = p.Escalation.Every
	}
	if t.Tolerance == nil {
		t.Tolerance = p.Calendar.ImmediateWithin
	}
	if t.WorkingDayEnds == "" {
		t.WorkingDayEnds = p.Calendar.WorkingDayEnds
	}
	if t.SameDayEnds == "" {
		t.SameDayEnds = p.Calendar.SameDayEnds
	}
	return t
}

// Start returns the clocks that start when a case of facts f reaches m at a time. A
// kind that is running already must not be started again: a return, or a second
// hand-over, moves no due time. Gen is left to the caller.
func (p Policy) Start(m Milestone, f Facts, at time.Time, cal Calendar) (all []Clock) {
	cal = p.In(cal)
	for _, t := range p.Terms(f) {
		if t.Start == m && (t.Limit == nil || t.Limit.Unit != AsPromised) {
			all = append(all, t.start(p.Ref(), at, time.Time{}, cal))
		}
	}
	return all
}

// Promise returns the clock of a promise given at, to be kept by until; false if the
// policy has none for a case of facts f.
func (p Policy) Promise(f Facts, at, until time.Time, cal Calendar) (Clock, bool) {
	for _, t := range p.Terms(f) {
		if t.Kind == ClockPromise {
			return t.start(p.Ref(), at, micros(until), p.In(cal)), true
		}
	}
	return Clock{}, false
}

// Revise returns clock c of a case about which facts f are known since at. A tighter
// limit counts from then, a laxer one from the start of the clock unless it is late
// already; without terms for it any more it is cancelled. A return or a hand-over
// changes no facts, and so moves nothing.
func (p Policy) Revise(c Clock, f Facts, at time.Time, cal Calendar) Clock {
	if !c.Running() || c.Of.ID == "" {
		return c
	}
	for _, t := range p.Terms(f) {
		if t.Kind != c.Kind || t.Start != c.On.Start {
			continue
		}
		if same(t, c.terms()) {
			return c
		}
		c.Revisions = append(slices.Clone(c.Revisions), Revision{micros(at), t})
		return c.timed(p.In(cal))
	}
	return c.Cancel(at)
}

func same(a, b Terms) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
