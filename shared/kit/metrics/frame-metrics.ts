/**
 * The metrics of whatever is built on the frame. Names are OpenTelemetry's semantic conventions
 * where they have one.
 */
import { counter, gauge, histogram } from './listing.ts';

/** From half a millisecond to ten seconds, densest where answers should be. */
const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** How many things at once. */
const counts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

export const frameMetrics = {
  buildInfo: gauge({
    name: 'build.info',
    unit: '{build}',
    help: 'Always 1; its labels name the service, its version and the version of Node.',
    labels: ['service.name', 'service.version', 'process.runtime.version'],
  }),
  processMemory: gauge({
    name: 'process.memory.usage',
    unit: 'By',
    help: 'Memory of the process.',
  }),
  processUptime: gauge({
    name: 'process.uptime',
    unit: 's',
    help: 'Time since the process started.',
  }),
  processCpu: counter({
    name: 'process.cpu.time',
    unit: 's',
    help: 'Processor time that the process used.',
    labels: ['cpu.mode'],
  }),
  heapUsed: gauge({
    name: 'v8js.memory.heap.used',
    unit: 'By',
    help: 'Memory that objects take.',
  }),
  heapLimit: gauge({
    name: 'v8js.memory.heap.limit',
    unit: 'By',
    help: 'With so much memory for objects the process ends.',
  }),
  loopDelayMedian: gauge({
    name: 'nodejs.eventloop.delay.p50',
    unit: 's',
    help: 'How late the event loop ran its timers in the last ten seconds: the median.',
  }),
  loopDelayP99: gauge({
    name: 'nodejs.eventloop.delay.p99',
    unit: 's',
    help: 'How late the event loop ran its timers in the last ten seconds: the 99th percentile.',
  }),
  loopDelayMax: gauge({
    name: 'nodejs.eventloop.delay.max',
    unit: 's',
    help: 'How late the event loop ran its timers in the last ten seconds: the most.',
  }),
  loopUtilization: gauge({
    name: 'nodejs.eventloop.utilization',
    unit: '1',
    help: 'The share of the last ten seconds in which the event loop was busy.',
  }),
  serviceReady: gauge({
    name: 'service.ready',
    unit: '{service}',
    help: '1 while the service is ready for requests, else 0.',
  }),
  serviceDegraded: gauge({
    name: 'service.degraded',
    unit: '{service}',
    help: '1 while the service is not ready or degraded, else 0; /readyz says why.',
  }),
  serviceInsecure: gauge({
    name: 'service.insecure',
    unit: '{service}',
    help: '1 while ALLOW_INSECURE opens the service to other machines, else 0.',
  }),
  httpServerDuration: histogram({
    name: 'http.server.request.duration',
    unit: 's',
    help: 'How long HTTP requests took, from their headers to the end of the answer; refused ones, too.',
    labels: ['http.request.method', 'http.route', 'http.response.status_code', 'error.type'],
    bounds: seconds,
  }),
  rpcServerDuration: histogram({
    name: 'rpc.server.call.duration',
    unit: 's',
    help: 'How long gRPC calls took; refused ones, too. A stream is one call.',
    labels: ['rpc.system.name', 'rpc.method', 'rpc.response.status_code'],
    bounds: seconds,
  }),
  endpointDuration: histogram({
    name: 'endpoint.duration',
    unit: 's',
    help: 'How long endpoints took, by what they answered: ok, or the code of the error.',
    labels: ['endpoint', 'code'],
    bounds: seconds,
  }),
  batchItems: histogram({
    name: 'batch.items',
    unit: '{item}',
    help: 'How many requests shared a call.',
    labels: ['batch'],
    bounds: counts,
  }),
  databaseDuration: histogram({
    name: 'db.client.operation.duration',
    unit: 's',
    help: 'How long statements took from when they were sent; error.type is a SQLSTATE or a code.',
    labels: ['db.system.name', 'db.client.connection.pool.name', 'error.type'],
    bounds: seconds,
  }),
  databaseWaiting: gauge({
    name: 'db.client.connection.pending_requests',
    unit: '{request}',
    help: 'Statements that wait for a connection.',
    labels: ['db.client.connection.pool.name'],
  }),
  databaseUsed: gauge({
    name: 'db.client.connection.used',
    unit: '{connection}',
    help: 'Statements that are under way.',
    labels: ['db.client.connection.pool.name'],
  }),
  databaseMost: gauge({
    name: 'db.client.connection.max',
    unit: '{connection}',
    help: 'How many statements can be under way at once.',
    labels: ['db.client.connection.pool.name'],
  }),
  databaseReplaced: counter({
    name: 'db.client.connection.replaced',
    unit: '{connection}',
    help: 'Connections replaced, by reason: silent, idle, lost, read-only, moved or torn.',
    labels: ['db.client.connection.pool.name', 'reason'],
  }),
  streamsReplaced: counter({
    name: 'streams.replaced',
    unit: '{stream}',
    help: 'Streams and connections that fell silent and were replaced, by kind.',
    labels: ['kind'],
  }),
  messagesConsumed: counter({
    name: 'messaging.client.consumed.messages',
    unit: '{message}',
    help: 'Messages delivered to a consumer, repeats included.',
    labels: ['messaging.system', 'messaging.consumer.group.name'],
  }),
  messageDuration: histogram({
    name: 'messaging.process.duration',
    unit: 's',
    help: 'How long a consumer took for a message, waiting for its turn included, by what became of it: acked, retried, parked or undecodable.',
    labels: ['messaging.system', 'messaging.consumer.group.name', 'outcome'],
    bounds: seconds,
  }),
  messagesHeld: gauge({
    name: 'messaging.consumer.in_flight',
    unit: '{message}',
    help: 'Messages that a consumer holds and has not answered yet.',
    labels: ['messaging.consumer.group.name'],
  }),
  messagesBehind: gauge({
    name: 'messaging.consumer.lag',
    unit: '{message}',
    help: 'Messages that a consumer has not finished, over all instances, as it sees them itself; eventstore_consumer_lag tells it of a hung one, too.',
    labels: ['messaging.consumer.group.name'],
  }),
  followerActive: gauge({
    name: 'follower.active',
    unit: '{follower}',
    help: 'Whether this instance follows the log (1) or stands by (0).',
    labels: ['consumer'],
  }),
  lettersParked: counter({
    name: 'dead_letters',
    unit: '{letter}',
    help: 'Messages given up and stored as dead letters.',
    labels: ['consumer', 'reason'],
  }),
  workerAnswers: counter({
    name: 'worker.answers',
    unit: '{event}',
    help: 'Events that a worker answered, by outcome.',
    labels: ['worker', 'outcome'],
  }),
  spansDropped: counter({
    name: 'tracing.spans.dropped',
    unit: '{span}',
    help: 'Spans lost because nobody took them or too many waited.',
  }),
} as const;
