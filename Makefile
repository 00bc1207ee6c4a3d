# Every command a contributor needs. Node comes from the npm package `node`, never from the system.
SHELL := /bin/sh
BIN := node_modules/.bin
VITEST := $(BIN)/node $(BIN)/vitest run
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup build site test-docs up down status test lint format generate bench bench-cluster bench-lifecycle bench-query e2e e2e-apiserver e2e-cluster test-attacks test-chart test-install image test-image sim programs bucket lifecycle promql check-generated

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

node_modules/.package-lock.json: package-lock.json package.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

setup: node_modules/.package-lock.json ## Install the dependencies

build: setup ## Bundle src/ into dist/
	@node hack/build.ts

image: setup ## Build the container image as an OCI archive in dist/, without Docker or a registry
	@node hack/image/main.ts

test-image: setup ## Build the image twice and look into it
	@node hack/suites.ts image

test-chart: setup ## Hold the Helm chart against Helm, kustomize and its own source
	@node hack/suites.ts chart

test-install: setup ## Hold the chart and every account's rights against a real kube-apiserver
	@node hack/suites.ts install

e2e-cluster: setup build ## Install, break, upgrade and purge in a real cluster: kind, or one node built here (root)
	@node hack/suites.ts cluster

site: setup ## Build the documentation as a site with search in dist/site
	@node hack/site/main.ts

test-docs: setup build ## Build the site, and run every command of the documentation
	@node hack/site/main.ts
	@node hack/suites.ts docs

up: setup ## Run the quickstart here: stack, rules, routes, one firing alert, one silence
	@bin/promfleet local up -f examples/quickstart

down: setup ## Stop the quickstart and remove its data
	@bin/promfleet local down

status: setup ## Show stacks, rule sets, routes and silences
	@bin/promfleet status

test: setup build ## Run unit tests and the suites with real Prometheus and Alertmanager
	@node hack/suites.ts unit sim programs

lint: setup ## Check format, lint rules, types, unused code and generated files
	@npm run --silent lint
	@$(MAKE) --no-print-directory check-generated

format: setup ## Format the sources
	@npm run --silent format

generate: setup ## Write CRDs, reference pages and the error catalogue from their sources
	@npm run --silent generate

check-generated: setup ## Fail where a generated file differs from its source
	@npm run --silent generate -- --check

bench: setup build ## Print the figures: apply to loaded, operator at 10,000 rule sets, start to ready
	@npm run --silent bench

bench-cluster: setup build ## Print the figures of a whole cluster: install, apply to loaded, rest
	@node test/bench/cluster/main.ts

bench-query: setup build ## Print the speed of queries beside a real Prometheus's on the same blocks
	@node test/bench/query/main.ts

e2e: setup build ## Run the quickstart end to end with faults
	@node hack/suites.ts e2e

test-attacks: setup build ## Try what a tenant's pod may try on every port of a stack with certificates
	@node hack/suites.ts attacks

e2e-apiserver: setup build ## Run the API suite on the local and on a real kube-apiserver
	@node hack/suites.ts apiserver

bench-lifecycle: setup build ## Print the speed of compaction and downsampling beside a real Thanos's on the same blocks
	@node test/bench/lifecycle/main.ts

lifecycle: setup ## Compaction and downsampling against a real Thanos on the same blocks
	@node hack/suites.ts lifecycle

bucket: setup ## Hold the S3 adapter against a real S3 server
	@node hack/suites.ts bucket

promql: setup ## Compare PromQL with real promtools on a generated corpus
	@node hack/suites.ts promql
