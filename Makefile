# Everything runs from .venv/; nothing is installed elsewhere. Each target may be run again at any time.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: install demo test check audit lock chaos soak screens diet

install: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed, found $$($(PYTHON) --version); install it or run: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "no virtual environment could be made; on Debian: apt-get install python3.11-venv"; exit 1; }
	@echo "installing packages into .venv (two to three minutes the first time) ..."
	@$(BIN)/pip install --quiet --upgrade pip
	@# torch first and by exactly this pin: its CPU build; any other request brings gigabytes of GPU packages
	@$(BIN)/pip install --quiet torch==2.13.0 || { echo "torch could not be installed; check the network and run make again"; exit 1; }
	@$(BIN)/pip install --quiet -r requirements.lock || { echo "packages could not be installed; check the network and run make again"; exit 1; }
	@$(BIN)/pip install --quiet --no-deps --editable .
	@$(BIN)/python -m compileall -q bot crm_bridge eval intents knowledge prompts  # a start need not compile
	@touch $@
	@echo "installed; $(BIN)/yiju --help shows what there is"

# make demo CRM=tryton: the same on a real Tryton 8.0 in a process of its own, installed into .tryton/ the first time
CRM ?= embedded
TRYTON_PORT ?= 8069
demo: install
ifeq ($(CRM),tryton)
	@tests/tryton/server.sh .tryton $(TRYTON_PORT) --keep && trap 'kill $$(cat .tryton/run-$(TRYTON_PORT)/server.pid)' EXIT \
	&& $(BIN)/python -m bot.demo.tryton http://127.0.0.1:$(TRYTON_PORT) crm \
	&& YIJU_DATA_DIR=var/tryton YIJU_CRM__ADAPTER=tryton YIJU_CRM__BASE_URL=http://127.0.0.1:$(TRYTON_PORT) \
	YIJU_CRM__DATABASE=crm YIJU_CRM__USER=admin YIJU_CRM__PASSWORD=yiju-demo-pass-1 $(BIN)/yiju demo $(DEMO)
else
	$(BIN)/yiju demo $(DEMO)
endif

test: install
	$(BIN)/pytest -n 2 --dist loadfile

check: install
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Licences of what is installed; known flaws of what is pinned, where pip-audit is installed and its service answers
audit: install
	$(BIN)/python -m eval.audit

# Rasa's DIET as a baseline, in var/diet (2.6 GB; training takes most of an hour at 60 epochs: DIET_EPOCHS=8 for a look)
DIET_EPOCHS ?= 60
diet: install
	@test -x var/diet/env/bin/rasa || { $(PYTHON) -m venv var/diet/env && var/diet/env/bin/pip install --quiet --no-deps --ignore-requires-python -r eval/baselines/diet-requirements.txt; }
	var/diet/env/bin/python eval/baselines/diet.py train --epochs $(DIET_EPOCHS)
	for cases in dev dev-more test; do var/diet/env/bin/python eval/baselines/diet.py read --cases eval/cases/intents/$$cases.jsonl --out var/diet/$$cases.jsonl || exit 1; done
	$(BIN)/python -m eval.baselines.recorded var/diet/dev.jsonl  # and in the comparison of: yiju eval run --suite intents

lock: install
	$(BIN)/pip freeze --exclude-editable | sed -e '/^yiju/d' -e 's/^\(torch==[0-9.]*\)+cpu/\1/' > requirements.lock

# Kill serving processes at random under traffic and count what is left: one process on SQLite, then several on
# PostgreSQL and NATS. `make chaos KILLS=500` is the long run. Then every other trouble of eval/bench/faults (databases,
# bus, disk, clock, platform, vector server, customer system, network, update), each TIMES times; what this machine lacks is said and left out.
# `make soak MINUTES=60`: mixed traffic for an hour.
KILLS ?= 20
TIMES ?= 6
MINUTES ?= 60
chaos: install
	$(BIN)/python -m eval.bench.crash --kills $(KILLS)
	$(BIN)/python -m eval.bench.crash --kills $(KILLS) --workers 2
	$(BIN)/python -m eval.bench.faults --times $(TIMES)

soak: install
	$(BIN)/python -m eval.bench.soak --minutes $(MINUTES)

# Picture every page of the console from a demo company of its own into docs/screens/, and WeCom's toolbar from its test.
screens: install
	$(BIN)/python -m eval.screens
	YIJU_SCREENS=docs/screens $(BIN)/pytest tests/browser/test_wecom_sidebar.py -k "from_an_unknown_contact or without_a_contact"
