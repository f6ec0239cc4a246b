# The two commands of the README: `make run` opens the app, `make test` runs every test.
# Both start from nothing but Python 3.11+ and install what they need into .venv.

PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
VIEWER := static/3Dmol-min.js
# Two workers share the default suite; the browser tests run by themselves, because they measure frame rates.
WORKERS ?= 2

.PHONY: run test lint fast-test browser-test notebook-test notebooks clean

run: $(VENV)/.run viewer
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: lint fast-test browser-test notebook-test

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

fast-test: $(VENV)/.test viewer
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not browser" \
	    --jaxtyping-packages=msmd,beartype.beartype

browser-test: $(VENV)/.test viewer chromium
	$(BIN)/pytest -m browser --timeout=600 tests/browser

notebook-test: $(VENV)/.test
	@if ls notebooks/*.ipynb >/dev/null 2>&1; then \
	    OMP_NUM_THREADS=1 $(BIN)/pytest --nbmake --nbmake-timeout=300 notebooks; fi

# Runs the notebooks, solutions included, and stores their outputs small; `make notebooks` after any change to them.
notebooks: $(VENV)/.test viewer chromium
	OMP_NUM_THREADS=1 $(BIN)/python notebooks/refresh.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "$(PYTHON) is $$($(PYTHON) -V 2>&1); msmd needs Python 3.11 or later: make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); \
	    else echo "Python's venv module is missing; install it (on Debian: apt install python3-venv)."; exit 1; fi; }

# torch goes first and by its exact version, so that the packages after it find it in place.
$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --disable-pip-version-check -q $$(grep '^torch==' requirements.txt)
	$(BIN)/pip install --disable-pip-version-check -q -r requirements.txt
	$(BIN)/pip install --disable-pip-version-check -q --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.test: requirements-test.txt $(VENV)/.run
	$(BIN)/pip install --disable-pip-version-check -q -r requirements-test.txt
	touch $@

# 3Dmol.js is served by the app itself where npm is there; without it the page falls back to the CDN.
.PHONY: viewer chromium
viewer: package-lock.json
	@if [ -f $(VIEWER) ]; then :; \
	elif command -v npm >/dev/null && npm ci --ignore-scripts --no-audit --no-fund --silent; then \
	    mkdir -p static && cp node_modules/3dmol/build/3Dmol-min.js $(VIEWER); \
	else echo "npm is not here, or brought nothing: the viewer will be loaded over the network."; fi

chromium: $(VENV)/.test
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; \
	else $(BIN)/playwright install chromium; fi

clean:
	rm -rf $(VENV) node_modules static/3Dmol-min.js .pytest_cache .hypothesis .ruff_cache
