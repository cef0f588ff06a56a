# Everything the course needs, each target from scratch: `make help` lists them.
PYTHON ?= python3
PIP_VERSION := 26.3
# For `make lock`: left to itself, pip takes several GB of packages for graphics cards.
TORCH := 2.13.0
BIN := .venv/bin
ENV := .stamps/environment
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# One at a time in this folder; the second waits, and finds it done.
ALONE = $(PYTHON) tools/alone.py
ifndef ENVIRONMENT_HELD
$(ENV): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) must be Python 3.11 or later; name another: make PYTHON=/path/to/python3"; exit 1; }
	@$(ALONE) .stamps/environment.lock $(MAKE) --no-print-directory ENVIRONMENT_HELD=1 $@
else
$(ENV): requirements.txt pyproject.toml
	@echo "Setting up .venv (once; about 1.5 GB) …"
	@[ -n "$(TORCH_INDEX)" ] || [ "$$(uname)" != Linux ] || echo "$$MUCH"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q pip==$(PIP_VERSION)
	@[ -z "$(TORCH_INDEX)" ] || $(BIN)/pip install -q --index-url "$(TORCH_INDEX)" $$(grep '^torch==' requirements.txt)
	@$(BIN)/pip install -q -r requirements.txt
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@mkdir -p .stamps && touch $@
endif

define MUCH
  On Linux the usual build of PyTorch brings libraries for graphics cards: some 2.6 GB more to download, and
  more on disk. The course needs none of them. To do without, stop this, choose Linux, pip and CPU on PyTorch's
  page "Get started", and give make the address that it shows after --index-url: make TORCH_INDEX=ADDRESS book
endef
export MUCH

data: $(ENV)  ## fetch the texts the course reads into the cache, checked
	@$(BIN)/lmcourse data

# Each page is executed once, for the book and for the tests, and not again until its cells, modules, data or packages
# change. What fails is told here, by the build, and by `make notebooks`: so it stops neither.
# One thread each: on a busy machine the threads of a small product wait for one another longer than they work.
pages: data
	@$(ALONE) .stamps/book.lock $(MAKE) --no-print-directory executed

executed: export OMP_NUM_THREADS := 1
executed:
	@$(BIN)/python tools/pages.py || true

# `--all` reads every page again, so that no warning is ever missed and nothing stale is left.
book: pages  ## build the book in _build/html
	@$(ALONE) .stamps/book.lock $(MAKE) --no-print-directory built

built: export OMP_NUM_THREADS := 1
built:
	@rm -rf _build/html _build/jupyter_execute
	@$(BIN)/jupyter-book build . --all -W -n --keep-going
	@echo "The book is built. Open _build/html/index.html, or serve it: $(BIN)/python -m http.server -d _build/html"

lab: data  ## work on the notebooks in JupyterLab
	@PATH="$(CURDIR)/$(BIN):$$PATH" jupyter lab notebooks

