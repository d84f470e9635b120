# One verb each. `make help` lists them.
.DEFAULT_GOAL := help
CARGO ?= cargo
VENV := .venv
TARGET := $(or $(CARGO_TARGET_DIR),target)
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)

.PHONY: help
help: ## List the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

.PHONY: build
build: ## Build the command, the functions and the tests: one set of features, so that nothing is built twice
	$(CARGO) build --workspace --all-targets

.PHONY: demo
demo: build ## Show trustwatch working on a made-up school week, then serve it until Ctrl-C
	$(TARGET)/debug/trustwatch demo $(ARGS)

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: lint
lint: ## Check format and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

.PHONY: test
test: lint ## Everything that needs Rust, make and a C compiler alone: format, lints, tests, stored fuzz inputs
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run --workspace --no-fail-fast
else
	$(CARGO) test --workspace --no-fail-fast --lib --bins --tests
endif
	$(CARGO) test --workspace --doc

$(VENV)/.made: tests/requirements.txt tests/setup.sh
	tests/setup.sh
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --require-hashes -r tests/requirements.txt
	touch $@

.PHONY: release
release: ## Build the command as it ships
	$(CARGO) build --release -p trustwatch-local

.PHONY: bench
bench: release ## Measure normalise beside DuckDB and chdb; prints ratios and peak memory
	python3 tests/bench/run.py

.PHONY: mutants
mutants: ## Break each invariant in a scratch copy and require its named test to go red
	tests/mutants/run.sh

.PHONY: cargo-mutants
cargo-mutants: ## Mutate all lines of the pure crates; hours. Tried with cargo-mutants 27.1.0 (`cargo install --locked`)
	mkdir -p $(TARGET)/cargo-mutants
	failed=; for crate in model formats lake policy casework access; do \
		CARGO_TARGET_DIR=$(abspath $(TARGET))/cargo-mutants/build INSTA_UPDATE=no PROPTEST_DISABLE_FAILURE_PERSISTENCE=1 \
			$(CARGO) mutants --package trustwatch-$$crate --test-package trustwatch-$$crate \
			--output $(TARGET)/cargo-mutants/$$crate || [ $$? -eq 3 ] || failed="$$failed $$crate"; \
	done; [ -z "$$failed" ] || { echo "mutants survived in:$$failed" >&2; exit 1; }

.PHONY: deny
deny: $(VENV)/.made ## Check licences, bans and sources of the dependencies
	tests/deny.sh

# Tools for AWS have environments of their own: they ask for different versions of the same packages. All packages are
# listed with hashes, so that none has to be looked for.
$(VENV)/deploy/%/.made: tests/deploy/requirements/%.txt tests/setup.sh
	tests/setup.sh
	python3 -m venv $(VENV)/deploy/$*
	$(VENV)/deploy/$*/bin/pip install --quiet --no-deps --require-hashes -r $<
	touch $@

.PHONY: package
package: $(VENV)/deploy/package/.made ## Build the functions for AWS Lambda: one zip, checked
	tests/deploy/package.sh

.PHONY: deploy
deploy: $(VENV)/deploy/tools/.made ## Deploy the package to AWS with SAM; ARGS="--parameter-overrides …" (docs/deploy.md)
	$(VENV)/deploy/tools/bin/sam deploy --template-file infra/aws/template.yaml --stack-name trustwatch \
		--capabilities CAPABILITY_IAM --resolve-s3 $(ARGS)

.PHONY: deploy-check
deploy-check: build $(patsubst %,$(VENV)/deploy/%/.made,tools checkov emulator) ## Prove the deployment without an account: template, rights, an emulator
	BOOTSTRAP="$${BOOTSTRAP:-$(abspath $(TARGET))/debug/trustwatch-bootstrap}" TRUSTWATCH=$(abspath $(TARGET))/debug/trustwatch \
		tests/deploy/run.sh

.PHONY: check-all
check-all: deny deploy-check $(VENV)/.made ## Everything beyond `make test`: it installs what it needs, pinned
	tests/clients/run.sh
	tests/http/run.sh
	tests/real/run.sh
	tests/corpus.sh

.PHONY: exhaustive
exhaustive: ## All interleavings of two workers with at most three preemptions and 5,000 random ones of each play; each call's fault
	TRUSTWATCH_EXHAUSTIVE=1 $(CARGO) test --workspace --test interleavings --test delivery --test faults

.PHONY: clean
clean: ## Remove what was built
	$(CARGO) clean
	rm -rf $(VENV)
