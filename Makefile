# The commands for contributors. Requires Python 3.11 or newer and make; installs everything else into .venv/.
#
#   make PYTHON=/path/to/python3.12 test      choose the interpreter
#   make PORT=9090 ui                         choose the port of Airflow's web UI

PYTHON ?= python3
PORT ?= 8080
PYTEST_ARGS ?=
CLUSTER_ARGS ?=

# Some machines switch bytecode off for all of Python. Then each process compiles all of Airflow anew, which takes longer
# than most tests.
export PYTHONDONTWRITEBYTECODE :=

# Three processes per processor, because most of the time a test waits: for an Airflow, a browser, a time limit. The tests of
# a file stay in one process, because they share servers. Files that wait the longest begin first (tests/conftest.py).
# Quick tests do not wait.
PARALLEL = -n $(shell $(PYTHON) -c 'import os; print($(1) * (os.cpu_count() or 1))') --dist loadfile --no-loadscope-reorder

# Alone, since its exchanges end after a second: beside other tests on two processors, some would for no other reason. The
# first run takes both processors by itself; in the second, each file takes one.
MATRIX := tests/reliability/test_matrix.py tests/reliability/test_document.py
MATRIX_TOO := tests/reliability/test_undeclared.py tests/reliability/test_reading.py

# What runs nothing of Airflow (an import rule of `make lint`), and so is the same on every version of it.
WITHOUT_AIRFLOW = $(MATRIX) $(MATRIX_TOO) tests/api tests/contract tests/emulator tests/security/test_network.py tests/security/test_search.py \
	tests/security/test_urllib3_logs.py tests/docs/test_docs_check.py tests/docs/test_docstrings.py tests/system/test_shots.py tests/system/test_cluster.py \
	tests/use_cases/test_error_page.py tests/test_exceptions.py tests/test_contributing.py tests/test_compatibility_page.py \
	$(addprefix tests/properties/test_, changes.py emulator_bodies.py judge.py reads.py reprs.py resends.py rules.py schemathesis.py) \
	$(addprefix tests/reliability/test_, deadlines.py token_life.py two_writers.py)

TOOLS := .venv/tools
UV := $(TOOLS)/bin/uv
AIRFLOW_3 := .venv/airflow-3.3
AIRFLOW_2 := .venv/airflow-2.11
CLUSTER := .venv/cluster
BENCH := .venv/bench
PINS := requirements
SMOKE := 3.3.2 3.1.8
BENCHMARKS := import_time client_time ceiling four_processes share_simulation scale_simulation memory mapped_tasks deferred_sensors

# The distribution is built with pinned build tools, too.
BUILD := --build-constraints $(PINS)/tools.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo docs docs-logs ui cluster shots quick test checks test-cluster test-3.3 test-faults test-2.11 test-release-days test-matrix lint reliability errors kill-bulk kill-search kill-triggerer bench bench-import bench-client bench-ceiling bench-four bench-share bench-scale bench-mapped bench-memory bench-sensors wheel pins pins-release-days clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-zA-Z0-9_.-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(AIRFLOW_3)/.installed ## Run all operators twice against a local SmartRecruiters and print what changed
	@$(AIRFLOW_3)/bin/python scripts/demo.py

ui: $(AIRFLOW_3)/.installed ## Start Airflow's web UI with a local SmartRecruiters and the example DAGs (PORT=8080)
	@$(AIRFLOW_3)/bin/python scripts/ui.py --port $(PORT)

cluster: $(CLUSTER)/.installed ## Start Airflow with two Celery workers, Redis, PostgreSQL and a local SmartRecruiters (at a free port, or PORT=)
	@$(CLUSTER)/bin/python -m scripts.cluster $(if $(filter command%,$(origin PORT)),--port $(PORT))

shots: $(AIRFLOW_3)/.installed $(AIRFLOW_2)/.installed ## Take pictures of all forms, logs and pages into docs/images/, and fail if one is hard to read
	@$(AIRFLOW_3)/bin/python scripts/shots.py; new=$$?; $(AIRFLOW_2)/bin/python scripts/shots.py && exit $$new

test: checks test-3.3 test-faults test-2.11 test-release-days ## Run lint, build the docs, run all tests on Airflow 3.3 and 2.11, and each operator on two older installations

test-3.3: $(AIRFLOW_3)/.installed ## Run all tests but the fault matrix on Airflow 3.3
	@echo "== tests on Airflow 3.3"
	@$(AIRFLOW_3)/bin/python -m pytest $(call PARALLEL,3) $(patsubst %,--ignore %,$(MATRIX) $(MATRIX_TOO)) $(PYTEST_ARGS)

test-faults: $(AIRFLOW_3)/.installed ## Run every fault in every use case, wait and event on Airflow 3.3
	@echo "== the fault matrix"
	@$(AIRFLOW_3)/bin/python -m pytest $(MATRIX) $(PYTEST_ARGS)
	@$(AIRFLOW_3)/bin/python -m pytest -n 2 --dist loadfile $(MATRIX_TOO) $(PYTEST_ARGS)

