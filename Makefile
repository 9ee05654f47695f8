# Every target sets itself up in an empty clone: it needs Python 3.11 or newer with its venv module, and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LEAN_VENV := .venv-demo
LEAN := $(LEAN_VENV)/.installed
TORCH ?= torch==2.13.0
CHECK_PYTHON = $(PYTHON) -c 'import sys; v = sys.version_info[:2]; v >= (3, 11) or sys.exit("spinfunnel needs Python 3.11 or newer, this is %d.%d: make PYTHON=/path/to/python3.11" % v)'
TOOLS ?= .venv-tools
# LOCKED=1 installs the versions of requirements.lock, each checked by its hash: what CI does.
OF_TORCH := torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc \
  nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse \
  nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help venv demo quick test slow long fuzz faults soak lock audit check lint format types imports doctest examples clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

$(STAMP): pyproject.toml $(if $(LOCKED),requirements.lock)
	@$(CHECK_PYTHON)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
ifdef LOCKED
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet '$(TORCH)'
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
else
	$(BIN)/python -m pip install --quiet '$(TORCH)'
	$(BIN)/python -m pip install --quiet --editable '.[dev,dask]'
endif
	@# Tests of the report need a browser; without one, and without a network, they are skipped.
	@command -v chromium >/dev/null 2>&1 || $(BIN)/python -m playwright install --with-deps chromium >/dev/null 2>&1 \
	  || $(BIN)/python -m playwright install chromium >/dev/null 2>&1 \
	  || apt-get install --yes --no-install-recommends chromium >/dev/null 2>&1 \
	  || echo "no browser could be installed: the tests of the report in a browser will be skipped"
	@touch $(STAMP)

$(LEAN): pyproject.toml
	@$(CHECK_PYTHON)
	test -x $(LEAN_VENV)/bin/python || $(PYTHON) -m venv $(LEAN_VENV)
	$(LEAN_VENV)/bin/python -m pip install --quiet --editable .
	@touch $(LEAN)

venv: $(STAMP) ## make .venv with everything installed

# The demo takes the environment of the developers where there is one, else a lean one: no PyTorch, no tools.
demo: $(if $(wildcard $(STAMP)),$(STAMP),$(LEAN)) ## four small landscapes judged, and a page about them: about a minute
	@$(dir $<)bin/spinfunnel demo

quick: $(STAMP) ## laws on small examples, kernels against their twins, a study of each kind: under a minute
	$(BIN)/python -m pytest -n logical --dist loadfile -m quick

test: $(STAMP) ## all tests except the slow ones
	$(BIN)/python -m pytest -n logical --dist loadfile -m 'not slow and not long'

slow: $(STAMP) ## the slow tests: each takes more than 20 seconds alone
	$(BIN)/python -m pytest -n logical --dist loadfile -m slow

long: $(STAMP) ## thousands of damaged and hostile atlases: more than half an hour
	$(BIN)/python -m pytest -n logical --dist loadfile -m long

fuzz: $(STAMP) ## change valid files at random for an hour: each is read or refused in a sentence
	$(BIN)/python -m fuzz

faults: $(STAMP) ## kill runs at 1,000 random moments, fill disks, lock atlases, restart databases
	$(BIN)/python -m faults --kills 1000

soak: $(STAMP) ## temper, join and train for an hour: memory and open files must not grow
	$(BIN)/python -m soak --minutes 60

check: lint types imports doctest examples ## everything else that CI checks

lint: $(STAMP) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP) ## let ruff repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy

imports: $(STAMP) ## the layers of the package
	$(BIN)/lint-imports --no-cache

doctest: $(STAMP) ## the examples in the docstrings
	$(BIN)/python -m pytest --doctest-modules src

examples: $(STAMP) ## one script per picture
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	for script in examples/*.py; do echo "$$script"; $(BIN)/python "$$script" "$$folder" || exit 1; done

$(TOOLS)/.installed:
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet uv pip-audit
	@touch $@

# PyTorch is pinned by TORCH alone: a machine with a graphics card and one without take different files of it.
lock: $(TOOLS)/.installed ## write the newest versions that fit, with their hashes, into requirements.lock
	printf '$(TORCH)\nhatchling\neditables\n' > $(TOOLS)/more.in
	$(TOOLS)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --no-emit-find-links --extra dev --extra dask pyproject.toml $(TOOLS)/more.in \
	  $(foreach name,$(OF_TORCH),--no-emit-package $(name)) --output-file requirements.lock >/dev/null

audit: $(TOOLS)/.installed ## look the locked versions up among known vulnerabilities; 1 where any is found
	$(TOOLS)/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

clean: ## remove the environment and the caches
	rm -rf $(VENV) $(LEAN_VENV) $(TOOLS) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find src tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
