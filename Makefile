# What a maintainer types. The tools are those in .venv, which `make set-up` fills; nothing has to be activated.

PYTHON := .venv/bin/python
# Apart from what is tested: the tools that write the locked sets and look for known holes in them.
TOOLS := .venv/tools
# What `. ./env.sh` installs: all that a meter, a probe, a load or a page can need.
EXTRAS := mqtt modbus serial detect web pi
# `make lock UPGRADE=` keeps every version that still fits.
UPGRADE := --upgrade

# What drives the browser in the tests of the page; git leaves it alone, and nothing of it is shipped.
BROWSER := tests/web/browser
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# A real Home Assistant, in a Python of its own; 600 MB, fetched once. Its last line for Python 3.13 is used.
HA_PYTHON := python3.13
HA_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pv-heater/home-assistant

T := tests
DATA :=
AGAINST :=
DAYS := 100
EXAMPLES := 100
SEED := 1

.DEFAULT_GOAL := help
.PHONY: help set-up test test-one browser screenshots home-assistant check format run-demo bench-speed bench-capture \
	bench-invariants bench-mutate bench-footprint proof torture fuzz-api measures lock audit

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

set-up: ## make .venv and install the locked tools; changes nothing where all is there
	bash -c '. ./env.sh dev'

test: $(PYTHON) ## the whole suite, beside each other
	$(PYTHON) -m pytest

test-one: $(PYTHON) ## one file, folder or test: make test-one T=tests/core/house/test_guards.py
	$(PYTHON) -m pytest -n 0 $(T)

browser: ## Chromium (from Debian, where it is missing) and what drives it, so that the page is tried in a browser too
	@command -v chromium chromium-browser google-chrome >/dev/null || \
		{ $(SUDO) apt-get -qq update && $(SUDO) apt-get -qq install --yes --no-install-recommends chromium; }
	@command -v npm >/dev/null || { $(SUDO) apt-get -qq update && $(SUDO) apt-get -qq install --yes nodejs npm; }
	@[ -d $(BROWSER)/node_modules/axe-core ] || npm install --silent --no-save --no-package-lock --no-audit --no-fund \
		--prefix $(BROWSER) playwright-core@1.65 axe-core@4

screenshots: $(PYTHON) browser ## the pictures of the page in Pics/, from the demo at noon
	$(PYTHON) -m tests.web.screenshots

home-assistant: $(PYTHON) $(TOOLS)/bin/uv ## the program beside a real Home Assistant; renews what the fast tests know of it
	@command -v mosquitto /usr/sbin/mosquitto >/dev/null || \
		{ $(SUDO) apt-get -qq update && $(SUDO) apt-get -qq install --yes --no-install-recommends mosquitto; }
	$(PYTHON) -m tests.telemetry.home_assistant.renew --python $(HA_PYTHON) --uv $(TOOLS)/bin/uv --cache $(HA_CACHE)

check: $(PYTHON) ## style, format and types, as .ci/run asks for them
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

format: $(PYTHON) ## put the format right, and the style where ruff can
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

run-demo: $(PYTHON) ## a recorded day in five minutes; ask it from another terminal: python main.py status
	$(PYTHON) main.py demo

bench-speed: $(PYTHON) ## what a step, a day and a year cost; a step beside another checkout's: make bench-speed AGAINST=folder
	$(PYTHON) main.py bench speed $(if $(AGAINST),--against $(AGAINST))

bench-capture: $(PYTHON) ## share of the sun that is caught: make bench-capture DATA=folder-of-days
	$(PYTHON) main.py bench capture --data $(or $(DATA),$(error say where days are: make bench-capture DATA=folder))

bench-invariants: $(PYTHON) ## random days that try to break the promises: make bench-invariants DAYS=1000
	$(PYTHON) main.py bench invariants --days $(DAYS)

proof: $(PYTHON) ## every fault of docs/safety.md on the real program, three times; goes on where it was interrupted: make proof SEED=2
	$(PYTHON) main.py bench faults --runs 3 --seed $(SEED) --resume .proof.jsonl --write

torture: $(PYTHON) ## two hours of the real program among faults, in twelve minutes: make torture SEED=2
	$(PYTHON) main.py bench torture --seed $(SEED)

fuzz-api: $(PYTHON) ## more of what holds the API to its description: make fuzz-api EXAMPLES=500
	API_EXAMPLES=$(EXAMPLES) $(PYTHON) -m pytest -n 0 tests/web/test_openapi.py

bench-mutate: $(PYTHON) ## changes the code that switches, who notices: make bench-mutate MODULE='core.duties.*' SAMPLE=10
	$(PYTHON) main.py bench mutate $(if $(MODULE),--module '$(MODULE)') $(if $(SAMPLE),--sample $(SAMPLE))

bench-footprint: $(PYTHON) ## start-up, memory and processor time of the running program
	$(PYTHON) main.py bench footprint

measures: $(PYTHON) ## size and shape of the source tree, as a table
	$(PYTHON) -m bench.measures

lock: $(TOOLS)/bin/uv ## renew requirements/: the newest versions that pyproject.toml allows
	$< pip compile --quiet --universal --python-version 3.11 --no-emit-package setuptools $(UPGRADE) \
		--custom-compile-command 'make lock' pyproject.toml --all-extras --output-file requirements/dev.txt
	$< pip compile --quiet --universal --python-version 3.11 --no-emit-package setuptools $(UPGRADE) \
		--custom-compile-command 'make lock' pyproject.toml $(EXTRAS:%=--extra %) \
		--constraints requirements/dev.txt --output-file requirements/run.txt

audit: $(TOOLS)/bin/pip-audit ## known security holes in the locked versions; needs the network
	$< --strict --no-deps --disable-pip --requirement requirements/dev.txt

$(PYTHON):
	$(MAKE) set-up

$(TOOLS)/bin/uv $(TOOLS)/bin/pip-audit: | $(PYTHON)
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<0.14' 'pip-audit>=2.10,<3'