test-2.11: $(AIRFLOW_2)/.installed ## Run all tests that meet Airflow on Airflow 2.11 (all there are: WITHOUT_AIRFLOW=)
	@echo "== tests on Airflow 2.11"
	@$(AIRFLOW_2)/bin/python -m pytest $(call PARALLEL,3) $(WITHOUT_AIRFLOW:%=--ignore %) $(PYTEST_ARGS)

quick: $(AIRFLOW_3)/.installed ## Run the tests that start no Airflow, browser or server and wait for nothing, on Airflow 3.3
	@$(AIRFLOW_3)/bin/python -m pytest --quick $(call PARALLEL,2) $(PYTEST_ARGS)

test-release-days: $(SMOKE:%=.venv/release-day-%/.installed) ## Run each operator on Airflow as installed on its release day
	@for version in $(SMOKE); do \
		echo "== each operator on Airflow $$version as installed on its release day"; \
		.venv/release-day-$$version/bin/python -m pytest -m smoke -n auto tests/use_cases tests/compatibility $(PYTEST_ARGS) || exit 1; \
	done

test-matrix: $(UV) ## Test the wheel on every Airflow and Python, write docs/compatibility.md (CELLS="3.1.8-py3.12 newest-*")
	@$(TOOLS)/bin/python scripts/matrix.py $(CELLS)

test-cluster: $(CLUSTER)/.installed ## Test operators, batches, kills, sensors and events in such a cluster, and search it for leaks (up to 20 minutes)
	@$(CLUSTER)/bin/python -m scripts.check_cluster $(CLUSTER_ARGS)

# Side by side, as each of the two takes one processor.
checks:
	@$(MAKE) --no-print-directory -j 2 lint docs

lint: $(AIRFLOW_3)/.installed ## Check style (ruff), types (mypy) and import rules (import-linter)
	@echo "== style, types, import rules"
	@$(AIRFLOW_3)/bin/ruff check .
	@$(AIRFLOW_3)/bin/ruff format --check .
	@$(AIRFLOW_3)/bin/mypy
	@$(AIRFLOW_3)/bin/lint-imports

reliability: $(AIRFLOW_3)/.installed ## Inject every fault into every use case, and write docs/reliability.md
	@$(AIRFLOW_3)/bin/python scripts/reliability.py

errors: $(AIRFLOW_3)/.installed ## Provoke every documented error code, and write docs/errors.md
	@$(AIRFLOW_3)/bin/python scripts/errors.py

docs: .venv/docs/.installed ## Build the docs into docs/_build/html; every warning is an error
	@.venv/docs/bin/python -m sphinx -W --keep-going -n -q -b html docs docs/_build/html
	@.venv/docs/bin/python -m scripts.docs_check docs/_build/html
	@echo "docs: docs/_build/html/index.html"

docs-logs: $(AIRFLOW_3)/.installed ## Run the DAGs of README.md and docs/, and write what they log into the pages
	@DOCS_WRITE=1 $(AIRFLOW_3)/bin/python -m pytest -q tests/docs/test_blocks.py -k test_python_runs

kill-bulk: $(AIRFLOW_3)/.installed ## Kill the worker of ten batches 20 times each in a real Airflow, and check that no write is lost or doubled
	@$(AIRFLOW_3)/bin/python scripts/kill_bulk.py

kill-search: $(AIRFLOW_3)/.installed ## Kill a search over 20,000 candidates 10 times, and check that every match is found exactly once
	@$(AIRFLOW_3)/bin/python scripts/kill_search.py

kill-triggerer: $(AIRFLOW_3)/.installed ## Kill the triggerer ten times during 1,000 changes, and check that each starts exactly one run
	@$(AIRFLOW_3)/bin/python scripts/kill_triggerer.py

bench: $(BENCH)/.installed ## Run all benchmarks, one after the other, on an idle machine
	@failed=; for name in $(BENCHMARKS); do \
		echo "== $$name"; $(BENCH)/bin/python benchmarks/$$name.py || failed="$$failed $$name"; done; \
	[ -z "$$failed" ] || { echo "target missed:$$failed"; exit 1; }

bench-import: $(BENCH)/.installed ## Measure the import time of operators, sensors and triggers, compared with the http and slack providers
	@$(BENCH)/bin/python benchmarks/import_time.py

bench-client: $(BENCH)/.installed ## Measure the client's overhead per write, compared with a bare requests.Session call
	@$(BENCH)/bin/python benchmarks/client_time.py

bench-ceiling: $(BENCH)/.installed ## Measure how close one bulk task comes to the API's rate limit
	@$(BENCH)/bin/python benchmarks/ceiling.py

bench-four: $(BENCH)/.installed ## Measure how close four bulk tasks that share a credential come to it
	@$(BENCH)/bin/python benchmarks/four_processes.py

bench-share: $(BENCH)/.installed ## Simulate how processes without a store share the rate limit, compared with AIMD
	@$(BENCH)/bin/python benchmarks/share_simulation.py

bench-scale: $(BENCH)/.installed ## Simulate a day of 100,000 items, for 20 tenants on 50 workers
	@$(BENCH)/bin/python benchmarks/scale_simulation.py

