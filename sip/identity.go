package sip

import (
	"log/slog"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// CallerID is who calls, as far as the network says.
type CallerID struct {
	E164     string   // with the plus; or a short code, an extension, a number of the trunk's own plan; empty if withheld or none
	Display  string   // display name fit to show, at most 64 runes; empty if withheld
	Raw      string   // URI it was taken from, also if withheld: for the police, not for agents
	Source   string   // PAI, RPID, PPI or From
	Private  bool     // the caller asked not to be named: show "anonymous", do not call back
	Verified bool     // a trusted trunk vouched for the number
	Diverted []string // who forwarded the call, first to last; numbers or URIs
}

// LogValue names the source and masks all but the last three digits.
func (c CallerID) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("number", maskNumber(c.E164)),
		slog.String("source", c.Source),
		slog.Bool("private", c.Private),
		slog.Bool("verified", c.Verified),
		slog.Int("diverted", len(c.Diverted)),
	)
}

// maskNumber hides a person's number; a short code names no person.
func maskNumber(n string) string {
	if len(n) <= shortCode {
		return n
	}
	return strings.Repeat("*", len(n)-3) + n[len(n)-3:]
}

const (
	shortCode      = 6  // digits: 110, 12345, extensions
	longestNumber  = 15 // digits of E.164
	longestPrefix  = 3  // digits of 00 or 011 before it
	displayRunes   = 64
	maxDiversions  = 10
	maxIdentities  = 4 // elements of one list looked at; RFC 3325 9.1 allows two
	visualSeparate = "-. ()/"
)

// NumberingPlan says how a trunk writes national numbers. The zero value knows
// international numbers only.
type NumberingPlan struct {
	Country  string // ISO 3166, "CN": numbers without + are of this country
	AreaCode string // without trunk prefix, "10": put before numbers that are local to it
}

// Number normalises a telephone number as it stands in a URI: to E.164 with the
// plus where the plan says how, else to the bare digits, which mean
// something to the trunk only. Short codes and extensions, up to 6 digits,
// stay as they are. It is empty for what is no number.
func (p NumberingPlan) Number(s string) string {
	number, params, _ := strings.Cut(s, ";")
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(visualSeparate, r) {
			return -1
		}
		return r
	}, number)
	digits, international := strings.CutPrefix(digits, "+")
	if !international {
		if context := phoneContext(params); context != "" { // RFC 3966 5.1.5
			digits, international = context+digits, true
		}
	}
	if digits == "" || len(digits) > longestNumber+longestPrefix || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	switch {
	case international:
		return e164("+"+digits, "", false)
	case len(digits) <= shortCode:
		return digits
	}
	if n := e164(digits, p.Country, true); n != "" {
		return n
	}
	if p.AreaCode != "" {
		if n := e164(p.AreaCode+digits, p.Country, true); n != "" {
			return n
		}
	}
	return digits
}

// phoneContext returns the digits of a global phone-context, empty if there is
// none or it is a domain.
func phoneContext(params string) string {
	_, ps := parseParams(";" + params)
	context, _ := ps.get("phone-context")
	digits, global := strings.CutPrefix(context, "+")
	if !global {
		return ""
	}
	return digits
}

// e164 writes digits in E.164, empty if they are no number. A number with the plus
// only needs a country: numbering plans grow faster than tables of them. One
// pass takes one trunk prefix away from behind the country code; as many are made as it
// takes for the number to stay what it is.
func e164(digits, country string, valid bool) string {
	n, err := phonenumbers.Parse(digits, country)
	if err != nil || valid && !phonenumbers.IsValidNumber(n) {
		return ""
	}
	s := phonenumbers.Format(n, phonenumbers.E164)
	switch {
	case len(s) > 1+longestNumber:
		return ""
	case len(s) < len(digits):
		return e164(s, "", false)
	}
	return s
}

// NumberFormat says how a trunk wants numbers written.
type NumberFormat string

// The formats.
const (
	FormatE164     NumberFormat = "e164"     // +861055550101
	FormatDigits   NumberFormat = "digits"   // 861055550101
	FormatNational NumberFormat = "national" // 01055550101; abroad 00441632960960
)

// Write is a normalised number as the trunk wants it. What is not E.164 is written
// as it is.
func (p NumberingPlan) Write(number string, f NumberFormat) string {
	digits, international := strings.CutPrefix(number, "+")
	if !international || f == FormatE164 {
		return number
	}
	if f == FormatDigits {
		return digits
	}
	n, err := phonenumbers.Parse(number, p.Country)
	if err != nil || !strings.EqualFold(phonenumbers.GetRegionCodeForNumber(n), p.Country) {
		return "00" + digits
	}
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phonenumbers.Format(n, phonenumbers.NATIONAL))
}

// NumberKind is what calling a number means for the bill.
type NumberKind string

// The kinds of numbers.
const (
	NumberInvalid       NumberKind = "invalid"       // nobody's, as far as the numbering plans tell
	NumberShort         NumberKind = "short"         // a short code or an extension
	NumberEmergency     NumberKind = "emergency"     // police, fire, ambulance
	NumberNational      NumberKind = "national"      //
	NumberInternational NumberKind = "international" //
	NumberPremium       NumberKind = "premium"       // of premium rate, here or abroad
)

