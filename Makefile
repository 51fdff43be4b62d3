# Everything a contributor runs. It needs Python 3.11 or newer and make, and installs the rest into .venv/.
#
#   make PYTHON=/path/to/python3.12 test      pick the interpreter
#   make PORT=9090 ui                         pick the port of Airflow's web interface

PYTHON ?= python3
PORT ?= 8080
PYTEST_ARGS ?=

# A process for each processor; a file's tests stay in one, since they share servers and the matrix of faults.
PARALLEL := -n auto --dist loadfile

TOOLS := .venv/tools
UV := $(TOOLS)/bin/uv
AIRFLOW_3 := .venv/airflow-3.3
AIRFLOW_2 := .venv/airflow-2.11
BENCH := .venv/bench
PINS := requirements
SMOKE := 3.3.2 3.1.8
BENCHMARKS := import_time client_time ceiling four_processes share_simulation memory mapped_tasks

# The distribution is built with pinned build tools as well.
BUILD := --build-constraints $(PINS)/tools.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo ui quick test test-3.3 test-2.11 test-release-days test-matrix lint reliability kill-bulk bench bench-import bench-client bench-ceiling bench-four bench-share bench-mapped bench-memory wheel pins pins-release-days clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-zA-Z0-9_.-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(AIRFLOW_3)/.installed ## Run all operators twice against a local SmartRecruiters and print what changed
	@$(AIRFLOW_3)/bin/python scripts/demo.py

ui: $(AIRFLOW_3)/.installed ## Start Airflow's web interface with a local SmartRecruiters and the examples (PORT=8080)
	@$(AIRFLOW_3)/bin/python scripts/ui.py --port $(PORT)

test: lint test-3.3 test-2.11 test-release-days ## Lint, all tests on Airflow 3.3 and 2.11, each operator as of two release days

test-3.3: $(AIRFLOW_3)/.installed ## All tests on Airflow 3.3
	@echo "== tests on Airflow 3.3"
	@$(AIRFLOW_3)/bin/python -m pytest $(PARALLEL) $(PYTEST_ARGS)

test-2.11: $(AIRFLOW_2)/.installed ## All tests on Airflow 2.11
	@echo "== tests on Airflow 2.11"
	@$(AIRFLOW_2)/bin/python -m pytest $(PARALLEL) $(PYTEST_ARGS)

quick: $(AIRFLOW_3)/.installed ## The tests that need neither a real Airflow run nor a browser nor a server, on Airflow 3.3
	@$(AIRFLOW_3)/bin/python -m pytest --quick $(PARALLEL) $(PYTEST_ARGS)

test-release-days: $(SMOKE:%=.venv/release-day-%/.installed) ## Each operator in Airflow as it was installed on its release day
	@for version in $(SMOKE); do \
		echo "== each operator on Airflow $$version as of its release day"; \
		.venv/release-day-$$version/bin/python -m pytest -m smoke -n auto tests/use_cases tests/compatibility $(PYTEST_ARGS) || exit 1; \
	done

test-matrix: $(UV) ## Try the wheel on every Airflow and Python, write docs/compatibility.md (CELLS="3.1.8-py3.12 newest-*")
	@$(TOOLS)/bin/python scripts/matrix.py $(CELLS)

lint: $(AIRFLOW_3)/.installed ## Style (ruff), types (mypy) and import rules (import-linter)
	@echo "== style, types, import rules"
	@$(AIRFLOW_3)/bin/ruff check .
	@$(AIRFLOW_3)/bin/ruff format --check .
	@$(AIRFLOW_3)/bin/mypy
	@$(AIRFLOW_3)/bin/lint-imports

reliability: $(AIRFLOW_3)/.installed ## Let every fault meet every use case, and write docs/reliability.md
	@$(AIRFLOW_3)/bin/python scripts/reliability.py

kill-bulk: $(AIRFLOW_3)/.installed ## Kill the worker of a batch 20 times in a real Airflow, and see that nothing is lost or doubled
	@$(AIRFLOW_3)/bin/python scripts/kill_bulk.py

bench: $(BENCH)/.installed ## Run all benchmarks, one after the other, on a machine that has nothing else to do
	@failed=; for name in $(BENCHMARKS); do \
		echo "== $$name"; $(BENCH)/bin/python benchmarks/$$name.py || failed="$$failed $$name"; done; \
	[ -z "$$failed" ] || { echo "not met:$$failed"; exit 1; }

bench-import: $(BENCH)/.installed ## Measure what importing the operators costs, beside the http and slack providers
	@$(BENCH)/bin/python benchmarks/import_time.py

bench-client: $(BENCH)/.installed ## Measure what the client costs per write, beside a bare requests.Session call
	@$(BENCH)/bin/python benchmarks/client_time.py

bench-ceiling: $(BENCH)/.installed ## Measure how close one bulk task comes to the limit of the API
	@$(BENCH)/bin/python benchmarks/ceiling.py

bench-four: $(BENCH)/.installed ## Measure how close four bulk tasks that share a credential come to it together
	@$(BENCH)/bin/python benchmarks/four_processes.py

bench-share: $(BENCH)/.installed ## Simulate how processes without a store share the limit, beside AIMD
	@$(BENCH)/bin/python benchmarks/share_simulation.py

bench-mapped: $(BENCH)/.installed ## Measure one bulk task beside one mapped task per record, and beside a plain loop
	@$(BENCH)/bin/python benchmarks/mapped_tasks.py

