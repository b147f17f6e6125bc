package main

import (
	"fmt"
	"slices"
)

// board is a dashboard as it is written down here: panels in reading order, each with its
// size; they fill the 24 columns of the screen row by row.
type board struct {
	uid, title, about string
	refresh, from     string
	variables         []variable
	panels            []sized
}

type sized struct {
	w, h int
	panel
}

var boards = []board{wallboard, deadlines, agents, telephony, system}

// datasource is whatever Prometheus the viewer chose.
var datasource = &source{"prometheus", "${datasource}"}

func (b board) dashboard(console string) dashboard {
	return dashboard{
		UID: b.uid, Title: b.title, Description: b.about, Tags: []string{"shouwen"}, SchemaVersion: 39, Version: 1,
		Time: timeRange{b.from, "now"}, Refresh: b.refresh, Timezone: "browser", GraphTooltip: 1,
		Templating: templating{slices.Concat([]variable{
			{Type: "datasource", Name: "datasource", Label: "数据源 Data source", Query: "prometheus", Refresh: 1},
		}, b.variables, []variable{
			{Type: "textbox", Name: "console", Label: "控制台 Console", Query: console, Current: &current{console, console}},
		})},
		Links: []link{{
			Title: "首问 Shouwen", Type: "dashboards", Icon: "external link", Tags: []string{"shouwen"}, AsDropdown: true, IncludeVars: true, KeepTime: true,
		}},
		Panels: flow(b.panels),
	}
}

// flow gives every panel its number and its place.
func flow(all []sized) (placed []panel) {
	x, y, high := 0, 0, 0
	for i, s := range all {
		if x+s.w > 24 {
			x, y, high = 0, y+high, 0
		}
		s.ID, s.GridPos = i+1, gridPos{H: s.h, W: s.w, X: x, Y: y}
		x, high = x+s.w, max(high, s.h)
		placed = append(placed, s.panel)
	}
	return placed
}

// The variables. Departments are chosen by name; their codes are what is asked for.
var (
	hotlineVariable = choice("hotline", "热线 Hotline", "label_values(shouwen_hotline_info, hotline)", "")
	queueVariable   = choice("queue", "队列 Queue", `label_values(shouwen_hotline_info{hotline=~"$hotline"}, queue)`, "")

	departmentVariable = choice("department", "部门 Department", "query_result(shouwen:department_info)",
		`/department="(?<value>[^"]*)".*name_zh="(?<text>[^"]*)"/`)
)

func choice(name, label, query, regex string) variable {
	return variable{
		Type: "query", Name: name, Label: label, Datasource: datasource, Query: map[string]string{"query": query, "refId": name},
		Regex: regex, Refresh: 2, Sort: 1, IncludeAll: true, Multi: true, AllValue: ".*", Current: &current{[]string{"All"}, []string{"$__all"}},
	}
}

// option changes a panel that one of the functions below has made.
type option func(*panel)

func (s sized) with(options ...option) sized {
	for _, o := range options {
		o(&s.panel)
	}
	return s
}

func newPanel(kind, title, about, unit string, steps *thresholds, targets ...target) panel {
	for i := range targets {
		targets[i].RefID, targets[i].Datasource = string(rune('A'+i)), datasource
	}
	return panel{
		Type: kind, Title: title, Description: about, Datasource: datasource, Targets: targets,
		FieldConfig: &fieldConfig{
			Defaults:  fieldDefaults{Unit: unit, Color: map[string]any{"mode": "thresholds"}, Thresholds: steps, Mappings: []any{}},
			Overrides: []override{},
		},
	}
}

// unknown is a ratio of nothing, as at night: neither good nor bad.
var unknown = map[string]any{
	"type": "special", "options": map[string]any{"match": "null+nan", "result": map[string]any{"text": "–", "color": "#3a3d44", "index": 0}},
}

var lastValue = map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}

