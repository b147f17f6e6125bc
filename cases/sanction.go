package cases

import "slices"

// Proposal is what may be done about a breach of duty: a person decides, and nothing
// happens by itself (S33-R14, S24-R22).
type Proposal struct {
	Against string         `json:"against"` // user
	Offence string         `json:"offence"` // code of the policy
	Steps   []SanctionStep `json:"steps"`   // from the mildest up
	Fines   []Fine         `json:"fines"`
}

// Proposals returns what s proposes about v, when the same was verified against him
// count times, this time included; nothing about what was found untrue. Where it takes
// two, the other side is proposed for alike: of a case that was given back, who gave it
// back and who had passed it on (S33-R14).
func (s Sanctions) Proposals(v Verify, back *Return, count int) (all []Proposal) {
	steps := s.Propose(v.Offence, count, v.Consequence)
	if !v.True || len(steps) == 0 {
		return nil
	}
	var fines []Fine
	for _, f := range s.Money {
		if f.Offence == v.Offence {
			fines = append(fines, f)
		}
	}
	for _, who := range s.sides(v, back) {
		all = append(all, Proposal{who, v.Offence, steps, fines})
	}
	return all
}

// sides are those v is about.
func (s Sanctions) sides(v Verify, back *Return) []string {
	mutual := slices.ContainsFunc(s.Offences, func(o Offence) bool { return o.Code == v.Offence && o.Mutual })
	switch {
	case !s.BothSides || !mutual || back == nil:
	case v.Against == back.By && back.Sender != "":
		return []string{v.Against, back.Sender}
	case v.Against == back.Sender:
		return []string{v.Against, back.By}
	}
	return []string{v.Against}
}
