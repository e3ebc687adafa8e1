# Each target makes its own virtual environment, .venv, when there is none. Works with GNU make 3.81, which macOS has.
#
#   TARGET  the aggregator to test: host:port, a name, …; the reference when empty. Of fuzz: one of fuzz/statsd_fuzz
#   ARGS    more arguments for pytest, or for the benchmark
#   JOBS    test processes
#   SECONDS how long each fuzz target runs
#   PYTHON  the Python to make .venv with; the newest on PATH when empty

TARGET ?=
ARGS ?=
JOBS ?= auto
SECONDS ?= 60
export PYTHON

STAMP := .venv/made-from-pyproject

FUZZ_TARGETS := $(shell grep -l 'fuzz.check, SEEDS' fuzz/statsd_fuzz/*.py | xargs -n1 basename -s .py)

KNOWN := reference statsd collectd brubeck statsite netdata gostatsd statsd_exporter telegraf veneur

.PHONY: help conformance test fuzz spec defects defects-fuzz corpora matrix pictures bench peers lint clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' Makefile

conformance: $(STAMP) ## test an aggregator: make conformance TARGET=127.0.0.1:8125 ARGS=-v; the reference without TARGET
	@.venv/bin/pytest conformance $(if $(TARGET),--target='$(TARGET)') $(ARGS)

test: $(STAMP) ## run the project's own tests
	@.venv/bin/pytest tests -n $(JOBS) --dist loadgroup -rs $(ARGS)

fuzz: $(STAMP) ## fuzz our own code with Atheris: make fuzz TARGET=parse_datagram SECONDS=600; every target without TARGET
	@.venv/bin/python -c 'import atheris' 2>/dev/null || bash .ci/venv .venv -e '.[test,fuzz]'
	@for target in $(or $(TARGET),$(FUZZ_TARGETS)); do \
		echo "$$target, $(SECONDS) s:"; mkdir -p .fuzz/$$target; \
		.venv/bin/python -m statsd_fuzz.$$target -max_total_time=$(SECONDS) -timeout=20 $(ARGS) \
			> .fuzz/$$target.log 2>&1 && tail -1 .fuzz/$$target.log || { tail -40 .fuzz/$$target.log; exit 1; }; \
	done

spec: $(STAMP) ## write the catalogue of requirements, conformance/SPEC.md, from the cases
	@.venv/bin/statsd-conformance spec conformance/SPEC.md

defects: $(STAMP) ## plant the mistakes of real servers, and print which cases find them
	@PYTHONPATH=tests .venv/bin/python -m defects

defects-fuzz: $(STAMP) ## plant them in servers, and print how long a search over the wire takes to find each; half an hour
	@PYTHONPATH=tests .venv/bin/python -m defects.fuzzing --svg docs/defects-fuzz.svg $(ARGS)

corpora: $(STAMP) ## make the recordings in corpora anew; make peers comes first, for those of client libraries
	@PYTHONPATH=tests .venv/bin/python -m recorded

matrix: $(STAMP) ## try every known implementation that is installed, and write docs/matrix.md
	@for target in $(KNOWN); do \
		.venv/bin/pytest conformance -q --target=$$target --report=.conformance/matrix/$$target | tail -1; \
	done
	@{ cat docs/matrix.head.md; .venv/bin/statsd-conformance report \
		$(foreach target,$(KNOWN),.conformance/matrix/$(target)/results.jsonl); } > docs/matrix.md

pictures: $(STAMP) ## make the pictures in docs from real runs; make peers comes first
	@.venv/bin/python docs/pictures.py

bench: $(STAMP) ## measure speed and memory beside the real servers
	@.venv/bin/python tests/bench/run.py $(ARGS)

peers: ## install the real servers and client libraries that package managers offer; needs root or sudo where apt is used
	@bash .ci/peers

lint: $(STAMP) ## check style, format and types
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

clean: ## remove what make and the tools made in this folder
	rm -rf .venv .peers .conformance .fuzz build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find reference conformance fuzz corpora tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml
	@bash .ci/venv .venv -e '.[test]'
	@touch $@
