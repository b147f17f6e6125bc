package cases

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Explain says in a language like zh-CN or en when c is due, and why.
func (c Clock) Explain(lang string, cal Calendar) string {
	t := c.terms()
	e := explainer{lang, cal}
	var parts []string
	add := func(format Words, args ...any) { parts = append(parts, fmt.Sprintf(format.In(lang), args...)) }

	switch {
	case c.Cancelled:
		add(Words{"已取消", "cancelled"})
	case !c.Stopped.IsZero():
		add(Words{"已于 %s 完成", "done %s"}, e.when(c.Stopped))
	case c.Paused():
		add(Words{"暂停中", "paused"})
	}
	switch {
	case !c.Due.IsZero():
		add(Words{"到期 %s", "due %s"}, e.when(c.Due))
	case !c.Paused():
		add(Words{"只计时，不设期限", "measured, without a due time"})
	}
	if late := c.Late(c.Stopped); !c.Stopped.IsZero() && late > 0 {
		add(Words{"逾期 %s", "late by %s"}, e.length(late))
	}
	because := Words{"因为：%s，", "because: %s, "}
	head := fmt.Sprintf(because.In(lang), c.Kind.Words().In(lang)) + e.terms(t, c.From)
	if !c.Promised.IsZero() {
		head += fmt.Sprintf(Words{"，承诺于 %s", ", promised for %s"}.In(lang), e.when(c.Promised))
	}
	parts = append(parts, head)
	for _, p := range c.Pauses {
		to := Words{"至今", "now"}.In(lang)
		if !p.To.IsZero() {
			to = e.when(p.To)
		}
		add(Words{"暂停 %s 至 %s：%s", "paused from %s to %s: %s"}, e.when(p.From), to, pauseReasons.of(p.Reason).In(lang))
	}
	for _, x := range c.Extensions {
		add(Words{"%s 批准延期至 %s：%s", "%s granted an extension until %s: %s"}, x.By, e.when(x.Until), x.Reason)
	}
	for _, r := range c.Revisions {
		add(Words{"%s 起改为 %s", "since %s: %s"}, e.when(r.At), e.limit(r.On)+cite(r.On.Rules))
	}
	parts = append(parts, e.days(c, t)...)
	if c.Of.ID != "" {
		add(Words{"制度 %s 版本 %s", "policy %s, version %s"}, c.Of.ID, c.Of.Version)
	}
	return strings.Join(parts, Words{"；", "; "}.In(lang))
}

// explainer writes in one language and one calendar.
type explainer struct {
	lang string
	cal  Calendar
}