JAVASCRIPT := lmcourse/widgets/*.js book/_ext/*.js
FRONT := $(JAVASCRIPT) lmcourse/widgets/*.css $(wildcard tools/templates/widget/lmcourse/widgets/*.[jc]s*) deno.json

lint: $(ENV)  ## style, the notebooks' committed form, the workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/deno fmt --quiet --check $(FRONT)
	@$(BIN)/deno lint --quiet $(JAVASCRIPT)
	@$(BIN)/deno check --quiet $(JAVASCRIPT)
	@$(BIN)/python tools/notebooks.py check
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

# What the tests need besides Python's packages: Debian's, where they are missing and may be installed, and
# JupyterHub's proxy, where npm is. The tests say so if something is not there.
tools: $(ENV)
	@missing=; \
	command -v bwrap >/dev/null || missing="$$missing bubblewrap"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do \
		command -v $$name >/dev/null && break; done || missing="$$missing chromium"; \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing$$missing …"; \
		{ apt-get -qq update && apt-get -qq install -y --no-install-recommends $$missing; } >/dev/null 2>&1 || true; fi
	@[ -x .stamps/hub/node_modules/.bin/configurable-http-proxy ] || ! command -v npm >/dev/null || \
		npm install --silent --no-audit --no-fund --prefix .stamps/hub configurable-http-proxy@5.2.0 || true

# First the book, for which the browser waits: beside the other parts its pages would have less than half a core each.
# Then the parts, the longest first, three at a time, since the grader's tests wait more than they work. A part that
# needs what could not be built says so itself; the others run. What a part says is shown when it is done.
PARTS := browser grading units notebooks
test: lint data tools  ## all tests: the notebooks, the book, its pages in a browser, the grader, units
	@rm -rf _build/tests
	@OMP_NUM_THREADS=1 $(MAKE) --no-print-directory book || true
	@OMP_NUM_THREADS=1 $(MAKE) --no-print-directory --jobs=3 --output-sync --keep-going $(PARTS); \
	status=$$?; $(BIN)/python tools/timings.py $(PARTS) && exit $$status

PYTEST = $(BIN)/pytest -rs -o cache_dir=.pytest_cache/$@ --junitxml=_build/tests/$@.xml
notebooks: pages  ## compare the outputs that are kept, and run some notebooks as on Colab
	@$(PYTEST) tests/test_kept.py tests/test_colab.py

# Two browsers, since a page is waited for more than it is worked at. On a busy machine one may be late once: what
# failed is tried a second time, and the end of `make test` names it.
browser: book  ## test the built book, and the widgets, in a browser
	@rm -f _build/tests/$@-again.xml
	@$(PYTEST) -n 2 --dist worksteal tests/browser || $(PYTEST) --junitxml=_build/tests/$@-again.xml --last-failed \
		--last-failed-no-failures=none tests/browser

grading: data  ## test the grader
	@$(PYTEST) tests/grading

units: data  ## test everything else
	@$(PYTEST) --ignore=tests/test_kept.py --ignore=tests/test_colab.py --ignore=tests/browser \
		--ignore=tests/grading

weigh: book  ## weigh the built pages, and time them as on a slow phone: ALL=1 for all pages
	@$(BIN)/python tools/weigh.py $(if $(ALL),--all)

bench: data  ## how fast the course's code is, as ratios measured in one run
	@$(BIN)/python tests/bench.py

grade-demo: data  ## the instructor's whole loop on invented submissions
	@$(BIN)/lmcourse grade-demo

new-section: $(ENV)  ## lay out a page of a chapter: NAME=03_ngrams/my_section
	@$(BIN)/python tools/new.py section "$(NAME)"

new-assignment: $(ENV)  ## lay out an assignment: NAME=03b-caching
	@$(BIN)/python tools/new.py assignment "$(NAME)"

new-widget: $(ENV)  ## lay out a widget: NAME=coin
	@$(BIN)/python tools/new.py widget "$(NAME)"

new-experiment: $(ENV)  ## lay out an experiment: NAME=long_runs
	@$(BIN)/python tools/new.py experiment "$(NAME)"

# NAME as it is given to make: some systems have a variable of that name.
release: $(ENV)  ## make the students' versions of the assignments, or of one: NAME=03-ngrams
	@$(BIN)/python -m lmcourse.grading.release $(if $(filter command,$(origin NAME)),"$(NAME)")

tidy: $(ENV)  ## format the code and bring the notebooks into their committed form
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format .
	@$(BIN)/deno fmt --quiet $(FRONT)
	@$(BIN)/python tools/notebooks.py tidy

lock: $(ENV)  ## pin the newest environment that pyproject.toml allows into requirements.txt
	@rm -rf .stamps/lock && $(PYTHON) -m venv .stamps/lock
	@.stamps/lock/bin/python -m pip install -q pip==$(PIP_VERSION)
	@.stamps/lock/bin/pip install -q hatchling editables torch==$(TORCH) ".[book,grading,hub,neural,test]"
	@{ echo "# The exact environment of the course, made by \`make lock\` from pyproject.toml; edit that, not this."; \
	   .stamps/lock/bin/pip freeze --exclude lmcourse | sed 's/^\(torch==[^+]*\)+.*/\1/'; } > requirements.txt
	@rm -rf .stamps/lock

clean:  ## remove everything that was built; .venv and the data cache stay
	@rm -rf _build .stamps/lock dist .pytest_cache .ruff_cache .hypothesis

.PHONY: help data pages executed book built lab lint tools test notebooks browser grading units weigh bench grade-demo \
	release tidy lock clean new-section new-assignment new-widget new-experiment