bench-memory: $(BENCH)/.installed ## Measure what a bulk task over a file of 100,000 records takes in memory
	@$(BENCH)/bin/python benchmarks/memory.py

wheel: $(UV) ## Build the wheel and the source distribution into dist/
	@$(UV) build --quiet $(BUILD) --out-dir dist
	@ls dist

pins: $(UV) ## Resolve requirements/*.txt anew
	@echo "== resolving requirements/"
	@printf 'uv\nhatchling\neditables\n' | $(COMPILE) - --output-file $(PINS)/tools.txt
	@echo 'apache-airflow==3.3.2' | $(COMPILE) pyproject.toml - --extra emulator --group dev --group lint \
		--output-file $(PINS)/airflow-3.3.txt
	@echo 'apache-airflow==2.11.2' | $(COMPILE) pyproject.toml - --extra emulator --group dev \
		--output-file $(PINS)/airflow-2.11.txt
	@printf 'apache-airflow-providers-http\napache-airflow-providers-slack\nmatplotlib\n' | $(COMPILE) pyproject.toml - \
		--extra emulator --extra redis --extra postgres \
		--constraints $(PINS)/airflow-3.3.txt --output-file $(PINS)/bench.txt

# Airflow as people installed it: what the index had two days after its release, as its constraints file has it. This
# package and the tests come on top as of now, since pip does not upgrade what already satisfies. 3.0's own
# common-compat is too old for this package, so it goes, and with it what a newer one and the tests need newer.
RELEASE_DAYS := 2.11.2=2026-03-17 3.0.6=2025-09-01 3.1.8=2026-03-14 3.2.2=2026-06-01 3.3.2=2026-09-20

pins-release-days: $(UV) ## Resolve requirements/release-day-*.txt and lowest.txt anew
	@set -e; airflow=$$(mktemp); keep=$$(mktemp); trap 'rm -f "$$airflow" "$$keep"' EXIT; \
	for release in $(RELEASE_DAYS); do \
		version=$${release%=*}; echo "== resolving $(PINS)/release-day-$$version.txt"; \
		echo "apache-airflow==$$version" | $(COMPILE) - --exclude-newer "$${release#*=}T00:00:00Z" --output-file "$$airflow"; \
		grep -q 'common-compat==1\.[0-9]\.' "$$airflow" && old='common-compat==|^(asgiref|referencing)==' || old='^$$'; \
		grep -vE "$$old" "$$airflow" >"$$keep"; \
		$(COMPILE) pyproject.toml --extra emulator --group matrix --constraints "$$keep" \
			--output-file $(PINS)/release-day-$$version.txt; \
	done; \
	echo "== resolving $(PINS)/lowest.txt"; \
	printf 'apache-airflow-providers-common-compat==$(OLDEST_COMPAT)\nuniversal-pathlib<0.3\n' | \
		$(COMPILE) pyproject.toml - --extra emulator --resolution lowest-direct --output-file "$$keep"; \
	$(COMPILE) pyproject.toml --extra emulator --group matrix --constraints "$$keep" --output-file $(PINS)/lowest.txt

clean: ## Remove environments, caches, builds and what `make ui` and `make demo` left
	rm -rf .venv .airflow dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

COMPILE = $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make $@"

# Named, since the other direct dependencies at their lowest would let the newest one in. (And Airflow 2.11.0 lets in
# a universal-pathlib that it cannot work with.)
OLDEST_COMPAT = $(shell sed -n 's/.*apache-airflow-providers-common-compat>=\([0-9.]*\).*/\1/p' pyproject.toml)

# uv, from the tools' own environment: the one thing that pip installs.
$(UV): $(PINS)/tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; '$(PYTHON)' is older or missing. Name another: make PYTHON=python3.12"; exit 1; }
	@echo "== installing uv into $(TOOLS)"
	@$(PYTHON) -m venv $(TOOLS) || \
		{ echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check \
		"$$(grep '^uv==' $(PINS)/tools.txt)"
	@touch $@

# The newest Python that each Airflow takes.
.venv/%/.installed: NEWEST = 3.14
.venv/%-2.11/.installed .venv/%-2.11.2/.installed .venv/lowest/.installed .venv/%-3.0.6/.installed: NEWEST = 3.12
.venv/%-3.1.8/.installed: NEWEST = 3.13

# One environment: PYTHON itself where this Airflow supports it, else one that uv finds or downloads; then the
# pins, and this package from its sources.
.venv/%/.installed: $(PINS)/%.txt $(UV) pyproject.toml
	@python=$(TOOLS)/bin/python; \
	$$python -c 'import sys; sys.exit(sys.version_info[:2] > tuple(map(int, "$(NEWEST)".split("."))))' || \
		python='>=3.11,<=$(NEWEST).99'; \
	echo "== installing $(PINS)/$*.txt into .venv/$*"; \
	$(UV) venv --quiet --clear --python "$$python" .venv/$* || \
		{ echo "No Python from 3.11 to $(NEWEST) was found for $*. Install one, or name it: make PYTHON=python3.12"; exit 1; }
	@$(UV) pip sync --quiet --python .venv/$*/bin/python $(PINS)/$*.txt
	@$(UV) pip install --quiet --python .venv/$*/bin/python --no-deps $(BUILD) --editable .
	@touch $@
