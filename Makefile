# npm puts the project's own Node first in PATH.
.DEFAULT_GOAL := help
.PHONY: help start demo chaos bench bench-orders bench-restore up down test test-all mutants lint clean deps bench-deps

help:
	@echo 'make start            run the whole stack in the foreground until Ctrl-C'
	@echo '                      SERVICES="eventstoresvc ordersvc" runs only those; LOG=all shows all their output'
	@echo '                      HTTP_PORT=3001 and others: see README; STACK_DATA_DIR=… keeps the data elsewhere than .data'
	@echo '                      EXAMPLE=bookings runs a second system, a hotel, in place of the orders'
	@echo '                      NATS_NODES=3 runs three NATS servers with three copies of the stream'
	@echo '                      PROCESSES=each gives each worker its own process, few (the default up to four processors) all of them one'
	@echo 'make demo             show every way an order can end, with its steps and its trace, in about a minute; ARGS=--json prints JSON'
	@echo 'make chaos            start a stack, place orders and harm every part of it meanwhile, under five minutes;'
	@echo '                      NATS_NODES=3 ARGS="--orders 300 --seed 7 --instances 2", ARGS=--help;'
	@echo '                      SQL=patroni has the databases on three PostgreSQL servers under Patroni, and makes them fail over'
	@echo 'make bench-orders     measure orders beside the bare path of their hops, on a stack of its own, twelve minutes; ARGS=--quick three;'
	@echo '                      PEERS=1 measures Restate, DBOS Transact and Emmett in the same run, half an hour;'
	@echo '                      ARGS="--running --orders 5000 --rate 200" measures the running stack; ARGS=--help'
	@echo 'make bench-restore    restore a backup of a million events into an empty system, audit it, rebuild the read model, back it up again,'
	@echo '                      ten minutes; ARGS="--events 100000", ARGS=--help'
	@echo 'make bench            compare the event store with its peers, ten minutes; ARGS=--quick a minute and a half, ARGS=--help'
	@echo 'make up               run the system in Docker on three CockroachDB nodes; make down removes it with its data'
	@echo 'make test             run all tests but the long ones, under eight minutes; ARGS="--grep acknowledged" picks some'
	@echo 'make test-all         run every test, as CI does, in some twenty-five minutes'
	@echo 'make mutants          make small changes to the pure files, and list those that no test notices; ARGS=saga picks some'
	@echo 'make lint             check style, types and import boundaries'
	@echo 'make clean            remove the data of make start (.data); fetched tools and packages stay'
	@echo
	@echo 'No setup is needed: missing packages and servers are fetched.'

# Reading and stripping the sources takes a good part of a start.
export NODE_COMPILE_CACHE ?= $(CURDIR)/node_modules/.cache/compile

# Without npm in between, it notices when make is killed.
start: deps
	@STOP_WITH_PARENT=$$PPID exec node_modules/.bin/node stack/main.ts

demo: deps
	@npm run --silent demo -- $(ARGS)

chaos: deps
	@npm run --silent chaos -- $(ARGS)

bench: bench-deps
	@npm run --silent --prefix bench start -- $(ARGS)

bench-orders: deps $(if $(filter 1,$(PEERS)),bench-deps)
	@npm run --silent bench:orders -- $(ARGS)

bench-restore: deps
	@npm run --silent bench:restore -- $(ARGS)

up:
	@docker compose version >/dev/null 2>&1 || { echo 'docker compose is missing → install Docker with its compose plugin, or use make start' >&2; exit 1; }
	@docker compose up --build --wait --wait-timeout 600
	@echo 'ready: http://localhost:3000/api/orders and http://localhost:9411/zipkin; docker compose run --rm ordersctl token --customer ada prints a token, which HTTP asks for; docker compose logs --follow shows what they write'

# With the data: CockroachDB throttles it after a week without a licence key.
down:
	@docker compose down --volumes

test: deps
	@npm run --silent test -- $(ARGS)

test-all: deps
	@npm run --silent test:all -- $(ARGS)

mutants: deps
	@npm run --silent mutants -- $(ARGS)

# The types of bench/engine need packages that only `make bench` installs.
lint: deps
	@npm run --silent lint
	@if [ -e bench/node_modules/.package-lock.json ]; then npm run --silent --prefix bench types; \
	else echo 'bench/engine: its types are checked once "make bench-deps" has installed its packages' >&2; fi

# As root the database may be elsewhere, behind a link: see stack/reach.ts.
clean:
	@case "$$(readlink .data/postgres)" in \
	/var/lib/orders-*/postgres) rm -rf "$$(dirname "$$(readlink .data/postgres)")" ;; \
	esac
	rm -rf .data

bench-deps: deps bench/node_modules/.package-lock.json

bench/node_modules/.package-lock.json: bench/package-lock.json
	@echo 'installing the npm packages of bench/' >&2
	@npm ci --prefix bench --include=dev --include=optional --loglevel=error >&2 || { echo 'the npm packages of bench/ could not be installed → see above; check that npm reaches its registry' >&2; exit 1; }
	@touch $@

deps: node_modules/.package-lock.json

# npm writes this file last, so it exists only after a complete install. Tests and servers are
# needed whatever npm is told to leave out (as by NODE_ENV=production); an install without them
# is repeated.
.PHONY: part-of-the-packages
part-of-the-packages:
node_modules/.package-lock.json: package-lock.json $(if $(and $(wildcard node_modules/.bin/mocha),$(wildcard node_modules/.bin/node)),,part-of-the-packages)
	@command -v npm >/dev/null || { echo 'npm is missing → install Node.js 20 or newer' >&2; exit 1; }
	@echo 'installing npm packages' >&2
	@npm ci --include=dev --include=optional --loglevel=error >&2 || { echo 'the npm packages could not be installed → see above; check that npm reaches its registry' >&2; exit 1; }
	@# npx remembers the commands that this folder had at its first call.
	@ln -sfn ../../cli/ordersctl.js node_modules/.bin/ordersctl
	@touch $@
