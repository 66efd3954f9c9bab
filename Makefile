# Everything a developer or evaluator runs. Variables: PYTHON (3.10 to 3.13),
# ODOO_PATH or ODOO_DEB (an Odoo 19 of your own), PGHOST, PGPORT, PGUSER, PGPASSWORD
# (a PostgreSQL of your own), PORT (of Odoo), ARGS (for pytest), SERVERS and FULL (of the
# demo).
# The one the set-up was made with stays, unless another one is named.
PYTHON ?= $(shell [ -x .work/venv/bin/python ] && echo .work/venv/bin/python || echo python3)
RUN := .work/venv/bin/python -m

export ODOO_PATH ODOO_DEB ODOO_DEB_FALLBACK PORT SERVERS
# No bytecode beside the sources.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.work/pycache

.PHONY: help setup demo serve test bench chaos lint pictures pot clean

help: ## Say what there is
	@sed -n 's/^\([a-z]*\): .*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## Set up Python, Odoo 19 and PostgreSQL under .work/ (done by the others too)
	@$(PYTHON) -m dev.setup

demo: setup ## Push a sample firm and follow its life (FULL=1: a row for each document)
	@$(RUN) dev.demo

serve: setup ## The demo, and Odoo left running on this machine (PORT=8069)
	@$(RUN) dev.serve

chaos: setup ## Kill Odoo and break everything while it pushes (ARGS="--seed 7")
	@$(RUN) dev.chaos $(ARGS)

test: setup ## Run all tests (ARGS="-k name", ARGS=tests/test_file.py)
	@$(RUN) dev.test $(ARGS)

bench: setup ## Measure how fast it is, in ten minutes (ARGS="cpu --profile")
	@$(RUN) dev.benchmarks $(ARGS)

lint: setup ## Check style and Odoo's rules
	@$(RUN) dev.lint

pictures: setup ## Take the README's pictures anew from the running demo
	@$(RUN) dev.pictures

pot: setup ## Collect the texts for translators into i18n/
	@$(RUN) dev.translations

clean: ## Remove everything that was set up
	@$(PYTHON) -m dev.setup.clean
