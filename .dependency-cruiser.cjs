/**
 * An import goes downward only: transport → endpoints → service → domain.
 * Each rule below is one wall of the house; its comment says what it keeps out.
 */
const service = '^services/[^/]+/';
const spec = '[.]spec[.]ts$';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that import each other are one file with a wall through it.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'examples-are-leaves',
      comment: 'A second system shows that the frame knows none: nobody knows it.',
      severity: 'error',
      from: { pathNot: '^examples/' },
      to: { path: '^examples/' },
    },
    {
      name: 'examples-know-no-orders',
      comment:
        'They stand on the frame, the composition and the stack, and on nothing of the orders.',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(services/[^/]+/|shared/(domain|contracts)/|cli/)' },
    },
    {
      name: 'services-are-strangers',
      comment: 'Services talk over gRPC, JetStream and HTTP, never by import.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/($1/|composition[.]ts$)' },
    },
    {
      name: 'the-composition-knows-no-service',
      comment: 'It holds what all composition roots share, and nothing of one alone.',
      severity: 'error',
      from: { path: '^services/composition[.]ts$' },
      to: { path: '^services/' },
    },
    {
      name: 'shared-knows-no-tracing',
      comment: 'The composition, which stands above both, puts the hooks of zipkin/ in.',
      severity: 'error',
      from: { path: '^shared/', pathNot: `(${spec}|^shared/testing/)` },
      to: { path: '^zipkin/' },
    },
    {
      name: 'shared-knows-no-service',
      comment: 'What is shared must not depend on who shares it.',
      severity: 'error',
      from: { path: '^(shared|zipkin|proto)/', pathNot: spec },
      to: { path: '^(services|stack|cli)/' },
    },
    {
      name: 'shared-specs-know-no-service',
      comment: 'They may start real servers from the stack, and nothing more.',
      severity: 'error',
      from: { path: `^(shared|zipkin|proto)/.*${spec}` },
      to: { path: '^(services|cli)/' },
    },
    {
      name: 'the-kit-knows-nobody',
      comment: 'Anybody may build on the kit: it knows no event store, no contract and no tracing.',
      severity: 'error',
      from: { path: '^shared/kit/', pathNot: spec },
      to: { path: '^(shared|zipkin|proto)/', pathNot: '^shared/(kit/|money/currency[.]ts$)' },
    },
    {
      name: 'the-kit-runs-downward',
      comment: 'Its words (context, endpoint, errors, …) stand below its rooms.',
      severity: 'error',
      from: { path: '^shared/kit/[^/]+[.]ts$', pathNot: spec },
      to: { path: '^shared/kit/[^/]+/' },
    },
    {
      name: 'metrics-know-no-other-room',
      comment: 'Every room measures itself.',
      severity: 'error',
      from: { path: '^shared/kit/metrics/', pathNot: spec },
      to: { path: '^shared/kit/[^/]+/', pathNot: '^shared/kit/metrics/' },
    },
    {
      name: 'metrics-stand-on-a-list',
      comment: 'Only the lists make metrics, so that docs/metrics.md has all of them.',
      severity: 'error',
      from: {
        pathNot: `(${spec}|^shared/kit/metrics/frame-metrics[.]ts$|^shared/contracts/metric-list[.]ts$)`,
      },
      to: { path: '^shared/kit/metrics/listing[.]ts$' },
    },
    {
      name: 'a-process-knows-no-other-room',
      comment: 'Settings and lifecycle are what every other room of the kit rests on.',
      severity: 'error',
      from: { path: '^shared/kit/process/', pathNot: spec },
      to: { path: '^shared/kit/[^/]+/', pathNot: '^shared/kit/(process|metrics)/' },
    },
    {
      name: 'sql-wires-and-middlewares-are-strangers',
      comment: 'A database needs no wire, a wire no database, and a middleware neither.',
      severity: 'error',
      from: { path: '^shared/kit/(sql|transport|middleware)/', pathNot: spec },
      to: { path: '^shared/kit/[^/]+/', pathNot: '^shared/kit/($1|process|metrics)/' },
    },
    {
      name: 'the-event-store-runs-downward',
      comment:
        'What an event store is stands below its clients, its workers and the one in memory.',
      severity: 'error',
      from: { path: '^shared/eventstore/[^/]+[.]ts$', pathNot: spec },
      to: { path: '^shared/eventstore/[^/]+/' },
    },
    {
      name: 'the-event-store-knows-no-process',
      comment: 'A process manager is built on a log, and no log on one.',
      severity: 'error',
      from: { path: '^shared/eventstore/' },
      to: { path: '^shared/process-manager/' },
    },
    {
      name: 'a-process-manager-knows-no-domain',
      comment: 'It rests on the kit and the event store; what it waits for, its caller says.',
      severity: 'error',
      from: { path: '^shared/process-manager/', pathNot: spec },
      to: {
        path: '^(shared|zipkin|proto)/',
        pathNot: '^shared/(kit/|process-manager/|eventstore/[^/]+[.]ts$)',
      },
    },
    {
      name: 'event-stores-are-strangers',
      comment: 'A worker takes any event store, and none knows another.',
      severity: 'error',
      from: { path: '^shared/eventstore/([^/]+)/', pathNot: spec },
      to: { path: '^shared/eventstore/[^/]+/', pathNot: '^shared/eventstore/$1/' },
    },
    {
      name: 'wires-are-strangers',
      comment: 'What two wires share stands beside their rooms.',
      severity: 'error',
      from: { path: '^shared/kit/transport/([^/]+)/' },
      to: {
        path: '^shared/kit/transport/(http|grpc|jetstream)/',
        pathNot: '^shared/kit/transport/$1/',
      },
    },
    {
      name: 'http-and-grpc-know-no-nats',
      comment: 'Only JetStream runs over NATS.',
      severity: 'error',
      from: { path: '^shared/kit/transport/(http|grpc)/' },
      to: { path: '^shared/kit/transport/nats/' },
    },
    {
      name: 'the-domain-is-pure',
      comment: 'Deciders see values only: no input, no output, no clock, no packages.',
      severity: 'error',
      from: { path: '^shared/domain/', pathNot: spec },
      to: { pathNot: '^shared/(domain|money)/' },
    },
    {
      name: 'money-is-pure',
      comment: 'Amounts and currencies are of no system: anybody may count.',
      severity: 'error',
      from: { path: '^shared/money/', pathNot: spec },
      to: { pathNot: '^shared/money/' },
    },
    {
      name: 'the-frame-knows-no-system',
      comment:
        'Kit, event store, process manager and tracing serve any system: they and their specs know nothing of orders.',
      severity: 'error',
      from: { path: '^(shared/(kit|eventstore|process-manager|money)|zipkin)/' },
      to: { path: '^(shared/(domain|contracts)|services|cli)/' },
    },
    {
      name: 'contracts-are-data',
      comment: 'Schemas, names and ids; zod and uuid at the most.',
      severity: 'error',
      from: { path: '^shared/contracts/', pathNot: spec },
      to: {
        pathNot:
          '(^shared/(contracts|domain|money)/|^shared/kit/(errors|transport/nats/inbox)[.]ts$|^shared/eventstore/(event-table|ids|grpc/store-rights)[.]ts$|^shared/kit/metrics/(metric|listing|frame-metrics)[.]ts$|node_modules/(zod|uuid)/)',
      },
    },
    {
      name: 'the-log-and-its-consumers-know-themselves-only',
      comment:
        'What a log is, and what is kept of its consumers, does not depend on who carries it on.',
      severity: 'error',
      from: { path: '^services/eventstoresvc/(log|consumers)/', pathNot: spec },
      to: { path: '^services/eventstoresvc/', pathNot: '^services/eventstoresvc/$1/' },
    },
    {
      name: 'the-relay-knows-the-log-only',
      comment: 'It copies the log to the stream; who asks for what is not its business.',
      severity: 'error',
      from: { path: '^services/eventstoresvc/relay/', pathNot: spec },
      to: { path: '^services/eventstoresvc/', pathNot: '^services/eventstoresvc/(relay|log)/' },
    },
    {
      name: 'rooms-know-no-layer',
      comment: 'A folder for a noun stands below the files that every service has.',
      severity: 'error',
      from: {
        path: '^services/([^/]+)/[^/]+/',
        pathNot: `(^services/[^/]+/(http|grpc)/|${spec})`,
      },
      to: { path: '^services/$1/[^/]+[.]ts$' },
    },
    {
      name: 'rooms-of-a-wire-are-for-transports',
      comment: 'What a request looks like is known where it is read and answered.',
      severity: 'error',
      from: {
        path: service,
        pathNot: `(^services/[^/]+/((http|grpc)/|transport-[a-z]+[.]ts$|(log-)?container[.]ts$)|${spec})`,
      },
      to: { path: '^services/[^/]+/(http|grpc)/' },
    },
    {
      name: 'endpoints-know-no-transport',
      comment: 'The same endpoint is served over any wire.',
      severity: 'error',
      from: { path: [`${service}endpoints[.]ts$`, `${service}[a-z]+/[a-z]+-endpoints[.]ts$`] },
      to: {
        path: '(transport-[a-z]+[.]ts$|/transport/|node_modules/(koa|@koa|@grpc|nats)/)',
      },
    },
    {
      name: 'services-know-no-endpoint-or-transport',
      comment: 'Business logic is plain TypeScript behind an interface.',
      severity: 'error',
      from: { path: `${service}service[.]ts$` },
      to: {
        path: '(endpoints[.]ts$|transport-[a-z]+[.]ts$|/transport/|node_modules/(koa|@koa|@grpc|nats|inversify)/)',
      },
    },
    {
      name: 'the-container-stays-in-the-container',
      comment: 'inversify binds in container.ts, and in what all of them share.',
      severity: 'error',
      from: { pathNot: '(container|^services/composition)[.]ts$' },
      to: { path: 'node_modules/inversify/' },
    },
    {
      name: 'only-main-imports-the-container',
      comment: 'The composition root is the top of a service.',
      severity: 'error',
      from: { path: service, pathNot: `(${service}main[.]ts$|${spec})` },
      to: { path: `${service}container[.]ts$` },
    },
    {
      name: 'only-containers-import-the-composition',
      comment: 'What all composition roots share is for composition roots.',
      severity: 'error',
      from: { pathNot: `(container[.]ts$|^examples/|${spec})` },
      to: { path: '^services/composition[.]ts$' },
    },
    {
      name: 'tests-stay-out-of-the-product',
      comment: 'Nothing that runs in production imports a spec or the test kit.',
      severity: 'error',
      from: { pathNot: `(${spec}|^(shared|stack)/testing/)` },
      to: { path: `(${spec}|^shared/testing/|^stack/testing([.]ts$|/))` },
    },
    {
      name: 'the-image-installs-what-it-imports',
      comment: 'The Dockerfile installs what package.json names, without its development packages.',
      severity: 'error',
      from: { path: '^(cli|proto|services|shared|zipkin)/', pathNot: `(${spec}|^shared/testing/)` },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'the-image-holds-what-it-imports',
      comment: 'The Dockerfile copies these folders and no others.',
      severity: 'error',
      from: { path: '^(cli|proto|services|shared|zipkin)/', pathNot: `(${spec}|^shared/testing/)` },
      to: { path: '^(bench|deploy|docs|frame|stack)/' },
    },
    {
      name: 'every-import-resolves',
      comment:
        'But for the peers of the bench, which are installed when it is run, and what the console serves to its page: their types tell.',
      severity: 'error',
      from: {},
      to: {
        couldNotResolve: true,
        pathNot: '^(@(event-driven-io|restatedev|dbos-inc)|/assets/vendor)/',
      },
    },
    {
      name: 'peers-stay-in-the-bench',
      comment: 'What the product is compared with is no part of it.',
      severity: 'error',
      from: { pathNot: '^bench/(engine/contenders|peers)/' },
      to: { path: '(^|node_modules/)@(event-driven-io|restatedev|dbos-inc)/' },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
};
