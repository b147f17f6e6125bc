package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"shouwen/cases"
)

// Who may do what besides everybody's own work. Who has the API token and speaks for
// nobody may do everything.
var (
	supervisors    = []cases.Role{cases.RoleSupervisor, cases.RoleAdministrator}
	administrators = []cases.Role{cases.RoleAdministrator}
	joiners        = []cases.Role{cases.RoleSupervisor} // of calls
	listeners      = []cases.Role{cases.RoleSupervisor, cases.RoleAdministrator, cases.RoleAuditor, cases.RoleArbiter, cases.RoleComplaintCentre}
	accusers       = []cases.Role{cases.RoleSupervisor, cases.RoleAdministrator, cases.RoleAuditor, cases.RoleLeader, cases.RoleComplaintCentre}
	checkers       = []cases.Role{cases.RoleSupervisor, cases.RoleAdministrator, cases.RoleLeader}
	overseers      = []cases.Role{cases.RoleSupervisor, cases.RoleAdministrator, cases.RoleAuditor, cases.RoleLeader}
)

// permits are the operations of the API that users may ask for, with the roles it
// takes; none: everybody. Moves have a table of their own, in package cases. Commands
// to live calls are not here: phones give them.
var permits = map[string][]cases.Role{
	"list_cases": nil, "get_case": nil, "get_voicemail": nil, "list_callbacks": nil, "call_back": nil,
	"list_calls": nil, "get_agents": nil, "get_profile": nil, "get_directory": nil, "get_calendar": nil, "get_knowledge": nil,
	"put_directory": administrators, "list_directory_versions": administrators, "get_directory_version": administrators,
	"list_recordings": listeners, "list_recording_accesses": listeners, "list_voicemail_accesses": listeners, "get_recording_audio": listeners,
	"list_registers": overseers, "list_report_accesses": overseers, "get_register": overseers, "get_scorecards": overseers, "get_scorecard_file": overseers, "get_scorecard": nil, "get_rating": overseers, "get_proposals": accusers, "get_trace": overseers, "get_publication": overseers,
	"list_samples": overseers, "get_sample": overseers, "draw_sample": checkers, "check_sampled": checkers,
	"list_inspections": nil, "get_inspection": nil, "get_programme": nil, "get_inspection_file": overseers, "list_inspection_steps": overseers,
	"begin_inspection": nil, "attend_inspection": nil, "record_finding": nil, "report_rectified": nil, "check_rectified": nil, "conclude_inspection": nil, // whose it is, package cases says
	"get_call_quality": supervisors, "list_trunks": supervisors, "list_outside_calls": overseers, "set_agent_ready": supervisors, "pause_agent": supervisors, "extend_wrap_up": supervisors,
}

// may tells whether v may ask for an operation.
func (v viewer) may(operation string) bool {
	roles, listed := permits[operation]
	if kind, ok := strings.CutSuffix(operation, "_case"); ok && slices.Contains(cases.MoveKinds(), cases.MoveKind(kind)) {
		listed = true
	}
	return v.User == "" || listed && v.hasAny(roles)
}

// permit lets requests for operations pass that who asks may do.
func permit(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if !viewerOf(ctx.Context()).may(ctx.Operation().OperationID) {
			_ = huma.WriteErr(api, ctx, http.StatusForbidden, toldIn(ctx.Context()).word("not permitted")) // the client may be gone
			return
		}
		next(ctx)
	}
}

// permitted is permit for an operation that streams, which huma has no part in.
func permitted(operation string, serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !viewerOf(r.Context()).may(operation) {
			writeProblem(w, huma.NewError(http.StatusForbidden, languageTold(r.Header.Get("Accept-Language")).word("not permitted")))
			return
		}
		serve(w, r)
	}
}
