# Everything that is done to this repository more than once. "make" alone says
# what there is; CI calls only these.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export PATH := $(CURDIR)/.cache/node/bin:$(PATH)

PACKAGES := ./...
# The outside programs that the tests drive are too slow for every "go test".
TAGS     := conformance nextapp record soak checker
RACE     := ./internal/...
FUZZTIME ?= 2000x
SOAK     ?= 60s
# How many reads the checker makes at least, and makes in a soak.
READS    ?= 100000
SOAKED   ?= 1000000
# Of bench-peers: how often and how long each peer is measured, and which cases
# of bench/peers/cases.go; empty for all. OBJECTS is how many edge stores where
# memory is measured. FRESH=1 forgets earlier results.
ROUNDS   ?= 5
SECONDS  ?= 2
OBJECTS  ?= 1000000
CASES    ?=
# Of bench-memory: cache.memory of the large store in MiB, windows of 5 s.
CACHE    ?= 4096
WINDOWS  ?= 5
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# A download may fail once, for reasons that are over in a moment.
npm_install := install() { npm install --no-save --no-audit --no-fund; }; install || { sleep 5; install; } || { sleep 20; install; }

staticcheck := go tool -modfile=tools/go.mod staticcheck
benchstat   := go tool -modfile=tools/go.mod benchstat

.PHONY: help
help: ## print the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: build
build: ## build bin/edge
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w -X main.version=$(VERSION)' -o bin/edge ./cmd/edge

.PHONY: demo
demo: build ## run edge in front of an example; CHECK=1 tries it out and ends
	bin/edge demo $(if $(CHECK),--check)

.PHONY: test
test: ## run every stage below but the benchmarks and soak, with what they need installed
	.ci/test

.PHONY: check
check: fmt vet lint unit ## the quick ones: fmt, vet, lint and unit

.PHONY: fmt
fmt: ## say which files are not formatted
	@files=$$(git ls-files -co --exclude-standard '*.go' | xargs -r gofmt -l); \
	if [ -n "$$files" ]; then echo "gofmt -w these:"; echo "$$files"; exit 1; fi

.PHONY: vet
vet: ## go vet, with all build tags
	go vet -tags '$(TAGS)' $(PACKAGES)

.PHONY: lint
lint: ## staticcheck, with all build tags
	$(staticcheck) -tags '$(TAGS)' $(PACKAGES)

.PHONY: unit
unit: ## all tests that need nothing but Go
	go test $(PACKAGES)

.PHONY: race
race: ## the packages of edge under the race detector
	go test -race $(RACE)

.PHONY: fuzz
fuzz: ## every fuzz target, FUZZTIME (2000x) each
	@go test -list '^Fuzz' ./internal/... | awk '\
		/^Fuzz/ { targets[++n] = $$1 } \
		/^ok/   { for (i = 1; i <= n; i++) print $$2, targets[i]; n = 0 }' | \
	while read -r package target; do \
		echo "$$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime '$(FUZZTIME)' "$$package" </dev/null; \
	done

.PHONY: bench
bench: ## plan, hit and miss against bench/baseline.txt; UPDATE=1 writes that anew
	@mkdir -p .cache
	go test -run '^$$' -bench '^Benchmark(Plan|Hit|Miss|Pass|Judge|Lookup|FromHTTP|Parse)' -benchmem -count=6 -benchtime=300ms \
		./internal/request ./internal/rfc9111 ./internal/policy ./internal/cache ./internal/proxy >.cache/bench.txt
	@echo "old: bench/baseline.txt, last written by commit $$(git log -1 --format='%h of %as' -- bench/baseline.txt); new: this tree, $(VERSION)."
	@echo "Read B/op and allocs/op. sec/op says something only if both were measured on one quiet machine."
	$(if $(UPDATE),cp .cache/bench.txt bench/baseline.txt,$(benchstat) bench/baseline.txt .cache/bench.txt)

