package main

// The part of Grafana's classic dashboard format that is used here, in its order of
// fields. Names and meanings are Grafana's (schema version 39).

type dashboard struct {
	UID           string     `json:"uid"`
	Title         string     `json:"title"`
	Description   string     `json:"description"`
	Tags          []string   `json:"tags"`
	SchemaVersion int        `json:"schemaVersion"`
	Version       int        `json:"version"`
	Editable      bool       `json:"editable"`
	Time          timeRange  `json:"time"`
	Refresh       string     `json:"refresh"`
	Timezone      string     `json:"timezone"`
	GraphTooltip  int        `json:"graphTooltip"`
	Templating    templating `json:"templating"`
	Links         []link     `json:"links"`
	Panels        []panel    `json:"panels"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type templating struct {
	List []variable `json:"list"`
}

type variable struct {
	Type       string   `json:"type"`
	Name       string   `json:"name"`
	Label      string   `json:"label"`
	Datasource *source  `json:"datasource,omitempty"`
	Query      any      `json:"query"`
	Regex      string   `json:"regex,omitempty"`
	Refresh    int      `json:"refresh,omitempty"`
	Sort       int      `json:"sort,omitempty"`
	IncludeAll bool     `json:"includeAll,omitempty"`
	Multi      bool     `json:"multi,omitempty"`
	AllValue   string   `json:"allValue,omitempty"`
	Current    *current `json:"current,omitempty"`
}

type current struct {
	Text  any `json:"text"`
	Value any `json:"value"`
}

type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// link is one of a dashboard (type dashboards: to those with the tags) or of a panel (type
// link). The format wants every field.
type link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	URL         string   `json:"url"`
	Tags        []string `json:"tags"`
	AsDropdown  bool     `json:"asDropdown"`
	TargetBlank bool     `json:"targetBlank"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
}

// dataLink is one of a value.
type dataLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

type panel struct {
	ID              int              `json:"id"`
	Type            string           `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	Datasource      *source          `json:"datasource,omitempty"`
	GridPos         gridPos          `json:"gridPos"`
	Targets         []target         `json:"targets,omitempty"`
	FieldConfig     *fieldConfig     `json:"fieldConfig,omitempty"`
	Options         map[string]any   `json:"options,omitempty"`
	Transformations []transformation `json:"transformations,omitempty"`
	Links           []link           `json:"links,omitempty"`
}

type gridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

type target struct {
	RefID        string  `json:"refId"`
	Datasource   *source `json:"datasource"`
	Expr         string  `json:"expr"`
	LegendFormat string  `json:"legendFormat"`
	Instant      bool    `json:"instant,omitempty"`
	Range        bool    `json:"range,omitempty"`
	Format       string  `json:"format,omitempty"`
}

type fieldConfig struct {
	Defaults  fieldDefaults `json:"defaults"`
	Overrides []override    `json:"overrides"`
}

type fieldDefaults struct {
	Unit        string         `json:"unit"`
	Decimals    *int           `json:"decimals,omitempty"`
	Min         *float64       `json:"min,omitempty"`
	Max         *float64       `json:"max,omitempty"`
	DisplayName string         `json:"displayName,omitempty"`
	NoValue     string         `json:"noValue,omitempty"`
	Color       map[string]any `json:"color"`
	Thresholds  *thresholds    `json:"thresholds"`
	Mappings    []any          `json:"mappings"`
	Links       []dataLink     `json:"links,omitempty"`
	Custom      map[string]any `json:"custom,omitempty"`
}

type thresholds struct {
	Mode  string `json:"mode"`
	Steps []step `json:"steps"`
}

type step struct {
	Value *float64 `json:"value"` // nil: from minus infinity
	Color string   `json:"color"`
}

type override struct {
	Matcher    matcher    `json:"matcher"`
	Properties []property `json:"properties"`
}

type matcher struct {
	ID      string `json:"id"`
	Options any    `json:"options"`
}

type property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

type transformation struct {
	ID      string         `json:"id"`
	Options map[string]any `json:"options"`
}
