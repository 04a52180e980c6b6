# Two commands do all set-up: `make up` runs the product, `make test` runs every test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto
export DJANGO_SETTINGS_MODULE := stellapolicy.settings

.PHONY: up test check lint types contracts migrations templates openapi screenshots bench lock clean help

help: ## Says what each command does.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/uv: requirements-uv.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-uv.txt
	@touch $@

$(VENV)/.up: requirements-up.txt $(BIN)/uv
	$(BIN)/uv pip install --quiet --require-hashes -r requirements-up.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(BIN)/uv
	$(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.up

PORT ?= 8080

up: $(VENV)/.up ## Sets up and runs the product on port 8080 with demo data; Ctrl-C stops everything.
	@exec $(BIN)/python manage.py up --port $(PORT)

test: $(VENV)/.dev ## Sets up and runs every test on real, throw-away servers.
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: lint types contracts migrations templates test ## Everything that must pass before a change lands.

lint: $(VENV)/.dev ## Style and format.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## Strict types.
	$(BIN)/mypy .

contracts: $(VENV)/.dev ## Which room may import which.
	$(BIN)/lint-imports --no-logo

migrations: $(VENV)/.dev ## No model has changed without its migration.
	$(BIN)/python -m tests.commands makemigrations --check --dry-run

templates: $(VENV)/.dev ## The system checks pass and every template compiles.
	$(BIN)/python -m tests.commands check --fail-level WARNING
	$(BIN)/python -m pytest -q tests/architecture/test_templates.py

openapi: $(VENV)/.dev ## Writes docs/openapi.yaml and the tables of docs from the code.
	$(BIN)/python -m tests.commands spectacular --file docs/openapi.yaml --validate
	$(BIN)/python -m tests.commands environment --write
	$(BIN)/python -m tests.commands api_tables

lock: $(BIN)/uv ## Pins every dependency with its hashes.
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-annotate --no-header pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-annotate --no-header --extra embedded pyproject.toml -o requirements-up.txt
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-annotate --no-header --extra dev --extra embedded pyproject.toml -o requirements-dev.txt

clean: ## Removes what the commands made, demo data included.
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis

screenshots: $(VENV)/.dev ## Takes the pictures of the README from the running product.
	$(BIN)/python -m tests.browser.screenshots

bench: $(VENV)/.dev ## Measures against peers and prints ratios.
	-$(BIN)/uv pip install --quiet --target var/bench-peers cedarpy cel-expr-python common-expression-language datalogic-py regopy zen-engine
	PYTHONPATH=var/bench-peers $(BIN)/python -m bench
