# Everything runs through npm, which puts the project's own Node first in PATH.
.DEFAULT_GOAL := help
.PHONY: help start demo test lint clean deps

help:
	@echo 'make start            run the whole stack in the foreground until Ctrl-C'
	@echo '                      SERVICES="eventstoresvc ordersvc" runs only those; LOG=all shows all they write'
	@echo 'make demo             show how orders end, each with its journey and its trace; ARGS=--json prints JSON'
	@echo 'make test             every test; ARGS="--grep idempotent" picks some'
	@echo 'make lint             style, types and import boundaries'
	@echo 'make clean            remove the data of make start (.data); fetched tools and packages stay'
	@echo
	@echo 'Nothing needs to be done first: packages and servers are fetched when they are missing.'

start: deps
	@npm run --silent start

demo: deps
	@npm run --silent demo -- $(ARGS)

test: deps
	@npm run --silent test -- $(ARGS)

lint: deps
	@npm run --silent lint

clean:
	rm -rf .data

deps: node_modules/.package-lock.json

# npm writes this file last, so it is there only after a whole install.
node_modules/.package-lock.json: package-lock.json
	@command -v npm >/dev/null || { echo 'npm is missing → install Node.js 20 or newer' >&2; exit 1; }
	@echo 'installing npm packages' >&2
	@npm ci --loglevel=error >&2
	@touch $@
