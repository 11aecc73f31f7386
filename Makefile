# Every job is one word; what it does stands in tools/bootstrap.py.
PYTHON ?= python3
BOOTSTRAP = $(PYTHON) tools/bootstrap.py
.DEFAULT_GOAL := help
.PHONY: help run test check bench up clean lock

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: ## set up, then the tour: shops that oversell beside shops that never do
	@$(BOOTSTRAP) trivet run tour

test: ## set up, then every test that is not marked long
	@$(BOOTSTRAP) test

check: ## format, lint, types and import rules
	@$(BOOTSTRAP) check

bench: ## measure everything beside its peers and bounds, and write docs/benchmarks.md
	@$(BOOTSTRAP) trivet bench

up: ## start the shop and leave it running until Ctrl-C
	@$(BOOTSTRAP) trivet up

clean: ## remove the environment, the runs and every cache
	@$(BOOTSTRAP) clean

lock: ## resolve the locks again (maintainers; needs the network)
	@$(BOOTSTRAP) lock
