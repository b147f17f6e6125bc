package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
	"shouwen/cases/store"
)

// Directories is how the console changes who is who. Safe from any goroutine.
type Directories interface {
	// Version is which one People returns; 0: PostgreSQL does not have it yet.
	Version() int

	// Revise makes d the directory, by somebody, if base is still its version; dry: says
	// only what would change. The error is cases.Faults if d cannot work, or wraps
	// cases.ErrStale.
	Revise(ctx context.Context, d cases.Directory, base int, by string, dry bool) (store.DirectoryVersion, error)
}

func (x *site) registerDirectory(api huma.API, operation func(id, path, summary string, also ...int) huma.Operation) {
	huma.Register(api, operation("get_directory", directoryPath, "Who is who", 422), x.getDirectory)
	put := operation("put_directory", directoryPath, "Make another version of the directory", 403, 409, 422, 503)
	put.Method, put.MaxBodyBytes = http.MethodPut, directoryLimit
	huma.Register(api, put, x.putDirectory)
	huma.Register(api, operation("list_directory_versions", "/api/v1/directory/versions", "Versions of the directory, the newest first: who made them, when, and what they changed", 403, 422, 503), x.listVersions)
	huma.Register(api, operation("get_directory_version", "/api/v1/directory/versions/{version}", "The directory as it was", 403, 404, 422, 503), x.getVersion)
}

type departmentBody struct {
	Name      string `json:"name" maxLength:"64" doc:"Unique; cases and metrics have it." example:"water"`
	Title     string `json:"title,omitempty" maxLength:"128" example:"供水处"`
	Extension string `json:"extension,omitempty" maxLength:"32" doc:"That reaches whoever is there; left out: none."`
	Hours     string `json:"hours,omitempty" maxLength:"64" doc:"Name of its opening hours; left out: always open."`
	Queue     string `json:"queue,omitempty" maxLength:"64" doc:"Whose agents answer the extension; left out: its people."`

	Duties   string   `json:"duties,omitempty" maxLength:"2000" doc:"What it is there for."`
	Workflow []string `json:"workflow,omitempty" nullable:"false" maxItems:"50" doc:"How it works, step by step."`
	Contact  string   `json:"contact,omitempty" maxLength:"500" doc:"Where it is found besides its extension: address, number outside."`

	Supervises bool   `json:"supervises,omitempty" doc:"It is there to supervise the others: it inspects them."`
	From       string `json:"from,omitempty" maxLength:"10" doc:"First day it takes part, YYYY-MM-DD, or later: not known yet; left out: it does." example:"2027-01-01"`
	Substitute string `json:"substitute,omitempty" maxLength:"64" doc:"Department that has its cases until then, if the profile wants that."`
}

type categoryBody struct {
	Name       string `json:"name" maxLength:"64" example:"burst_pipe"`
	Title      string `json:"title,omitempty" maxLength:"128"`
	Department string `json:"department" maxLength:"64" doc:"That is competent."`

	Words  []string                    `json:"words,omitempty" nullable:"false" maxItems:"50" doc:"That callers use for it."`
	Answer string                      `json:"answer,omitempty" maxLength:"2000" doc:"To be read to the caller."`
	Notice map[cases.NoticeItem]string `json:"notice,omitempty" doc:"What the one-time notice says: procedure, requirements, basis, forms, limit, how or fees. Materials are the profile's."`
}

type postBody struct {
	Name   string   `json:"name" maxLength:"64" doc:"As people's post or posts have it; unique." example:"leader_in_charge"`
	Title  string   `json:"title,omitempty" maxLength:"128"`
	Duties []string `json:"duties,omitempty" nullable:"false" maxItems:"64"`
	Rights []string `json:"rights,omitempty" nullable:"false" maxItems:"64" doc:"What its holder may decide."`
}