func (e explainer) when(t time.Time) string {
	t = t.In(e.cal.Zone)
	if t.Second() != 0 && t.Second() != 59 {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("2006-01-02 15:04")
}

func (e explainer) length(d time.Duration) string {
	d = d.Round(time.Second)
	if d >= time.Minute {
		d = d.Round(time.Minute)
	}
	return strings.TrimSuffix(d.String(), "m0s") + map[bool]string{true: "m"}[strings.HasSuffix(d.String(), "m0s")]
}

// terms says what t demands; with the moment it began, unless that is zero.
func (e explainer) terms(t Terms, from time.Time) string {
	var stops []string
	for _, m := range t.Stop {
		stops = append(stops, milestones.of(m).In(e.lang))
	}
	start := milestones.of(t.Start).In(e.lang)
	if !from.IsZero() {
		start += " " + e.when(from) + Words{" ", ""}.In(e.lang)
	}
	and := Words{"且", " and "}.In(e.lang)
	text := fmt.Sprintf(Words{"自%s起 %s，至%s止", "%[2]s from %[1]s until %[3]s"}.In(e.lang), start, e.limit(t), strings.Join(stops, and))
	return text + cite(t.Rules)
}

func (e explainer) limit(t Terms) string {
	switch {
	case t.Limit == nil:
		return Words{"计时（无期限）", "measured"}.In(e.lang)
	case t.Limit.Unit == Immediate && t.Tolerance != nil:
		return fmt.Sprintf(Words{"立即（容许 %s）", "at once (%s allowed)"}.In(e.lang), t.Tolerance.Words().In(e.lang))
	}
	return t.Limit.Words().In(e.lang)
}

// days says which days did not count, and what is not known of them.
func (e explainer) days(c Clock, t Terms) (parts []string) {
	if t.Limit == nil || t.Limit.Unit != WorkingDays && t.Limit.Unit != WorkingHours || c.Due.IsZero() {
		return nil
	}
	var off, on []string
	unknown := 0
	last := DateOf(c.Due.In(e.cal.Zone))
	for d := DateOf(c.From.In(e.cal.Zone)); ; d = d.Next() {
		day, special := e.cal.Days[d]
		switch {
		case special && len(day.Hours) == 0:
			off = append(off, strings.TrimSpace(d.String()[5:]+" "+day.Name))
		case special && len(e.cal.Week[d.Weekday()]) == 0:
			on = append(on, d.String()[5:])
		}
		if !e.cal.Knows(d.Year) {
			unknown = d.Year
		}
		if d == last || d.Year > last.Year {
			break
		}
	}
	say := func(w Words, args ...any) { parts = append(parts, fmt.Sprintf(w.In(e.lang), args...)) }
	say(Words{"日历 %s", "calendar %s"}, e.cal.Name)
	if len(off) > 0 {
		say(Words{"%s 放假不计", "%s off"}, strings.Join(off, ", "))
	}
	if len(on) > 0 {
		say(Words{"%s 调休上班计入", "%s worked to make up"}, strings.Join(on, ", "))
	}
	if unknown != 0 {
		say(Words{"%d 年节假日尚未录入，只按周末推算", "the holidays of %d are not entered: only its weeks are known"}, unknown)
	}
	return parts
}

// Explain says in a language like zh-CN or en what p demands, one line for each thing,
// with the rules it follows. What it says nothing about, and what needs nobody to do
// anything, is left out.
func (p Policy) Explain(lang string) []string {
	e := explainer{lang: lang}
	colon := Words{"：", ": "}.In(lang)
	ref := p.Ref()
	lines := []string{fmt.Sprintf(Words{"%s（%s，版本 %s）", "%s (%s, version %s)"}.In(lang), p.Title.In(lang), ref.ID, ref.Version)}
	add := func(label, value string, rules []string) {
		if value != "" {
			lines = append(lines, label+colon+value+cite(rules))
		}
	}
	for _, s := range p.settings() {
		if s.value == unregulated {
			continue
		}
		add(s.label.In(lang), s.value.In(lang), p.Rules[s.path])
	}
	for _, k := range p.Classification.Classes {
		add(Words{"类别 ", "class "}.In(lang)+k.Title.In(lang), Words{"交由", "goes to "}.In(lang)+routes.of(k.Route).In(lang), k.Rules)
	}
	for _, t := range p.Clocks {
		t = p.filled(t)
		add(Words{"时限 ", "clock "}.In(lang)+t.Kind.Words().In(lang)+e.cases(p, t), e.terms(t, time.Time{}), nil)
	}
	for _, g := range p.Gates {
		label := fmt.Sprintf(Words{"%s前须有", "before %s"}.In(lang), steps.of(g.Before).In(lang))
		add(label+e.cases(p, Terms{Classes: g.Classes, Types: g.Types, If: g.If}), many("", "", "", g.Need, fields).value.In(lang), g.Rules)
	}
	for _, f := range p.Forms {
		value := many("", "", "", f.Columns, fields).value.In(lang)
		if f.Copies > 1 {
			value += fmt.Sprintf(Words{"，一式 %d 份", ", %d copies"}.In(lang), f.Copies)
		}
		add(Words{"表单 ", "form "}.In(lang)+f.Title.In(lang), value, f.Rules)
	}
	for _, l := range p.Complaint.Lines {
		add(Words{"投诉电话 ", "complaint line "}.In(lang)+l.Name.In(lang), orDash(l.Number), l.Rules)
	}
	return slices.Concat(lines, p.Supervision.explain(lang), p.explainSanctions(lang))
}

func orDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

// cases says for which cases terms are, in brackets; nothing for all.
func (e explainer) cases(p Policy, t Terms) string {
	var parts []string
	for _, c := range t.Classes {
		if k, ok := p.Class(c); ok {
			parts = append(parts, k.Title.In(e.lang))
		}
	}
	for _, m := range t.Types {
		parts = append(parts, matterTypes.of(m).In(e.lang))
	}
	for _, l := range t.Levels {
		parts = append(parts, fmt.Sprintf(Words{"%d 级", "level %d"}.In(e.lang), l))
	}
	for _, f := range t.If {
		parts = append(parts, flags.of(f).In(e.lang))
	}
	for _, f := range t.Unless {
		parts = append(parts, fmt.Sprintf(Words{"非%s", "not %s"}.In(e.lang), flags.of(f).In(e.lang)))
	}
	if parts == nil {
		return ""
	}
	return Words{"（", " ("}.In(e.lang) + strings.Join(parts, Words{"、", ", "}.In(e.lang)) + Words{"）", ")"}.In(e.lang)
}

// suspected says what lets o be suspected, in brackets; nothing if nothing does.
func (o Offence) suspected(lang string) string {
	if len(o.Signs) == 0 {
		return ""
	}
	return fmt.Sprintf(Words{"（线索：%s）", " (suspected by: %s)"}.In(lang), many("", "", "", o.Signs, signs).value.In(lang))
}

func (p Policy) explainSanctions(lang string) (lines []string) {
	add := func(w Words, rules []string, args ...any) {
		lines = append(lines, fmt.Sprintf(w.In(lang), args...)+cite(rules))
	}
	offence := func(code string) string {
		for _, o := range p.Sanctions.Offences {
			if o.Code == code {
				return o.Title.In(lang)
			}
		}
		return Words{"违规", "a breach"}.In(lang)
	}
	for _, o := range p.Sanctions.Offences {
		add(Words{"违规行为：%s%s", "offence: %s%s"}, o.Rules, o.Title.In(lang), o.suspected(lang))
	}
	for _, s := range p.Sanctions.Steps {
		what := offence(s.Offence)
		if s.Count > 0 {
			what += fmt.Sprintf(Words{"第 %d 次", ", number %d"}.In(lang), s.Count)
		}
		if s.Consequence != "" {
			what += Words{"，", ", "}.In(lang) + consequences.of(s.Consequence).In(lang)
		}
		add(Words{"处理建议：%s → %s", "proposal: %s → %s"}, s.Rules, what, many("", "", "", s.Propose, sanctions).value.In(lang))
	}
	for _, f := range p.Sanctions.Money {
		sum := itoa(f.Min)
		if f.Max > f.Min {
			sum += "–" + itoa(f.Max)
		}
		add(Words{"处罚金额：%s，%s 元（%s）", "fine: %s, %s yuan (%s)"}, f.Rules, offence(f.Offence), sum, many("", "", "", f.Whom, parties).value.In(lang))
	}
	for _, t := range p.Liability.Tiers {
		add(Words{"责任：%s，%s", "liable: %s, %s"}, t.Rules, parties.of(t.Party).In(lang), t.Kind.In(lang))
	}
	a := p.Accountability
	for _, group := range []struct {
		label  Words
		points []Point
	}{
		{Words{"问责程序", "procedure"}, a.Steps}, {Words{"从重", "aggravating"}, a.Aggravating},
		{Words{"从轻", "mitigating"}, a.Mitigating}, {Words{"免责", "exempt"}, a.Exempt},
	} {
		for _, x := range group.points {
			add(Words{"%s：%s", "%s: %s"}, x.Rules, group.label.In(lang), x.Title.In(lang))
		}
	}
	return lines
}