// tile is one figure, coloured by its thresholds, large enough to be read from afar. It
// is as it is now: the last value of a range stays when there is none any more, and is of
// another moment than the tables.
func tile(w, h int, title, about, unit, expr string, steps *thresholds) sized {
	p := newPanel("stat", title, about, unit, steps, target{Expr: expr, LegendFormat: title, Instant: true})
	p.FieldConfig.Defaults.NoValue, p.FieldConfig.Defaults.Mappings = "–", []any{unknown}
	p.Options = map[string]any{
		"colorMode": "background", "graphMode": "none", "justifyMode": "center", "textMode": "value", "reduceOptions": lastValue,
	}
	return sized{w, h, p}
}

// figures are several figures side by side, each with its name, as they are now.
func figures(w, h int, title, about, unit string, steps *thresholds, of ...target) sized {
	for i := range of {
		of[i].Instant = true
	}
	p := newPanel("stat", title, about, unit, steps, of...)
	p.Options = map[string]any{
		"colorMode": "value", "graphMode": "none", "justifyMode": "center", "textMode": "value_and_name", "orientation": "vertical",
		"text": map[string]any{"titleSize": 13, "valueSize": 42}, "reduceOptions": lastValue,
	}
	return sized{w, h, p}
}

// name is what a series is called.
func name(w, h int, title, about string, of target) sized {
	s := figures(w, h, title, about, "short", levels("blue"), of)
	s.Options["textMode"], s.Options["text"] = "name", map[string]any{"titleSize": 24}
	return s
}