type personBody struct {
	User       string   `json:"user" maxLength:"64" doc:"Account of the phone; unique." example:"1001"`
	Name       string   `json:"name,omitempty" maxLength:"128"`
	Extension  string   `json:"extension" maxLength:"32" example:"1001"`
	Department string   `json:"department,omitempty" maxLength:"64"`
	Roles      []string `json:"roles,omitempty" nullable:"false" maxItems:"16" doc:"agent, handler, leader, supervisor, arbiter, auditor, administrator or complaint_centre; none: agent."`
	Posts      []string `json:"posts,omitempty" nullable:"false" maxItems:"32" doc:"He holds of those the rules speak of."`
	Rank       int      `json:"rank,omitempty" doc:"The higher is more senior, and wins a tie."`
	Email      string   `json:"email,omitempty" maxLength:"254"`
	Mobile     string   `json:"mobile,omitempty" maxLength:"16" doc:"At which he is rung in emergencies; only administrators see it."`

	RingTime float64        `json:"ring_time_seconds,omitempty" doc:"Of his phone; left out: the queue's."`
	Penalty  int            `json:"penalty,omitempty" doc:"n: a stand-in, rung after n times the queue's overflow_after."`
	Post     string         `json:"post,omitempty" maxLength:"64" doc:"Duty whose stand-ins ring at once while its primaries are away."`
	Weight   int            `json:"weight,omitempty" doc:"Share of calls with the strategy weighted_random; left out: 1."`
	Skills   map[string]int `json:"skills,omitempty" doc:"With levels, from 1."`

	RequireTLS bool   `json:"require_tls,omitempty" doc:"Of his phone, whatever all may do."`
	SRTP       string `json:"srtp,omitempty" doc:"off, offer or require; left out: as all phones."`
}

const (
	directoryPath  = "/api/v1/directory"
	directoryLimit = 8 << 20 // bytes: some ten thousand people
)

type directoryBody struct {
	Version     int              `json:"version,omitempty" doc:"It is; of one that is put, the one it was made from: if there is a newer one it is a problem."`
	Departments []departmentBody `json:"departments" nullable:"false"`
	Categories  []categoryBody   `json:"categories" required:"false" nullable:"false"`
	Posts       []postBody       `json:"posts,omitempty" nullable:"false" doc:"Descriptions of posts: duties and rights."`
	People      []personBody     `json:"people" nullable:"false" doc:"In this order the strategy linear rings them."`
}

type changeBody struct {
	Of    string `json:"of" enum:"department,category,post,person"`
	Name  string `json:"name,omitempty" doc:"User of a person; left out: all of them."`
	Kind  string `json:"kind" enum:"added,removed,changed,reordered"`
	Field string `json:"field,omitempty"`
	From  string `json:"from,omitempty" doc:"Left out of passwords, and where there was nothing."`
	To    string `json:"to,omitempty"`
}

type directoryVersionBody struct {
	Version int          `json:"version"`
	At      *time.Time   `json:"at,omitempty"`
	By      string       `json:"by,omitempty" doc:"User, or who gave the command."`
	Changes []changeBody `json:"changes" nullable:"false" doc:"From the version before."`
}

func directoryOf(d cases.Directory, version int) directoryBody {
	return directoryBody{
		Version:     version,
		Departments: mapped(d.Departments, func(t cases.Department) departmentBody { return departmentBody(t) }),
		Categories:  mapped(d.Categories, func(c cases.Category) categoryBody { return categoryBody(c) }),
		Posts:       mapped(d.Posts, func(p cases.Post) postBody { return postBody(p) }),
		People:      mapped(d.People, personOf),
	}
}

func personOf(p cases.Person) personBody {
	return personBody{
		User: p.User, Name: p.Name, Extension: p.Extension, Department: p.Department, Rank: p.Rank, Email: p.Email, Mobile: p.Mobile,
		Roles:    mapped(p.Roles, func(r cases.Role) string { return string(r) }),
		Posts:    mapped(p.Posts, func(post cases.Party) string { return string(post) }),
		RingTime: p.RingTime.Seconds(), Penalty: p.Penalty, Post: p.Post, Weight: p.Weight, Skills: p.Skills,
		RequireTLS: p.RequireTLS, SRTP: p.SRTP,
	}
}