bench-mapped: $(BENCH)/.installed ## Measure one bulk task, compared with one mapped task per record and with a plain loop
	@$(BENCH)/bin/python benchmarks/mapped_tasks.py

bench-memory: $(BENCH)/.installed ## Measure the memory of a bulk task over a file of 100,000 records
	@$(BENCH)/bin/python benchmarks/memory.py

bench-sensors: $(BENCH)/.installed ## Measure how soon 500 deferred sensors in one triggerer notice their status
	@$(BENCH)/bin/python benchmarks/deferred_sensors.py

wheel: $(UV) ## Build the wheel and the source distribution into dist/
	@$(UV) build --quiet $(BUILD) --out-dir dist
	@ls dist

pins: $(UV) ## Update requirements/*.txt
	@echo "== resolving requirements/"
	@printf 'uv\nhatchling\neditables\n' | $(COMPILE) - --output-file $(PINS)/tools.txt
	@echo 'apache-airflow==3.3.2' | $(COMPILE) pyproject.toml - --extra emulator --group dev --group lint \
		--output-file $(PINS)/airflow-3.3.txt
	@echo 'apache-airflow==2.11.2' | $(COMPILE) pyproject.toml - --extra emulator --group dev \
		--output-file $(PINS)/airflow-2.11.txt
	@printf 'apache-airflow-providers-http\napache-airflow-providers-slack\nmatplotlib\n' | $(COMPILE) pyproject.toml - \
		--extra emulator --extra redis --extra postgres \
		--constraints $(PINS)/airflow-3.3.txt --output-file $(PINS)/bench.txt
	@printf 'sphinx\nmyst-parser\nfuro\npytest\npyyaml\npillow\napache-airflow==3.3.2\n' | $(COMPILE) pyproject.toml - --extra emulator --extra redis \
		--extra postgres --constraints $(PINS)/airflow-3.3.txt --output-file $(PINS)/docs.txt
	@printf 'apache-airflow==3.3.2\napache-airflow-providers-celery\npsycopg2-binary\nasyncpg\n' | $(COMPILE) pyproject.toml - \
		--extra emulator --extra redis --extra postgres --group dev \
		--constraints $(PINS)/airflow-3.3.txt --output-file $(PINS)/cluster.txt

# Airflow as users installed it: the versions that the index had two days after its release, as in its constraints file.
# This package and the tests are added at their current versions, since pip does not upgrade what already satisfies.
# The common-compat of 3.0 is too old for this package, so its pin is dropped, together with those that conflict with a
# newer one and with the tests.
RELEASE_DAYS := 2.11.2=2026-03-17 3.0.6=2025-09-01 3.1.8=2026-03-14 3.2.2=2026-06-01 3.3.2=2026-09-20

pins-release-days: $(UV) ## Update requirements/release-day-*.txt and lowest.txt
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

clean: ## Remove environments, caches, builds and the files of `make ui` and `make demo`
	rm -rf .venv .airflow dist build docs/_build docs/_generated docs/operators docs/reference .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

COMPILE = $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make $@"

# Pinned by name, because the other direct dependencies at their lowest would allow the newest common-compat. (And
# Airflow 2.11.0 allows a universal-pathlib that it cannot work with.)
OLDEST_COMPAT = $(shell sed -n 's/.*apache-airflow-providers-common-compat>=\([0-9.]*\).*/\1/p' pyproject.toml)

# uv in an environment of its own: the only package that pip installs.
$(UV): $(PINS)/tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; '$(PYTHON)' is older or missing. Choose another one: make PYTHON=python3.12"; exit 1; }
	@echo "== installing uv into $(TOOLS)"
	@$(PYTHON) -m venv $(TOOLS) || \
		{ echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check \
		"$$(grep '^uv==' $(PINS)/tools.txt)"
	@touch $@

# The newest Python that each Airflow supports.
.venv/%/.installed: NEWEST = 3.14
.venv/%-2.11/.installed .venv/%-2.11.2/.installed .venv/lowest/.installed .venv/%-3.0.6/.installed: NEWEST = 3.12
.venv/%-3.1.8/.installed: NEWEST = 3.13

# One environment: PYTHON itself if this Airflow supports it, otherwise one that uv finds or downloads; then the pinned
# packages, compiled once rather than by each of the processes that first import them at the same moment; and this
# package from its sources.
.venv/%/.installed: $(PINS)/%.txt $(UV) pyproject.toml
	@python=$(TOOLS)/bin/python; \
	$$python -c 'import sys; sys.exit(sys.version_info[:2] > tuple(map(int, "$(NEWEST)".split("."))))' || \
		python='>=3.11,<=$(NEWEST).99'; \
	echo "== installing $(PINS)/$*.txt into .venv/$*"; \
	$(UV) venv --quiet --clear --python "$$python" .venv/$* || \
		{ echo "No Python from 3.11 to $(NEWEST) was found for $*. Install one, or choose it: make PYTHON=python3.12"; exit 1; }
	@$(UV) pip sync --quiet --compile-bytecode --python .venv/$*/bin/python $(PINS)/$*.txt
	@$(UV) pip install --quiet --python .venv/$*/bin/python --no-deps $(BUILD) --editable .
	@touch $@
