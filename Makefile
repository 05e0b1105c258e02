PYTHON ?= python3
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

# Idle OpenMP threads that spin slow torch several times over as soon as anything else runs.
export OMP_WAIT_POLICY ?= PASSIVE
export GOMP_SPINCOUNT ?= 0
ifeq ($(shell uname -s),Linux)
export MUJOCO_GL ?= egl
endif

WORKERS ?= 2
VENV := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install install-robot demo test check bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv from the pinned versions (PYTHON=..., TORCH_INDEX=... to choose)

$(INSTALLED): pyproject.toml constraints.txt scripts/install.sh
	@PYTHON='$(PYTHON)' TORCH_INDEX='$(TORCH_INDEX)' bash scripts/install.sh
	@touch $@

install-robot: ## Make .venv-robot with deploy_robot alone: no torch, no mujoco; a sourced ROS 2 is seen
	$(PYTHON) -m venv .venv-robot
	.venv-robot/bin/python -m pip install --quiet --constraint constraints.txt numpy onnxruntime pyyaml
	.venv-robot/bin/python -m pip install --quiet --no-deps .

demo: install ## Run the demonstration
	$(VENV)/sim2real demo

test: install ## Run every test, in two processes (WORKERS=... to choose)
	$(VENV)/python -m pytest -n $(WORKERS) --dist loadfile

check: install ## Lint, formatting, types, import directions
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/python -m pytest -q tests/test_imports.py

bench: install ## Measure the speed of the simulation and of training
	$(VENV)/sim2real bench sim
	$(VENV)/sim2real bench train

clean: ## Remove the environments, caches and build outputs; runs/ stays
	rm -rf .venv .venv-robot build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis MUJOCO_LOG.TXT
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
