# Everything runs through npm, which puts the project's own Node first in PATH.
.DEFAULT_GOAL := help
.PHONY: help start demo chaos bench bench-orders up down test mutants lint clean deps bench-deps

help:
	@echo 'make start            run the whole stack in the foreground until Ctrl-C'
	@echo '                      SERVICES="eventstoresvc ordersvc" runs only those; LOG=all shows all they write'
	@echo '                      HTTP_PORT=3001 and others: see README; STACK_DATA_DIR=… keeps the data elsewhere than .data'
	@echo '                      NATS_NODES=3 runs three NATS servers that keep three copies of the stream'
	@echo 'make demo             show how orders end, each with its journey and its trace, in about a minute; ARGS=--json prints JSON'
	@echo 'make chaos            place orders on a stack of its own and harm every part of it meanwhile, under five minutes;'
	@echo '                      ARGS="--orders 300 --seed 7 --instances 2", ARGS=--help'
	@echo 'make bench-orders     post orders to the running stack and measure; ARGS="--orders 5000 --rate 200", ARGS=--help'
	@echo 'make bench            the event store beside its peers, ten minutes; ARGS=--quick a minute and a half, ARGS=--help'
	@echo 'make up               the same system in Docker, on three CockroachDB nodes; make down removes it, data and all'
	@echo 'make test             every test; ARGS="--grep acknowledged" picks some'
	@echo 'make mutants          change the pure files in a thousand small ways, and say which changes no test notices; ARGS=saga picks some'
	@echo 'make lint             style, types and import boundaries'
	@echo 'make clean            remove the data of make start (.data); fetched tools and packages stay'
	@echo
	@echo 'Nothing needs to be done first: packages and servers are fetched when they are missing.'

# Without npm in between it sees when make is killed.
start: deps
	@STOP_WITH_PARENT=$$PPID exec node_modules/.bin/node stack/main.ts

demo: deps
	@npm run --silent demo -- $(ARGS)

chaos: deps
	@npm run --silent chaos -- $(ARGS)

bench: bench-deps
	@npm run --silent --prefix bench start -- $(ARGS)

bench-orders: deps
	@npm run --silent bench:orders -- $(ARGS)

up:
	@docker compose version >/dev/null 2>&1 || { echo 'docker compose is missing → install Docker with its compose plugin, or use make start' >&2; exit 1; }
	@docker compose up --build --wait --wait-timeout 600
	@echo 'ready: http://localhost:3000/api/orders and http://localhost:9411/zipkin; docker compose logs --follow shows what they write'

# With the data, which CockroachDB without a licence key would throttle after a week.
down:
	@docker compose down --volumes

test: deps
	@npm run --silent test -- $(ARGS)

mutants: deps
	@npm run --silent mutants -- $(ARGS)

# The types of bench/engine need its packages, which only `make bench` installs.
lint: deps
	@npm run --silent lint
	@if [ -e bench/node_modules/.package-lock.json ]; then npm run --silent --prefix bench types; \
	else echo 'bench/engine: its types are checked once "make bench-deps" has installed its packages' >&2; fi

# Under root the database may lie elsewhere, behind a link: see stack/reach.ts.
clean:
	@case "$$(readlink .data/postgres)" in \
	/var/lib/orders-*/postgres) rm -rf "$$(dirname "$$(readlink .data/postgres)")" ;; \
	esac
	rm -rf .data

bench-deps: deps bench/node_modules/.package-lock.json

bench/node_modules/.package-lock.json: bench/package-lock.json
	@echo 'installing the npm packages of bench/' >&2
	@npm ci --prefix bench --include=dev --include=optional --loglevel=error >&2 || { echo 'the npm packages of bench/ could not be installed → see above; look whether npm reaches its registry' >&2; exit 1; }
	@touch $@

deps: node_modules/.package-lock.json

# npm writes this file last, so it is there only after a whole install. Whatever npm is told
# to leave out elsewhere (NODE_ENV=production does), here tests and servers are wanted; an
# install that left them out is made again.
.PHONY: part-of-the-packages
part-of-the-packages:
node_modules/.package-lock.json: package-lock.json $(if $(and $(wildcard node_modules/.bin/mocha),$(wildcard node_modules/.bin/node)),,part-of-the-packages)
	@command -v npm >/dev/null || { echo 'npm is missing → install Node.js 20 or newer' >&2; exit 1; }
	@echo 'installing npm packages' >&2
	@npm ci --include=dev --include=optional --loglevel=error >&2 || { echo 'the npm packages could not be installed → see above; look whether npm reaches its registry' >&2; exit 1; }
	@# npx remembers the commands that this folder had when it was first asked for one.
	@ln -sfn ../../cli/ordersctl.js node_modules/.bin/ordersctl
	@touch $@