// Kind returns the kind of a number that Number has normalised.
func (p NumberingPlan) Kind(number string) NumberKind {
	if !strings.HasPrefix(number, "+") {
		switch {
		case number == "" || len(number) > shortCode:
			return NumberInvalid
		case phonenumbers.IsEmergencyNumber(number, strings.ToUpper(p.Country)):
			return NumberEmergency
		}
		return NumberShort
	}
	n, err := phonenumbers.Parse(number, "")
	if err != nil {
		return NumberInvalid
	}
	switch kind := phonenumbers.GetNumberType(n); {
	case kind == phonenumbers.PREMIUM_RATE:
		return NumberPremium
	case kind == phonenumbers.UNKNOWN:
		return NumberInvalid
	case !strings.EqualFold(phonenumbers.GetRegionCodeForNumber(n), p.Country):
		return NumberInternational
	}
	return NumberNational
}

// callerHeaders is what a request says about its caller; lists are split into
// elements.
type callerHeaders struct {
	From           string
	PAI, PPI, RPID []string // RFC 3325, draft-ietf-sip-privacy
	Privacy        string   // RFC 3323
	Diversion      []string // RFC 5806
	HistoryInfo    []string // RFC 7044
}

// callerID decides who calls. Only a trusted peer is believed about anyone but
// itself: from others From is taken as a claim and the rest ignored.
func callerID(h callerHeaders, plan NumberingPlan, trusted bool) CallerID {
	from, err := parseNameAddr(h.From)
	if err != nil {
		from = nameAddr{}
	}
	who := CallerID{Source: "From"}
	chosen := from
	if trusted {
		chosen, who = assertedIdentity(h, plan, from)
		who.Diverted = diverted(h, plan)
	}
	who.E164 = plan.Number(numberOf(chosen.uri))
	who.Display = safeText(chosen.display, displayRunes)
	who.Raw = safeText(chosen.uri.text, maxHeaderText)
	who.Private = who.Private || anonymous(from) || anonymous(chosen) || withheld(h.Privacy)
	if who.Private {
		who.E164, who.Display = "", ""
	}
	return who
}

// assertedIdentity picks the identity a trusted peer gives: of each header the
// first that holds a number, else the first.
func assertedIdentity(h callerHeaders, plan NumberingPlan, from nameAddr) (nameAddr, CallerID) {
	for _, source := range []struct {
		name string
		list []string
	}{{"PAI", h.PAI}, {"RPID", h.RPID}, {"PPI", h.PPI}} {
		a, ok := firstNumber(source.list, plan)
		if !ok {
			continue
		}
		who := CallerID{Source: source.name, Verified: source.name == "PAI"}
		if source.name == "RPID" {
			screen, _ := a.params.get("screen")
			privacy, _ := a.params.get("privacy")
			who.Verified = strings.EqualFold(screen, "yes")
			who.Private = privacy != "" && !strings.EqualFold(privacy, "off")
		}
		if a.display == "" {
			a.display = from.display
		}
		return a, withVerstat(who, a.uri)
	}
	return from, withVerstat(CallerID{Source: "From"}, from.uri)
}

func firstNumber(list []string, plan NumberingPlan) (nameAddr, bool) {
	var found []nameAddr
	for _, s := range list[:min(len(list), maxIdentities)] {
		if a, err := parseNameAddr(s); err == nil {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return nameAddr{}, false
	}
	i := slices.IndexFunc(found, func(a nameAddr) bool { return plan.Number(numberOf(a.uri)) != "" })
	return found[max(i, 0)], true
}

// withVerstat takes over what the trunk says of the STIR signature (3GPP TS
// 24.229 7.2A.20).
func withVerstat(who CallerID, u sipURI) CallerID {
	verstat, ok := u.params.get("verstat")
	if !ok {
		_, ps := parseParams(u.user)
		verstat, ok = ps.get("verstat")
	}
	if ok {
		who.Verified = strings.HasPrefix(strings.ToLower(verstat), "tn-validation-passed")
	}
	return who
}

// numberOf returns the telephone number a URI holds, with its parameters, empty if
// it holds none: a name such as clerk is not one for lack of digits.
func numberOf(u sipURI) string {
	if u.scheme != "tel" {
		return u.user
	}
	if context, ok := u.params.get("phone-context"); ok {
		return u.user + ";phone-context=" + context
	}
	return u.user
}

// anonymous reports whether an address is one of the forms that name nobody
// (RFC 3323 4.1.1.3).
func anonymous(a nameAddr) bool {
	switch strings.ToLower(a.uri.user) {
	case "anonymous", "restricted", "unavailable", "unknown":
		return true
	}
	return a.uri.host == "anonymous.invalid"
}

// withheld reports whether Privacy asks for anything that hides the caller.
func withheld(privacy string) bool {
	return slices.ContainsFunc(splitOutside(privacy, ';'), func(p string) bool {
		return hasToken([]string{"id", "header", "user"}, p)
	})
}

// diverted lists who forwarded the call, first to last: from Diversion, whose top
// is the last one, else from History-Info.
func diverted(h callerHeaders, plan NumberingPlan) []string {
	var all []string
	add := func(u sipURI) {
		if len(all) == maxDiversions {
			return
		}
		n := plan.Number(numberOf(u))
		if n == "" {
			n = safeText(u.text, maxHeaderText)
		}
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	for _, s := range slices.Backward(h.Diversion) {
		if a, err := parseNameAddr(s); err == nil {
			add(a.uri)
		}
	}
	if len(all) > 0 {
		return all
	}
	var before sipURI
	for _, s := range h.HistoryInfo {
		a, err := parseNameAddr(s)
		if err != nil {
			continue
		}
		// RFC 7044 marks the new target with cause=, RFC 4244 the old one with Reason.
		if _, target := a.uri.params.get("cause"); target && before.text != "" {
			add(before)
		}
		if why, ok := a.uri.headers.get("Reason"); ok && strings.Contains(strings.ToLower(why), "cause=") {
			add(a.uri)
		}
		before = a.uri
	}
	return all
}