// bars are one bar for every series, as it is now.
func bars(w, h int, title, about, unit string, steps *thresholds, of ...target) sized {
	for i := range of {
		of[i].Instant = true
	}
	p := newPanel("bargauge", title, about, unit, steps, of...)
	p.Options = map[string]any{"displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "valueMode": "color", "reduceOptions": lastValue}
	return sized{w, h, p}
}

// graph is how series went.
func graph(w, h int, title, about, unit string, of ...target) sized {
	for i := range of {
		of[i].Range = true
	}
	p := newPanel("timeseries", title, about, unit, levels("green"), of...)
	p.FieldConfig.Defaults.Color = map[string]any{"mode": "palette-classic"}
	p.FieldConfig.Defaults.Custom = map[string]any{"drawStyle": "line", "lineWidth": 2, "fillOpacity": 0, "showPoints": "never", "spanNulls": false}
	p.Options = map[string]any{
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}
	return sized{w, h, p}
}

// table has a row for every series.
func table(w, h int, title, about, unit string, steps *thresholds, of ...target) sized {
	for i := range of {
		of[i].Instant, of[i].Format = true, "table"
	}
	p := newPanel("table", title, about, unit, steps, of...)
	p.Options = map[string]any{"showHeader": true, "cellHeight": "sm"}
	return sized{w, h, p}
}

// levels are thresholds: the first colour below all, then pairs of a value and the colour
// from it on.
func levels(below string, then ...any) *thresholds {
	t := &thresholds{"absolute", []step{{nil, below}}}
	for i := 0; i < len(then); i += 2 {
		var from float64
		switch v := then[i].(type) {
		case int:
			from = float64(v)
		case float64:
			from = v
		default:
			panic(fmt.Sprintf("threshold %v", v))
		}
		t.Steps = append(t.Steps, step{&from, then[i+1].(string)})
	}
	return t
}

// rising is for what is worse the more there is, falling for what is worse the less.
func rising(yellow, red float64) *thresholds  { return levels("green", yellow, "yellow", red, "red") }
func falling(yellow, red float64) *thresholds { return levels("red", red, "yellow", yellow, "green") }

// none tolerates nothing.
var none = levels("green", 1, "red")

// plain has no colours of its own.
var plain = levels("text")

// What is counted by the hour or the minute.
const (
	perHour   = "suffix: /h"
	perMinute = "suffix: /min"
)

func stacked(p *panel) {
	c := p.FieldConfig.Defaults.Custom
	c["fillOpacity"], c["lineWidth"], c["stacking"] = 60, 1, map[string]any{"mode": "normal", "group": "A"}
}

// limit draws a line. It has the colour of the step that begins at it.
func limit(at float64) option {
	return func(p *panel) {
		p.FieldConfig.Defaults.Thresholds = levels("transparent", at, "red")
		p.FieldConfig.Defaults.Custom["thresholdsStyle"] = map[string]string{"mode": "dashed"}
	}
}

// between fixes the axis.
func between(low, high float64) option {
	return func(p *panel) { p.FieldConfig.Defaults.Min, p.FieldConfig.Defaults.Max = &low, &high }
}

// from fixes the lower end of the axis.
func from(low float64) option { return func(p *panel) { p.FieldConfig.Defaults.Min = &low } }

// atLeast has the axis go up to high, or as far as the values do: where there is nothing
// but zero, Grafana has it go to 100.
func atLeast(high float64) option {
	return func(p *panel) { p.FieldConfig.Defaults.Custom["axisSoftMax"] = high }
}

// dashed has one of several series that may be the same not hide the others.
func dashed(name string) option {
	return func(p *panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides,
			override{matcher{"byName", name}, []property{{"custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{10, 10}}}}})
	}
}

func decimals(n int) option { return func(p *panel) { p.FieldConfig.Defaults.Decimals = &n } }

// orElse is what stands where there is no value.
func orElse(text string) option { return func(p *panel) { p.FieldConfig.Defaults.NoValue = text } }

// translated gives the values of a closed set, which are the names of the series, their words
// and colours.
func translated(set []word) option {
	return func(p *panel) {
		for _, w := range set {
			o := override{matcher{"byName", w.value}, []property{{"displayName", w.zh + " " + w.en}}}
			if w.color != "" {
				o.Properties = append(o.Properties, property{"color", map[string]string{"mode": "fixed", "fixedColor": w.color}})
			}
			p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, o)
		}
	}
}

// column names a column of a table, and changes it.
func column(name, title string, more ...property) option {
	return func(p *panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides,
			override{matcher{"byName", name}, append([]property{{"displayName", title}}, more...)})
	}
}

var hidden = property{"custom.hideFrom", map[string]bool{"viz": true, "legend": true, "tooltip": true}}

func width(pixels int) property { return property{"custom.width", pixels} }

// coloured has a cell in the colour of its threshold.
var coloured = property{"custom.cellOptions", map[string]string{"type": "color-text"}}

// gauge draws the value as a bar beside it.
var gauge = property{"custom.cellOptions", map[string]string{"type": "gauge", "mode": "basic", "valueDisplayMode": "color"}}

// columnsOf gives every column of a table that has no width of its own this one.
func columnsOf(pixels int) option {
	return func(p *panel) { p.FieldConfig.Defaults.Custom = map[string]any{"width": pixels} }
}

func transform(id string, options map[string]any) option {
	return func(p *panel) { p.Transformations = append(p.Transformations, transformation{id, options}) }
}

// columns puts these first, in this order, and leaves out the time, the same in every row.
func columns(first ...string) option {
	at := map[string]int{}
	for i, name := range first {
		at[name] = i
	}
	return transform("organize", map[string]any{
		"excludeByName": map[string]bool{"Time": true}, "indexByName": at, "renameByName": map[string]string{},
	})
}

// to links a panel to the console.
func to(title, path string) option {
	return func(p *panel) {
		p.Links = append(p.Links, link{Title: title, Type: "link", Icon: "external link", URL: "${console}" + path, Tags: []string{}, TargetBlank: true})
	}
}

// cellTo links every value of a panel to the console; path may have ${__data.fields.…} and
// ${__field.labels.…}.
func cellTo(title, path string) option {
	return func(p *panel) {
		p.FieldConfig.Defaults.Links = append(p.FieldConfig.Defaults.Links, dataLink{title, "${console}" + path, true})
	}
}

func series(expr, legend string) target { return target{Expr: expr, LegendFormat: legend} }

// Names of departments and clocks are data. topk leaves one where a name has just changed.
const (
	departmentTitles = `label_join(topk by (department) (1, shouwen:department_info), "department_title", " ", "name_zh", "name_en")`
	clockTitles      = `label_join(topk by (clock) (1, shouwen:clock_info), "clock_title", " ", "name_zh", "name_en")`

	byDepartment = ` * on (department) group_left (department_title) ` + departmentTitles
	byClock      = ` * on (clock) group_left (clock_title) ` + clockTitles
)

// ofDepartments and ofQueues select what the viewer chose.
const (
	ofDepartments = `department=~"$department"`
	ofQueues      = `queue=~"$queue"`
)
