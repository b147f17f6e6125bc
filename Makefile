# Everything a newcomer types. Options go through ARGS: make run ARGS='--agents 20'.
ARGS ?=

.PHONY: build run demo test lint coverage fuzz bench bench-store benchmarks dashboards supervise clean

build:
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...

run: build
	.ci/install postgres
	bin/shouwen serve $(ARGS)

demo: build
	.ci/install postgres
	bin/shouwen demo $(ARGS)

test:
	.ci/install postgres cc sipp baresip promtool amtool espeak-ng curl jq uuidgen chromium
	@test -z "$$(gofmt -l .)" || { echo "not gofmt-clean:"; gofmt -l .; exit 1; }
	go vet ./...
	go test -race -count=1 -timeout 14m ./cmd/shouwen ./... # the longest first

lint:
	go tool -modfile=.ci/tools.mod staticcheck ./...
	go tool -modfile=.ci/tools.mod deadcode -test ./...

# Which rules no policy and no test cites; RULES is where the catalogue is.
RULES ?= ../shared
coverage:
	go run .ci/coverage.go $(RULES)

FUZZTIME ?= 3s
fuzz:
	.ci/install cc
	.ci/fuzz $(FUZZTIME)

# The server under load, as a table in Markdown (about 20 minutes); BENCHTIME is how long each load lasts.
BENCHTIME ?= 30s
bench: build
	.ci/install postgres
	@go run .ci/bench.go -for $(BENCHTIME)

# What PostgreSQL has to do among 1,000,000 cases, as another such table (minutes).
bench-store:
	.ci/install postgres
	@go run .ci/bench.go -store

# The parts of it by themselves.
benchmarks:
	.ci/install postgres
	go test -run '^$$' -bench . -benchmem ./...

# Writes the dashboards and checks them against Grafana's own types; the first time npm gets 500 MB.
RENDER = deploy/grafana/render
dashboards: $(RENDER)/node_modules/.package-lock.json
	go run ./deploy/grafana
	cd $(RENDER) && node validate.cjs ../dashboards/*.json

$(RENDER)/node_modules/.package-lock.json: $(RENDER)/package-lock.json
	.ci/install npm
	cd $(RENDER) && npm ci

# What supervisors see: a day on a Shouwen of its own, a Prometheus beside it, and pictures
# of the dashboards in bin/dashboards (about 12 minutes).
supervise: build $(RENDER)/node_modules/.package-lock.json
	.ci/install postgres promtool chromium cjk
	go run .ci/supervise.go $(ARGS)

clean:
	rm -rf bin
