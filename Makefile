# Every command that Reelmill's developers need. `make` alone lists them.
#
# Wanted on the machine: git, make, and Python 3.11 or newer with pip and venv. All else is brought into the checkout.

PYTHON ?= python3
WORKERS ?= 2

UV_VERSION := 0.13.9
UV_OLDEST := 0.8.24
SAM_VERSION := 1.170.0
CHECKOV_VERSION := 3.3.30
BANDIT_VERSION := 1.9.4

# What Lambda runs. The tests also build for the machine that they run on.
LAMBDA_PYTHON ?= 3.13
LAMBDA_PLATFORM ?= aarch64-manylinux_2_28

# Every path here is relative: that of the checkout may have spaces, of which make and the shell would make words.
# A uv on the PATH that answers and isn't too old, else the one that `setup` brings.
OWN_UV := .tools/bin/uv
UV := $(shell found=$$(uv --version 2>/dev/null | cut -d' ' -f2) && [ -n "$$found" ] && \
	printf '%s\n' $(UV_OLDEST) "$$found" | sort -VC && echo uv || echo $(OWN_UV))
NEEDS_UV := $(filter $(OWN_UV),$(UV))
# sam pins botocore and much else, so it lives in an environment of its own.
SAM_ENVIRONMENT := $(UV) tool run --quiet --from aws-sam-cli==$(SAM_VERSION)
# The scanners likewise: checkov has been seen to downgrade boto3.
CHECKOV := $(UV) tool run --quiet --from checkov==$(CHECKOV_VERSION) checkov
BANDIT := $(UV) tool run --quiet --from bandit==$(BANDIT_VERSION) bandit
SCAN := .tools/scan
SBOM := dist/sbom
BIN := .venv/bin
DYNALITE := tests/npm/node_modules/.synced
# Everything of the console that people write.
CONSOLE_SOURCES := $(shell find console/src console/public -type f ! -name schema.d.ts) \
	$(wildcard console/*.ts console/*.js console/*.html) console/package.json console/package-lock.json console/tsconfig.json

export SAM_CLI_TELEMETRY := 0
unexport VIRTUAL_ENV # uv would warn that it isn't ours

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: .venv/.synced $(DYNALITE) ## install everything into the checkout (the others do it when needed)

$(OWN_UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Reelmill needs Python 3.11 or newer; set PYTHON= to one")'
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.synced: pyproject.toml uv.lock | $(NEEDS_UV)
	$(UV) sync --quiet --frozen --all-extras
	@touch $@

$(DYNALITE): tests/npm/package.json tests/npm/package-lock.json | .venv/.synced
	$(BIN)/npm ci --loglevel=error --prefix tests/npm
	@touch $@

# The wheel's Node goes first, so that everybody builds with the same.
console/%: export PATH := $(CURDIR)/$(BIN):$(PATH)

console/node_modules/.synced: console/package.json console/package-lock.json | .venv/.synced
	npm ci --ignore-scripts --loglevel=error --prefix console
	@touch $@

# The API's own document, left alone while it says the same; from it come the console's types.
console/openapi.json: $(shell find functions/task_api shared -name '*.py') | .venv/.synced
	@$(BIN)/python -c 'from functions.task_api.handler import openapi_document; print(openapi_document())' > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

console/src/api/schema.d.ts: console/openapi.json console/node_modules/.synced
	@npm run --silent --prefix console types > /dev/null
	@touch $@

console/dist/index.html: $(CONSOLE_SOURCES) console/src/api/schema.d.ts console/node_modules/.synced
	npm run --silent --prefix console build

console/node_modules/.checked: $(CONSOLE_SOURCES) console/src/api/schema.d.ts console/node_modules/.synced
	npm run --silent --prefix console check
	@touch $@

.PHONY: console
console: console/dist/index.html ## build the web console, which the stack on this machine serves

.PHONY: screenshots
screenshots: .venv/.synced console ## write the videos of the console in docs/screenshots/
	$(BIN)/python -m tests.console.screenshots

.PHONY: demo
demo: .venv/.synced ## turn a real clip into a finished task (FILE=movie.mp4 takes yours)
	@$(BIN)/reelmill demo $${FILE:+"$$FILE"}

.PHONY: up
up: .venv/.synced console ## start the stack on this machine, in the background
	@$(BIN)/reelmill up --detach

.PHONY: down
down: .venv/.synced ## stop it; its data stay in .reelmill/
	@$(BIN)/reelmill down

.PHONY: test
test: .venv/.synced $(DYNALITE) console ## run every test
	$(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadgroup tests

.PHONY: test-long
test-long: .venv/.synced $(DYNALITE) ## run the proofs for long, and print what they tried
	REELMILL_PROOF=long $(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadgroup tests/proof

.PHONY: test-security
test-security: .venv/.synced $(DYNALITE) ## feed it every hostile file and input, and print what became of them
	REELMILL_PROOF=long $(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadgroup tests/security

.PHONY: check
check: .venv/.synced console/node_modules/.checked ## lint, format, types, layers, template, lock
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint template.yaml
	$(SAM_ENVIRONMENT) sam validate --lint
	$(UV) lock --check

.PHONY: security
security: .venv/.synced | $(NEEDS_UV) ## scan the template and the code; what is found and stays has its reason
	$(BIN)/python -m infra.scans.template_forms $(SCAN)
	$(BIN)/cfn-lint $(SCAN)/expanded.json
	$(CHECKOV) --file template.yaml $(SCAN)/plain.json $(SCAN)/console.json $(SCAN)/own.json --framework cloudformation \
		--skip-download --soft-fail --quiet --output json > $(SCAN)/checkov.json
	$(BANDIT) --quiet --exit-zero --recursive --format json --output $(SCAN)/bandit.json functions shared infra cli
	$(BIN)/python -m infra.scans.findings $(SCAN)

$(SBOM)/console.cdx.json: export PATH := $(CURDIR)/$(BIN):$(PATH)
$(SBOM)/console.cdx.json: console/node_modules/.synced
	@mkdir -p $(SBOM)
	cd console && npm sbom --loglevel=error --sbom-format cyclonedx --sbom-type application --omit dev > ../$@

.PHONY: sbom
sbom: $(SBOM)/console.cdx.json .venv/.synced | $(NEEDS_UV) ## list all packages with their licences: CycloneDX, in dist/sbom
	$(UV) export --quiet --frozen --no-dev --all-extras --preview-features sbom-export --format cyclonedx1.5 \
		--output-file $(SBOM)/python.cdx.json
	$(BIN)/python -m infra.scans.licenses $(SBOM)

.PHONY: build
build: | $(NEEDS_UV) ## package the functions for AWS (sam build)
	$(SAM_ENVIRONMENT) sam build

# sam calls this once for each function, with ARTIFACTS_DIR. OnUploadFunction has the extra on_upload, and so on.
build-%Function: extra = $(shell echo $* | sed 's/\([a-z]\)\([A-Z]\)/\1_\2/g' | tr '[:upper:]' '[:lower:]')
build-%Function: | $(NEEDS_UV)
	$(UV) export --quiet --frozen --no-dev --no-emit-project --extra $(extra) --output-file "$$ARTIFACTS_DIR/requirements.txt"
	$(UV) pip install --quiet --require-hashes --no-deps --only-binary :all: --target "$$ARTIFACTS_DIR" \
		--python-version $(LAMBDA_PYTHON) --python-platform $(LAMBDA_PLATFORM) --requirements "$$ARTIFACTS_DIR/requirements.txt"
	rm -f "$$ARTIFACTS_DIR/requirements.txt" "$$ARTIFACTS_DIR/.lock"
	tar -cf - --exclude=__pycache__ functions shared | tar -xf - -C "$$ARTIFACTS_DIR"

.PHONY: publish
publish: STACK ?= reelmill
publish: .venv/.synced console ## put the web console where a deployed stack hosts it (STACK=name)
	@$(BIN)/python -m infra.console.publish $(STACK)

.PHONY: emulators
emulators: | $(NEEDS_UV) # print the folder of the Lambda Runtime Interface Emulators that sam ships
	@$(SAM_ENVIRONMENT) python -c 'from importlib.resources import files; print(files("samcli") / "local" / "rapid")'

.PHONY: bench
bench: .venv/.synced $(DYNALITE) console ## measure what Reelmill adds to bare ffmpeg and to AWS
	$(BIN)/python -m benchmarks

.PHONY: clean
clean: ## delete what the tools made; the stack's data in .reelmill/ stay
	rm -rf .aws-sam .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .tools .venv .coverage dist tests/npm/node_modules
	rm -rf console/dist console/node_modules console/openapi.json console/src/api/schema.d.ts
	find functions shared infra cli tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