.PHONY: bench-peers
bench-peers: build ## edge beside NGINX, HAProxy, Varnish and Traffic Server; writes docs/performance.md
	bench/peers/install
	go build -buildvcs=false -o .cache/bench-peers/peers ./bench/peers
	.cache/bench-peers/peers -rounds '$(ROUNDS)' -seconds '$(SECONDS)' -objects '$(OBJECTS)' -cases '$(CASES)' $(if $(FRESH),-fresh)

.PHONY: bench-memory
bench-memory: build ## what OBJECTS (1000000) of 1 KiB and a full store of CACHE MiB (4096) take and do; writes docs/performance.md
	@mkdir -p .cache
	go build -o .cache/bench-memory ./bench/memory
	.cache/bench-memory -cache '$(CACHE)' -objects '$(OBJECTS)' -windows '$(WINDOWS)'

.PHONY: bench-ratio
bench-ratio: ## hits of the store beside an exact LRU, on drawn traces; writes docs/performance.md
	go run ./bench/ratio

.PHONY: e2e
e2e: ## stories, bad input and the wire, through the built binary
	go test -count=1 ./e2e/...

.PHONY: conformance
conformance: e2e/conformance/node_modules/.package-lock.json ## the public HTTP caching tests; UPDATE=1 keeps what is better
	go test -count=1 -tags conformance ./e2e/conformance $(if $(UPDATE),-update)

.PHONY: nextapp
nextapp: e2e/nextapp/.next/BUILD_ID ## a real Next.js server behind edge, a browser, the package edge-cache; prints times and bytes
	cd integrations/nextjs && node --test
	go test -count=1 -v -run TestCorpus ./internal/nextjs
	go test -count=1 -v -timeout 0 -tags nextapp ./e2e/nextapp

.PHONY: deploy
deploy: ## what is in deploy/, read by the programs it is for
	cd e2e/deploy && go test -count=1 ./...

.PHONY: mutants
mutants: ## break edge on purpose: each break must be caught
	go run ./e2e/mutants

.PHONY: checker
checker: ## three edges and what can happen to them: no purge is lost in READS (100000) reads
	go test -v -count=1 -tags checker ./e2e/race -run TestFleet -reads '$(READS)'

.PHONY: purge-report
purge-report: ## how long a purge takes to the last of three edges while 1 MiB values flow through the tier
	go test -v -count=1 -tags checker ./e2e/race -run TestPurgeLatency -bar 50ms

.PHONY: soak
soak: ## load, reloads and purges for SOAK (60s), a stream of 1 GiB, and the checker with 1000000 reads
	go test -v -count=1 -timeout 0 -tags soak ./e2e/soak -duration '$(SOAK)'
	go test -v -count=1 -timeout 0 -tags checker ./e2e/race -run TestFleet -reads '$(SOAKED)'

.PHONY: docs
docs: ## write the generated files anew
	go test $$(git grep -l 'flag.Bool("update"' -- 'internal/*_test.go' 'cmd/*_test.go' 'bench/scaling/*_test.go' | xargs -n1 dirname | sort -u | sed 's,^,./,') -run 'Generated|Docs' -update

.PHONY: clean
clean: ## remove what was built or installed
	rm -rf bin .cache e2e/*/node_modules e2e/nextapp/.next

# Not npm ci: it refuses a lock file that lacks the optional packages of systems
# that the registry at hand has no builds for. This installs what is locked, too.
e2e/%/node_modules/.package-lock.json: e2e/%/package-lock.json
	cd e2e/$*; $(npm_install)
	touch $@

# npm copies the package from beside the application; a newer copy needs a push.
e2e/nextapp/node_modules/edge-cache/package.json: $(shell git ls-files -co --exclude-standard 'integrations/nextjs/*.js' 'integrations/nextjs/*.json') e2e/nextapp/node_modules/.package-lock.json
	rm -rf $(@D)
	cd e2e/nextapp; $(npm_install)
	touch $@

e2e/nextapp/.next/BUILD_ID: e2e/nextapp/node_modules/edge-cache/package.json $(shell git ls-files -co --exclude-standard 'e2e/nextapp/*.ts' 'e2e/nextapp/*.tsx' 'e2e/nextapp/*.json' | grep -v '\[')
	cd e2e/nextapp && NEXT_TELEMETRY_DISABLED=1 npx next build
	touch $@
