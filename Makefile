# The book's commands; `make help` lists them. GNU make and a POSIX shell, on Linux and macOS.

PYTHON ?= python3
PORT ?= 8000
UV ?= uv

# `make test UNPINNED=1` takes today's releases instead of the lock, in an environment of its own
# (in _build, which neither Sphinx nor ruff reads).
ifdef UNPINNED
VENV := _build/unpinned
REQUIREMENTS := --upgrade --upgrade-strategy eager . "./book[book,test,lab,paper,build]"
else
VENV := .venv
REQUIREMENTS := --require-hashes -r requirements.lock
endif

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BUILD := jupyter-book build -W -n --keep-going

# A reader's own plotting backend would replace the one that puts figures into a notebook.
unexport MPLBACKEND

.PHONY: help install book test test-slow lab serve pdf epub notebooks wheels lighthouse format lock clean
.DEFAULT_GOAL := help

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' Makefile

install: $(STAMP) ## make .venv from requirements.lock (every command below does it when needed)

# The stamp is written last, so an interrupted install is done again. An environment whose pip does
# not run is half-made, or its Python is gone: only then is it thrown away.
$(STAMP): requirements.lock pyproject.toml book/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is: $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make book PYTHON=python3.12"; exit 1; } >&2
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing into $(VENV): a minute or two, the first time only"
	$(BIN)/python -m pip install --quiet $(REQUIREMENTS)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e . -e book
	@touch $@

# A second build does not repeat the warnings of pages it keeps, so a failed one keeps none; the
# results of the notebooks stay in the cache.
book: $(STAMP) ## execute the notebooks and build the book
	$(BIN)/$(BUILD) . || { rm -rf _build/.doctrees; exit 1; }
	@echo
	@echo "The book is built. Open _build/html/index.html, or: make serve"

# Each notebook is executed once, by nbval, one on each core; the pages are then built from the
# committed outputs, in a folder of their own and from nothing, so that every warning is seen. Two
# browsers visit them while the other tests of the pages run, so these need no workers.
test: $(STAMP) ## prove it: ruff, unit tests, notebooks, pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --ignore=tests/pages
	REGLIB_STATIC=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile \
	  --nbval --nbval-current-env --nbval-cell-timeout=120 \
	  --nbval-sanitize-with tests/nbval.cfg notebooks
	rm -rf _build/test
	BOOK_EXECUTE=off $(BIN)/$(BUILD) --path-output _build/test .
	BOOK_HTML="$(CURDIR)/_build/test/_build/html" $(BIN)/python -m pytest tests/pages

test-slow: $(STAMP) ## the tests that take more than a few seconds
	$(BIN)/python -m pytest -m slow --ignore=tests/pages

# In copies that git does not see: a notebook that was run and saved is another one, and `make test`
# would say so.
lab: $(STAMP) ## open working copies in JupyterLab (FRESH=1: start again, yours is kept beside)
	$(BIN)/python -m trial.press.copies $(if $(FRESH),--fresh)
	$(BIN)/jupyter-lab --ServerApp.root_dir="$(CURDIR)/lab" lab/notebooks/01_two_explosions.ipynb

serve: $(STAMP) ## serve the built book on this machine only (PORT=8000)
	@test -f _build/html/index.html || { echo "There is no book yet: make book" >&2; exit 1; }
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

pdf: $(STAMP) ## print the whole book to _build/regularization-on-trial.pdf (needs Chromium)
	$(BIN)/python -m trial.press.paper

epub: $(STAMP) ## the whole book as _build/regularization-on-trial.epub
	$(BIN)/python -m trial.press.epub

notebooks: $(STAMP) ## execute the notebooks in place and keep what is stable
	$(BIN)/python -m trial.press.notebooks

wheels: $(STAMP) ## build both wheels into dist/: with them a notebook runs anywhere
	$(BIN)/python -m flit_core.wheel --outdir dist .
	$(BIN)/python -m flit_core.wheel --outdir dist book

# The rivals live in an environment of their own, so that the book does not depend on them. What
# cannot be installed is reported as missing.
BENCH := _build/bench
RIVALS := $(BENCH)/.installed

$(RIVALS): benchmarks/requirements.txt
	@$(BENCH)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(BENCH)
	@echo "Installing the rivals into $(BENCH): a few minutes, the first time only"
	@grep -v '^#' benchmarks/requirements.txt | while read -r package; do \
	  $(BENCH)/bin/python -m pip install --quiet "$$package" || echo "missing: $$package"; done
	@touch $@

bench: $(STAMP) $(RIVALS) ## time reglib beside what a reader would use instead (ten minutes)
	PYTHONPATH=.:book $(BENCH)/bin/python -m benchmarks
	PYTHONPATH=.:book $(BENCH)/bin/python -m benchmarks.fits
	PYTHONPATH=.:book $(BENCH)/bin/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.chapters
	$(BIN)/python -m trial.press.notebooks speed

bench-compare: $(RIVALS) ## which rows of the committed table a fresh run does not confirm
	PYTHONPATH=.:book $(BENCH)/bin/python -m benchmarks --compare

# Lighthouse lives apart too: the book needs no Node.
LIGHT := _build/lighthouse
LIGHTHOUSE := $(LIGHT)/.installed

$(LIGHTHOUSE): benchmarks/package.json
	@command -v npm >/dev/null || { echo "npm is needed (Debian: apt-get install nodejs npm)" >&2; exit 1; }
	@echo "Installing Lighthouse into $(LIGHT): a minute, the first time only"
	@mkdir -p $(LIGHT) && cp $< $(LIGHT)
	npm install --prefix $(LIGHT) --ignore-scripts --no-audit --no-fund --no-package-lock --silent
	@touch $@

lighthouse: $(STAMP) $(LIGHTHOUSE) ## measure every built page (half an hour; PAGES=book/index.html)
	$(BIN)/python -m benchmarks.lighthouse $(PAGES)

format: $(STAMP) ## format the code as `make test` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## compile requirements.lock again (needs uv)
	@command -v $(UV) >/dev/null || { echo "uv is needed: pip install uv, or UV=its path" >&2; exit 1; }
	$(UV) pip compile pyproject.toml book/pyproject.toml --all-extras --universal \
	  --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header \
	  --no-annotate --no-emit-package reglib --quiet -o requirements.lock

clean: ## remove the built book and the caches (the environment stays)
	rm -rf _build .pytest_cache .ruff_cache
