# Everything runs from .venv/; nothing is installed elsewhere. Each target may be run again at any time.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: install demo test check lock

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
	@touch $@
	@echo "installed; $(BIN)/yiju --help shows what there is"

demo: install
	$(BIN)/yiju demo

test: install
	$(BIN)/pytest -n 2 --dist loadfile

check: install
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: install
	$(BIN)/pip freeze --exclude-editable | sed -e '/^yiju/d' -e 's/^\(torch==[0-9.]*\)+cpu/\1/' > requirements.lock
