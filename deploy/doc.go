// Package deploy holds what runs Shouwen and watches it: compose and systemd units,
// rules and alerts of Prometheus, routes of Alertmanager, dashboards of Grafana. There
// is no code in it but the tests that hold these files to what Shouwen exports.
package deploy
