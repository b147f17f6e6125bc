// Package profile reads what an organisation can set about its cases: calendars and
// policies (profiles, to their users), in YAML. Those that come with Shouwen are
// embedded; one's own extends or replaces them.
package profile