func (b directoryBody) directory() cases.Directory {
	return cases.Directory{
		Departments: mapped(b.Departments, func(t departmentBody) cases.Department { return cases.Department(t) }),
		Categories:  mapped(b.Categories, func(c categoryBody) cases.Category { return cases.Category(c) }),
		Posts:       mapped(b.Posts, func(p postBody) cases.Post { return cases.Post(p) }),
		People:      mapped(b.People, personBody.person),
	}
}

func (b personBody) person() cases.Person {
	p := cases.Person{
		User: b.User, Name: b.Name, Extension: b.Extension, Department: b.Department, Rank: b.Rank, Email: b.Email, Mobile: b.Mobile,
		RingTime: time.Duration(b.RingTime * float64(time.Second)), Penalty: b.Penalty, Post: b.Post, Weight: b.Weight, Skills: b.Skills,
		RequireTLS: b.RequireTLS, SRTP: b.SRTP,
	}
	for _, r := range b.Roles {
		p.Roles = append(p.Roles, cases.Role(r))
	}
	for _, post := range b.Posts {
		p.Posts = append(p.Posts, cases.Party(post))
	}
	return p
}

func versionOf(v store.DirectoryVersion) directoryVersionBody {
	return directoryVersionBody{Version: v.Version, At: timeOf(v.At), By: v.By, Changes: mapped(v.Changes, func(c cases.Edit) changeBody {
		return changeBody{string(c.Of), c.Name, string(c.Kind), c.Field, c.From, c.To}
	})}
}

// getDirectory tells what is in force at this node.
func (x *site) getDirectory(ctx context.Context, _ *struct{}) (*out[directoryBody], error) {
	b := directoryOf(x.People(), x.Directories.Version())
	if !viewerOf(ctx).hasAny(administrators) {
		for i := range b.People {
			b.People[i].Mobile = ""
		}
	}
	return &out[directoryBody]{b}, nil
}

type putDirectoryInput struct {
	Dry  bool `query:"dry_run" doc:"Say only what would change."`
	Body directoryBody
}

func (x *site) putDirectory(ctx context.Context, in *putDirectoryInput) (*out[directoryVersionBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	v, err := x.Directories.Revise(ctx, in.Body.directory(), in.Body.Version, viewerOf(ctx).or("api token"), in.Dry)
	if faults, ok := errors.AsType[cases.Faults](err); ok {
		details := make([]error, len(faults))
		for i, f := range faults {
			location := "body"
			if f.Path != "" {
				location += "." + f.Path
			}
			details[i] = &huma.ErrorDetail{Location: location, Message: f.Text}
		}
		return nil, huma.Error422UnprocessableEntity("the directory cannot work", details...)
	}
	if errors.Is(err, cases.ErrStale) {
		return nil, huma.Error409Conflict("there is a newer version than the one this was made from; read it again")
	}
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[directoryVersionBody]{versionOf(v)}, nil
}

type versionsInput struct {
	Before int `query:"before" minimum:"0" doc:"Only older ones than this."`
	Limit  int `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type versionsBody struct {
	Versions []directoryVersionBody `json:"versions" nullable:"false"`
}

func (x *site) listVersions(ctx context.Context, in *versionsInput) (*out[versionsBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	all, err := x.Store.DirectoryHistory(ctx, in.Before, in.Limit)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[versionsBody]{versionsBody{mapped(all, versionOf)}}, nil
}

type versionInput struct {
	Version int `path:"version" minimum:"1"`
}

func (x *site) getVersion(ctx context.Context, in *versionInput) (*out[directoryBody], error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	v, err := x.Store.Directory(ctx, in.Version)
	if err := x.problem(err); err != nil {
		return nil, err
	}
	return &out[directoryBody]{directoryOf(v.Directory, v.Version)}, nil
}
