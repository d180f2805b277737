# `make` lists the targets. Everything a target needs it installs itself on a fresh Debian with Rust.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Kills of `make crash-loop`, images of `make power-loss`, connections of `make short-connections`, rows of `make bench` and what
# else it measures (see docs/benchmarks).
KILLS ?= 500
IMAGES ?= 1000
CONNECTIONS ?= 100000
ROWS ?= 1000000
BENCH ?=
# Features of `make release`; `vrl` checks Vector's programs with Vector's compiler.
FEATURES ?=

.PHONY: help quickstart serve test test-all test-vrl lint fmt crash-loop power-loss short-connections many-topics large-configuration heavy-clients bench micro-bench dialect-expected release deny setup setup-build setup-clients setup-bench

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

quickstart: setup-build ## Build, start a server with sample logs, show queries worth trying (Ctrl-C stops it)
	cargo run --locked --profile quick --bin strata -- quickstart

serve: setup-build ## Build, start a server on ./strata-data
	cargo run --locked --profile quick --bin strata -- serve --data-dir strata-data

test: setup lint ## Format, lints, all tests, a crash loop of 25 kills: what must pass before a change lands
	cargo nextest run --locked --workspace --no-fail-fast

test-vrl: setup ## What a build that checks Vector's programs does more; it compiles everything once more
	SLT=etl_vector cargo nextest run --locked -p strata -p strata-connectors --features vrl --lib --test vector --test slt_over_the_wire \
		-E 'test(component::vector) or binary(vector) or test(every_slt_file)'

test-all: test test-vrl crash-loop power-loss short-connections heavy-clients deny ## `test`, a crash loop of 500 kills, 1,000 power cuts, 100,000 connections, large clients, dependency checks

crash-loop: ## Kill a real server KILLS times and check every acknowledged record (KILLS=500)
	STRATA_KILLS=$(KILLS) cargo nextest run --locked --test crash_loop --no-capture

power-loss: ## Record a real server's file operations, cut its power IMAGES times, check every image (IMAGES=1000)
	STRATA_POWER_LOSS_IMAGES=$(IMAGES) cargo nextest run --locked --test power_loss --no-capture

short-connections: ## Open CONNECTIONS connections one after the other and see that nothing stays behind (CONNECTIONS=100000)
	STRATA_SHORT_CONNECTIONS=$(CONNECTIONS) cargo nextest run --locked --test hostile --no-capture -E 'test(short_connections)'

heavy-clients: setup setup-clients ## Clients that are large, or read millions of rows, against a release build
	cargo build --locked --release --bin strata
	target=$$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'); \
	STRATA_HEAVY_CLIENTS=1 STRATA_BINARY="$$target/release/strata" cargo nextest run --locked --test clients --test-threads 1 --no-fail-fast \
		-E 'test(five_million) or test(browsers)'

many-topics: ## 10,000 topics with a record every few seconds for two minutes, on a release build
	cargo build --locked --release --bin strata --example many_topics
	target=$$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'); \
	"$$target/release/examples/many_topics" "$$target/release/strata"

large-configuration: setup-build ## 1,000 layers, 10,000 rules, 200 simulated sidecars: folds, plans, files and a rollout timed, on a release build
	cargo build --locked --release --example configuration_at_scale
	target=$$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'); \
	"$$target/release/examples/configuration_at_scale"

bench: setup-bench ## A release build beside ClickHouse on ROWS sample records, and the latency of small writes (BENCH=--cold, --prose, ...)
	cargo build --locked --release --bin strata --example small_writes
	bench/.venv/bin/python -B -m unittest discover -s bench
	target=$$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'); \
	bench/.venv/bin/python -B bench --binary "$$target/release/strata" --rows $(ROWS) $(BENCH); \
	"$$target/release/examples/small_writes" "$$target/release/strata"

micro-bench: setup-build ## Micro benchmarks of the storage: index build, probe, postings, decoding, appending to the log
	cargo bench --locked -p strata-storage --bench micro

dialect-expected: ## Ask a PostgreSQL 15 every statement of tests/dialect anew and write its answers (installs postgresql-15)
	@.ci/setup dialect
	python3 -B tests/dialect/expected.py

lint: ## rustfmt and clippy, warnings are errors
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

fmt: ## Format the source
	cargo fmt --all

deny: ## Licences, advisories, duplicate and banned dependencies (installs cargo-deny)
	command -v cargo-deny > /dev/null || cargo install cargo-deny --locked
	cargo deny --all-features check licenses bans sources

release: setup-build ## The binary that is measured and shipped: target/release/strata (FEATURES=vrl)
	cargo build --locked --release --bin strata --features '$(FEATURES)'

setup-build: ## Install what a build needs: a C compiler
	@.ci/setup build

setup: ## Install what the tests need: C compiler, psql, strace, etcd, rsyslog, prometheus, tansu, PostgreSQL clients, cargo-nextest
	@.ci/setup test

setup-clients: ## Install what `make heavy-clients` needs: a JDK, Chromium, Spark, Superset, pgAdmin (about 2.5 GB)
	@.ci/setup clients

setup-bench: setup-build bench/.venv/installed ## Install what `make bench` needs: Python packages, ClickHouse (chdb) among them, into bench/.venv

bench/.venv/installed: bench/requirements.txt
	@.ci/setup bench
	python3 -m venv bench/.venv
	bench/.venv/bin/pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	touch $@
