package cases

import "slices"

// askedBy are the rules that ask for a field to be on record (C05, C34).
var askedBy = map[Field][]string{
	FieldChannel:     {"S02-R2", "S06-R1", "S15-R1"},
	FieldContactTime: {"S02-R12"},
	FieldFirstAsker:  {"S04-R4", "S05-R3", "S19-R5", "S33-R4"},
	FieldCallerPhone: {"S02-R12", "S04-R4", "S06-R10", "S11-R6", "S11-R10", "S12-R7", "S13-R6", "S16-R3", "S23-R14", "S24-R7", "S27-R4", "S30-R7", "S33-R4", "S34-R7"},
	FieldCallerName:  {"S02-R12", "S04-R4", "S05-R8", "S06-R10", "S07-R4", "S11-R10", "S12-R7", "S13-R6", "S16-R3", "S24-R7", "S30-R7", "S33-R4", "S34-R7"},
	FieldReadBack:    {"S02-R13", "S30-R12"},
	FieldContent:     {"S02-R12", "S04-R4", "S05-R8", "S06-R10", "S07-R4", "S16-R3", "S24-R7", "S30-R7", "S33-R4", "S34-R7"},
	FieldClass:       {"S05-R8"},
	FieldResult:      {"S02-R15", "S04-R4", "S06-R12", "S07-R4", "S19-R8", "S30-R12"},

	"address":   {"S04-R4", "S05-R8", "S06-R10", "S16-R3", "S33-R4"},
	"building":  {"S05-R8"},
	"room":      {"S05-R8", "S30-R7"},
	"work_unit": {"S04-R4", "S07-R4", "S16-R3", "S34-R7"},

	"matter_type": {"S01-R1", "S14-R1", "S36-R4"},
	"urgency":     {"S23-R9"},
	"requester":   {"S08-R5"},
	"study":       {"S23-R8"},

	"answer":        {"S02-R15", "S16-R3"},
	"department":    {"S02-R9", "S06-R7", "S13-R6", "S30-R8"},
	"person":        {"S04-R2", "S07-R7", "S33-R5"},
	"contact_given": {"S02-R9", "S06-R13", "S15-R6", "S34-R8"},
	"caller_told":   {"S01-R10", "S13-R6"},
	"promised":      {"S04-R7", "S06-R8", "S28-R3"},
	"estimate":      {"S09-R6"},
	"solved_time":   {"S09-R8"},
	"manner":        {"S09-R8"},
	"external_unit": {"S06-R13", "S15-R6"},

	"materials":     {"S07-R7", "S17-R10"},
	"objects":       {"S27-R4"},
	"completeness":  {"S11-R14", "S17-R10"},
	"pre_review":    {"S21-R2"},
	"vouchers":      {"S32-R2"},
	"funds":         {"S32-R3"},
	"appointment":   {"S32-R3", "S32-R4"},
	"fee_receipt":   {"S21-R4"},
	"permit":        {"S21-R4"},
	"policy_number": {"S17-R7"},

	"number_spoken":  {"S30-R13"},
	"number_dialled": {"S30-R16"},
	"told_to":        {"S30-R18"},
	"handover_note":  {"S30-R12"},

	"caller_signature":     {"S17-R13", "S28-R8"},
	"leader_signature":     {"S25-R3"},
	"handler_signature":    {"S33-R9"},
	"department_signature": {"S33-R9"},
	"manager_copy":         {"S33-R4"},
	"loss_statement":       {"S17-R13"},

	"evidence":          {"S01-R7", "S24-R11"},
	"verification":      {"S01-R6"},
	"verified_by":       {"S01-R6"},
	"reason":            {"S18-R7", "S23-R17", "S25-R3"},
	"reason_code":       {"S02-R8"},
	"opinion":           {"S33-R13"},
	"proposal":          {"S11-R12"},
	"approver":          {"S21-R6", "S23-R17"},
	"new_responsible":   {"S21-R6"},
	"consulted_leader":  {"S02-R6", "S12-R5"},
	"archive_number":    {"S25-R3"},
	"receipt_number":    {"S19-R5"},
	"pickup_entry":      {"S19-R8"},
	"complaint_form":    {"S33-R16"},
	"first_asker_entry": {"S02-R15"},

	"special_report":     {"S05-R13"},
	"work_record":        {"S05-R13"},
	"order":              {"S05-R11"},
	"plan":               {"S05-R11", "S20-R4"},
	"leader_instruction": {"S05-R12"},
	"owner_confirmation": {"S05-R10", "S05-R17"},
	"important_record":   {"S06-R16"},
	"written_report":     {"S06-R11"},

	"coordinator": {"S21-R5", "S25-R5", "S33-R7"},
	"sections":    {"S11-R7"},
	"joint_limit": {"S24-R26"},
	"leader":      {"S20-R4"},
	"team":        {"S20-R4"},
	"time_limit":  {"S20-R5"},
	"arrangement": {"S20-R5"},
	"supervision": {"S20-R5"},
	"summary":     {"S20-R5"},

	"visit_record": {"S06-R18", "S30-R11"},
	"notice":       {"S24-R14"},
	"dress":        {"S23-R15"},
}

// Rules returns the rules that ask for f to be on record, sorted.
func (f Field) Rules() []string { return slices.Clone(askedBy[f]) }
