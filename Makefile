# make alone lists the targets. What each does stands in the scripts below tools/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
FUZZTIME ?= 30s
BENCHTIME ?= 1s
PKG ?= ./...
export GOTOOLCHAIN ?= local

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## find or install the real servers, clients and checkers that tests use
	@tools/setup

check: ## format, vet, staticcheck, generated files, imports and words: two minutes at most once caches are warm
	@tools/check

test: ## setup, check, then every test, and packages with goroutines again under the race detector
	@tools/setup || [ "$${CI:-}" != true ]
	@tools/check
	@go run -C tools ./runtests

bench: ## every benchmark, BENCHTIME=1s each; PKG=./internal/fhirjson for one package
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -p 1 $(PKG)

bench-hostile: ## p99 of other callers while the upstream and eight clients are hostile, by that without
	go test -run '^$$' -bench OthersBeside -benchtime 3x -p 1 ./internal/door/fhir

bench-door: ## the FHIR door beside httputil.ReverseProxy, processes of their own, as a table; BENCH_DOOR=3s a round
	@BENCH_DOOR=$${BENCH_DOOR:-3s} go test -run '^$$' -bench BesideProxy -benchtime 1x ./internal/serve

bench-cutoff: ## from taking a right away to the last byte, 200 open streams, each way there is: five minutes
	@go test -run '^$$' -bench CutOff -benchtime 1x -timeout 15m ./internal/serve

fuzz: ## every fuzz target for FUZZTIME=30s each; what is found stays in testdata/fuzz
	@tools/fuzz $(FUZZTIME) $(PKG)

defects: ## plant each known fault of enforcement and see its test fail; so does make test
	@set -o pipefail; go test -count=1 -v -run 'TestEveryDefectIsKilled|TestTheShippedBinary' ./internal/defect | grep -E -e '(killed by|it lives|red:|^(---|ok|FAIL))'

demo: ## a synthetic hospital with the gate before it
	go run ./cmd/modicum demo

soak: ## tests that last as long as they are given (testkit.Soak): SOAK=10m each, real parts required; Ctrl-C ends it
	MODICUM_SOAK=$${SOAK:-10m} MODICUM_REQUIRE_REAL=1 go test -count=1 -p 1 -timeout 0 $(PKG)

lint: ## golangci-lint with .golangci.yml; its first build takes some minutes
	go tool -modfile=tools/lint/go.mod golangci-lint run

.PHONY: help setup check test bench bench-hostile bench-door bench-cutoff fuzz defects demo soak lint
