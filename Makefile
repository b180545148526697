# Two commands for users: `make demo` and `make test`. Each sets up all it needs with cargo, Python
# (3.10 or newer) and pip: a virtual environment in .venv, the compiled module in it, the tools.

PYTHON ?= python3
PYTHONS ?= $(PYTHON)
VENV := .venv
BIN := $(VENV)/bin
COMPARE := .venv-compare
# For engines that do not go with the pandas of the others.
COMPARE_PANDAS2 := .venv-compare-pandas2
export CARGO_TARGET_DIR ?= $(CURDIR)/target
export PATH := $(CURDIR)/$(BIN):$(PATH)

RUST_SOURCES := $(shell find crates -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
TARPAULIN := $(CARGO_TARGET_DIR)/tools/bin/cargo-tarpaulin
TARPAULIN_VERSION := 0.37.5
CARGO_FUZZ := $(CARGO_TARGET_DIR)/tools/bin/cargo-fuzz
CARGO_FUZZ_VERSION := 0.13.2
CARGO_DENY := $(CARGO_TARGET_DIR)/tools/bin/cargo-deny
CARGO_DENY_VERSION := 0.20.2
INSTALL := cargo install --locked --quiet --root $(CARGO_TARGET_DIR)/tools \
           --target-dir $(CARGO_TARGET_DIR)/tools/build
FUZZ_TARGETS ?= $(patsubst fuzz/fuzz_targets/%.rs,%,$(wildcard fuzz/fuzz_targets/*.rs))
FUZZ_OPTIONS := -max_len=4096 -rss_limit_mb=2048 -malloc_limit_mb=512 -timeout=20
SECONDS ?= 60
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile -p no:benchmark
BENCHES := $(BIN)/python -m pytest benches -o python_files='bench_*.py' --benchmark-quiet

.PHONY: help demo test setup format lint types rust-test doc python-test bench-small bench \
        compare conformance coverage-rust coverage-python site dist crash tsan asan fuzz \
        fuzz-python audit instructions clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

demo: $(VENV)/built ## Set up, then run the demo on real stock prices
	$(BIN)/omega-portfolio demo

test: lint types rust-test doc python-test bench-small ## Set up, then all checks
	@echo "make test: all checks passed"

setup: $(VENV)/built ## Only set up

$(VENV)/tools: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python tools/install_tools.py
	@touch $@

$(VENV)/built: $(VENV)/tools $(RUST_SOURCES)
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

format: $(VENV)/tools ## Format all sources
	cargo fmt --all
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/built
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest omega_portfolio._core --mypy-config-file pyproject.toml

rust-test:
	cargo test --workspace --locked --quiet

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

python-test: $(VENV)/built
	$(PYTEST) tests

coverage-python: $(VENV)/built ## Measure line coverage of the Python package
	$(PYTEST) --cov --cov-report=term --cov-fail-under=90 tests

$(TARPAULIN):
	$(INSTALL) cargo-tarpaulin --version $(TARPAULIN_VERSION)

$(CARGO_FUZZ):
	$(INSTALL) cargo-fuzz --version $(CARGO_FUZZ_VERSION)

$(CARGO_DENY):
	$(INSTALL) cargo-deny --version $(CARGO_DENY_VERSION)

coverage-rust: $(TARPAULIN) ## Measure line coverage of the core
	PROPTEST_CASES=32 $(TARPAULIN) --engine llvm --packages portfolio_core --lib --tests \
	    --skip-clean --include-files 'crates/portfolio_core/src/*' --fail-under 95 --out Stdout \
	    --target-dir $(CARGO_TARGET_DIR)/coverage

$(VENV)/docs: $(VENV)/tools
	$(BIN)/python tools/install_tools.py docs
	@touch $@

site: $(VENV)/docs ## Build the documentation site, with MkDocs, Zensical and rustdoc, into out/site
	$(BIN)/python tools/build_site.py
	@echo "open out/site/index.html"

bench-small: $(VENV)/built
	$(BIN)/python -m omega_portfolio.bench equivalence --operations 20000 --seed 1
	$(BIN)/python -m omega_portfolio.bench history --rows 1000000
	$(BENCHES) --small
	$(BIN)/python benches/scale_out.py --small

bench: $(VENV)/built ## Run the full benches and compare them with the filed ones
	mkdir -p $(CARGO_TARGET_DIR)
	$(BENCHES) --benchmark-json=$(CARGO_TARGET_DIR)/bench.json
	$(BIN)/python tools/benchmark_history.py report $(CARGO_TARGET_DIR)/bench.json
	cargo bench --package portfolio_core --locked

$(COMPARE)/installed: benches/compare/requirements.txt
$(COMPARE_PANDAS2)/installed: conformance/requirements.txt
$(COMPARE)/installed $(COMPARE_PANDAS2)/installed:
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python benches/compare/environment.py $<
	@touch $@

compare: $(VENV)/built $(COMPARE)/installed $(COMPARE_PANDAS2)/installed ## Measure other engines beside this one, and file it
	$(BIN)/python benches/compare/compare.py --record

dist: ## Build the sdist and a wheel for each of PYTHONS, check them, try each without cargo
	$(PYTHON) tools/build_dist.py --out dist $(addprefix --python ,$(PYTHONS))

conformance: $(VENV)/built $(COMPARE)/installed $(COMPARE_PANDAS2)/installed ## Publish the cases as data, ask other engines, and file it
	$(BIN)/python tools/build_conformance.py
	$(BIN)/python tools/conformance_results.py
	$(BIN)/python tools/compare_features.py
	$(COMPARE)/bin/python tools/compare_features.py
	$(COMPARE_PANDAS2)/bin/python tools/compare_features.py

crash: $(VENV)/built ## Break journals at every byte, bit and operation, by power cuts and kills
	CRASH_FULL=1 cargo test --package portfolio_core --locked --release --test journal -- --nocapture
	$(BIN)/python -m omega_portfolio.bench crash --kills 10000

tsan: ## Run the tests of shared memory under ThreadSanitizer (needs a nightly toolchain)
	RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" \
	TSAN_OPTIONS="suppressions=$(CURDIR)/tools/tsan_suppressions.txt halt_on_error=1" \
	    cargo +nightly test --package portfolio_core --locked --target $(HOST) \
	    --target-dir $(CARGO_TARGET_DIR)/tsan --lib --test threads -- readers

asan: ## Run the tests of the core under AddressSanitizer (needs a nightly toolchain)
	RUSTFLAGS="-Zsanitizer=address" PROPTEST_CASES=16 \
	    cargo +nightly test --package portfolio_core --locked --target $(HOST) \
	    --target-dir $(CARGO_TARGET_DIR)/asan --lib --tests

fuzz: $(CARGO_FUZZ) ## Fuzz each target of the core for SECONDS (needs a nightly toolchain)
	for target in $(FUZZ_TARGETS); do \
	    mkdir -p $(CARGO_TARGET_DIR)/fuzz/corpus/$$target && \
	    PATH="$(dir $(CARGO_FUZZ)):$$PATH" cargo +nightly fuzz run \
	        --target-dir $(CARGO_TARGET_DIR)/fuzz $$target \
	        $(CARGO_TARGET_DIR)/fuzz/corpus/$$target fuzz/corpus/$$target \
	        -- -max_total_time=$(SECONDS) $(FUZZ_OPTIONS) || exit 1; \
	done

fuzz-python: $(VENV)/built ## Fuzz the calls of Python on both backends for SECONDS
	$(BIN)/python -m pip install --quiet --disable-pip-version-check atheris==3.0.0
	$(BIN)/python fuzz/python/doors.py -max_total_time=$(SECONDS)

audit: $(CARGO_DENY) $(VENV)/tools ## Audit crates and packages: licences, sources, advisories
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	$(BIN)/python tools/audit.py $(CARGO_DENY)

instructions: ## Count the instructions of an event of each kind (needs valgrind)
	cargo build --package portfolio_core --locked --release --example instructions
	$(PYTHON) tools/count_instructions.py $(CARGO_TARGET_DIR)/release/examples/instructions

clean: ## Remove what was built
	rm -rf $(VENV) $(COMPARE) $(COMPARE_PANDAS2) target out .cache
