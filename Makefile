# make demo   the whole path on an embedded cohort, with a report to open
# make test   lint, types, import directions, tests: what continuous integration runs
# make coverage   branch coverage of make test: 95 % of volume, transform, cache, checkpoint, 90 % of all
# make docs   the reference the program writes of itself, and the site, in site/
# make test-reliability   kill -9, full disks, damaged files, crowds, resuming: the table of docs/explanation/reliability.md
# make fuzz MINUTES=10    each reader fuzzed for so long (Linux)
# make mutation           are the tests of transforms and checkpoints worth their time? (an hour)
# make soak MINUTES=120   fit and prepare, killed all the time
# make bench, bench-all, bench-gpu   speed beside other programs (docs/explanation/performance.md)
# make lock   requirements.lock anew, with hashes; make audit   its known vulnerabilities (both ask the package index)
# make format, lint, wheel, clean

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.contreg-ready
PEERS ?= .venv-peers/bin/python

.DEFAULT_GOAL := test
MINUTES ?= 10
.PHONY: demo test test-all coverage docs test-reliability fuzz mutation soak bench bench-all bench-gpu lint format wheel lock audit clean

# Bytecode is kept, whatever the surroundings say: tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE =

# pip compiles on one core; some packages hold files that are no Python of this version.
$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable ".[dev]"
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true
	touch $@

demo: $(READY)
	$(BIN)/contreg demo

# One thread a process and a process a core: tiny tensors gain nothing from threads that wait for each other.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

test-all: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "all or not all"

# Tests under coverage, then the table and, with what they have to reach, the areas whose faults would be silent.
coverage: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile --cov --cov-report=
	failed=0; for area in volume transform cache checkpoint; do \
	  printf '%s: ' $$area; $(BIN)/python -m coverage report --format=total --precision=1 \
	    --include="*/contreg_core/$$area/*,*/contreg_core/$$area.py" --fail-under=95 || failed=1; \
	done; $(BIN)/python -m coverage report --fail-under=90 && exit $$failed

test-reliability: $(READY)
	$(BIN)/python tests/reliability/campaign.py --write

fuzz: $(READY)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[fuzz]"
	$(BIN)/python tests/fuzz/fuzz.py --minutes $(MINUTES)

mutation: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutation.py

soak: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/soak.py --minutes $(MINUTES)

# Without network: no font, script or inventory comes from elsewhere. A warning is an error.
docs: $(READY)
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Other programs live in an environment of their own; PEERS=... names the interpreter of another one.
.venv-peers/bin/python: benchmarks/peers.txt
	$(PYTHON) -m venv .venv-peers
	$@ -m pip install --quiet --requirement benchmarks/peers.txt
	touch $@

bench: $(READY) $(PEERS)
	$(BIN)/python -m benchmarks.speed --peer-python $(PEERS) --quick --name speed-quick

bench-all: $(READY) $(PEERS)
	$(BIN)/python -m benchmarks.speed --peer-python $(PEERS) --scaling
	$(BIN)/python -m benchmarks.speed.document

bench-gpu: $(READY)
	$(BIN)/python -m benchmarks.speed.gpu

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Builds the wheel and loads its catalogue from a folder outside the tree.
wheel: $(READY)
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	target=$$(mktemp -d) && $(BIN)/python -m pip install --quiet --no-deps --target "$$target" dist/*.whl \
	  && PYTHONPATH="$$target" $(BIN)/python -P -c "$$TRY_WHEEL" "$$target" && rm -r "$$target"

define TRY_WHEEL
import sys, contreg_core.plugins
assert contreg_core.__file__.startswith(sys.argv[1]), contreg_core.__file__
catalogue = contreg_core.plugins.load_catalogue(plugins=False)
assert not catalogue.broken and catalogue.components() and catalogue.recipes() and catalogue.cohorts()
endef
export TRY_WHEEL

# The newest releases that pyproject.toml and constraints.txt allow, for every platform and Python, from the public index.
lock: $(READY)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[release]"
	$(BIN)/uv pip compile --quiet --no-config --upgrade --universal --python-version 3.11 --generate-hashes \
	  --constraint constraints.txt --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  --output-file requirements.lock pyproject.toml

# Of the releases this Python would install. Strict: one that nothing is known about is a failure, not a pass.
audit: $(READY)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[release]"
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off --requirement requirements.lock

clean:
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
