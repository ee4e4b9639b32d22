/**
 * What is sent by those who are careless or mean harm, byte for byte, and what
 * they are answered: a status, a code, the path of each field that is wrong, and
 * nothing of the inside.
 */
import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { nop } from '../../shared/kit/endpoint.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { httpServer } from '../../shared/kit/transport/http/http-server.ts';
import type { ProblemDocument } from '../../shared/kit/transport/http/problem.ts';
import { type RawAnswer, sendRaw } from '../../shared/testing/raw-http.ts';
import { usd } from '../../shared/testing/test-currency.ts';
import { spanRecorder } from '../../shared/testing/zipkin/span-recorder.ts';
import { httpServerTrace } from '../../zipkin/http.ts';
import { orderEndpoints } from './endpoints.ts';
import { createOrderService } from './service.ts';
import { orderRoutes } from './transport-http.ts';
import { createRecentWrites } from './views/recent-writes.ts';

const BODY_LIMIT = 64 * 1024;

/** A request as it goes over the wire. Its connection is closed after it. */
function request(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', body].join(
    '\r\n',
  );
}

const get = (path: string, ...headers: string[]) => request(`GET ${path}`, headers);

function post(body: string | Buffer, ...headers: string[]): string {
  const bytes = Buffer.from(body);
  const type = headers.some((text) => /^content-type/i.test(text))
    ? []
    : ['Content-Type: application/json'];
  const length = `Content-Length: ${bytes.length}`;
  // Latin-1 keeps every byte as it is; see `send`.
  return request('POST /api/orders', [...type, length, ...headers], bytes.toString('latin1'));
}

const line = '{"code":"P1","name":"Pizza","unit_price":12.50,"quantity":2}';
const order = (items: string) => `{"customer_id":"c1","restaurant_id":"r1","order_items":${items}}`;
const good = order(`[${line}]`);
const price = (text: string) => good.replace('12.50', text);
const quantity = (text: string) => good.replace('"quantity":2', `"quantity":${text}`);
const customer = (json: string) => good.replace('"c1"', json);

const PRICE = 'order_items[0].unit_price';
const QUANTITY = 'order_items[0].quantity';
const KEY = 'Idempotency-Key';

/** What is sent, and the status, the code and the fields of its answer. */
type Row = readonly [
  what: string,
  sent: string,
  status: number,
  code: string,
  fields?: readonly string[],
];

const invalid = (what: string, body: string, ...fields: string[]): Row => [
  what,
  post(body),
  422,
  'invalid_order',
  fields,
];
const malformed = (what: string, body: string | Buffer): Row => [
  what,
  post(body),
  400,
  'malformed_json',
];
const keyed = (what: string, ...headers: string[]): Row => [
  what,
  post(good, ...headers),
  422,
  'invalid_order',
  [KEY],
];
const listed = (what: string, query: string, ...fields: string[]): Row => [
  what,
  get(`/api/orders?${query}`),
  422,
  'invalid_query',
  fields,
];
const media = (what: string, ...headers: string[]): Row => [
  what,
  post(good, ...headers),
  415,
  'unsupported_media_type',
];

const refused: readonly Row[] = [
  malformed('JSON that ends too early', good.slice(0, -1)),
  malformed('no JSON at all', 'customer_id=c1'),
  malformed('an empty body', ''),
  ['no body and no word of its type', request('POST /api/orders'), 400, 'malformed_json'],
  [
    'a body in chunks without a byte',
    request('POST /api/orders', ['Transfer-Encoding: chunked'], '0\r\n\r\n'),
    400,
    'malformed_json',
  ],
  malformed('JSON with a comma too many', '{"a":1,}'),
  malformed('JSON nested without end', '['.repeat(BODY_LIMIT - 1)),
  malformed('objects nested without end', '{"a":'.repeat(10_000)),
  malformed('a name given twice, the last time right', good.replace('{', '{"customer_id":"c0",')),
  malformed('a name given twice, alike', good.replace('{', '{"customer_id":"c1",')),
  malformed(
    'a name given twice, written otherwise',
    good.replace('{', '{"customer_\\u0069d":"c0",'),
  ),
  malformed(
    'a name given twice deep inside',
    good.replace('"unit_price":', '"unit_price":1.005,"unit_price":'),
  ),
  malformed('an unknown name given twice', good.replace('{', '{"x":1,"x":1,')),
  malformed('bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])),
  malformed('UTF-16 that says nothing of it', Buffer.from(`\ufeff${good}`, 'utf16le')),

  invalid(
    'everything wrong at once',
    '{"customer_id":"","order_items":[{"code":1,"name":" ","unit_price":-1,"quantity":0}]}',
    'customer_id',
    'restaurant_id',
    'order_items[0].code',
    'order_items[0].name',
    PRICE,
    QUANTITY,
  ),
  invalid('a list for the body', '[]', 'body'),
  invalid('null for the body', 'null', 'body'),
  invalid('a number for the body', '1', 'body'),
  invalid('text for a list', order('"P1"'), 'order_items'),
  invalid('text for an item', order('["P1"]'), 'order_items[0]'),
  invalid('no items', order('[]'), 'order_items'),
  invalid(
    'more items than an order has',
    order(`[${`${line},`.repeat(100)}${line}]`),
    'order_items',
  ),
  invalid('text for a price', price('"12.50"'), PRICE),
  invalid('a negative price', price('-0.01'), PRICE),
  invalid('more decimals than the currency has', price('12.505'), PRICE),
  invalid('decimals that a JavaScript number loses', price('12.5000000000000000001'), PRICE),
  invalid('a price beyond what is safe', price('9007199254740993'), PRICE),
  invalid('a price beyond all numbers', price('1e999999999'), PRICE),
  invalid('a price too small to be seen', price('1e-999999999'), PRICE),
  invalid('a price of null', price('null'), PRICE),
  invalid('a price that poses as a number as written', price('{"text":"1"}'), PRICE),
  invalid('a quantity of zero', quantity('0'), QUANTITY),
  invalid('a negative quantity', quantity('-1'), QUANTITY),
  invalid('a quantity that is not whole', quantity('1.5'), QUANTITY),
  invalid(
    'a quantity that is whole only to JavaScript',
    quantity('1.00000000000000000001'),
    QUANTITY,
  ),
  invalid('a quantity beyond what is safe', quantity('9007199254740993'), QUANTITY),
  invalid('true for a quantity', quantity('true'), QUANTITY),
  invalid('a total beyond what is safe', price('9000000000.00'), 'order_items'),
  invalid('a blank id', customer('"  "'), 'customer_id'),
  invalid('an id with a line break', customer('"a\\r\\nb"'), 'customer_id'),
  invalid('an id with a NUL', customer('"a\\u0000"'), 'customer_id'),
  invalid('an id that cannot be seen', customer('"\\u200b"'), 'customer_id'),
  invalid('half of a surrogate pair', customer('"\\ud800"'), 'customer_id'),
  invalid('an id of a megabyte, nearly', customer(`"${'x'.repeat(60_000)}"`), 'customer_id'),
  invalid('a name under __proto__', good.replace('"customer_id"', '"__proto__"'), 'customer_id'),
  invalid(
    'fields inherited by way of __proto__',
    '{"__proto__":{"customer_id":"c1","restaurant_id":"r1"}}',
    'customer_id',
    'restaurant_id',
    'order_items',
  ),

  keyed('a blank key', `${KEY}:   `),
  keyed('a key that is too long', `${KEY}: ${'k'.repeat(256)}`),
  keyed('a key with a tab', `${KEY}: a\tb`),
  keyed('a key with a control character beyond ASCII', `${KEY}: a\x85b`),
  keyed('two keys', `${KEY}: a`, `${KEY}: b`),
  keyed('the same key twice', `${KEY}: a`, `idempotency-key: a`),

  media('a form', 'Content-Type: application/x-www-form-urlencoded'),
  media('text that is JSON', 'Content-Type: text/plain'),
  media('an empty media type', 'Content-Type:'),
  media('another charset', 'Content-Type: application/json; charset=utf-16'),
  media('a compressed body', 'Content-Encoding: gzip'),
  media('a body compressed twice', 'Content-Encoding: identity, br'),

  ['a body that is too large', post(' '.repeat(BODY_LIMIT + 1)), 413, 'body_too_large'],
  [
    'a body too large in chunks, its length not said',
    request(
      'POST /api/orders',
      ['Content-Type: application/json', 'Transfer-Encoding: chunked'],
      `${(BODY_LIMIT + 1).toString(16)}\r\n${' '.repeat(BODY_LIMIT + 1)}\r\n0\r\n\r\n`,
    ),
    413,
    'body_too_large',
  ],
  [
    'a body too large where none is wanted',
    request(
      'GET /api/orders/o1',
      [`Content-Length: ${BODY_LIMIT + 1}`],
      ' '.repeat(BODY_LIMIT + 1),
    ),
    413,
    'body_too_large',
  ],

  ['an unknown path', get('/api/order'), 404, 'not_found'],
  ['a path that is only written otherwise', get('/API/orders/o1'), 404, 'not_found'],
  ['a path that climbs', get('/api/orders/../../etc/passwd'), 404, 'not_found'],
  ['a path with an empty part', get('//api/orders/o1'), 404, 'not_found'],
  ['the whole server', request('OPTIONS *'), 404, 'not_found'],
  ['an unknown order', get('/api/orders/none'), 404, 'order_not_found'],
  ['the events of an unknown order', get('/api/orders/none/events'), 404, 'order_not_found'],
  ['an id that climbs', get('/api/orders/..%2F..%2Fetc%2Fpasswd'), 404, 'order_not_found'],
  ['an id with a NUL', get('/api/orders/%00'), 404, 'order_not_found'],
  ['an id with a line break', get('/api/orders/a%0d%0aSet-Cookie:%20a=b'), 404, 'order_not_found'],
  ['an id that is SQL', get("/api/orders/'%20or%201=1;--"), 404, 'order_not_found'],
  ['an id that every object has', get('/api/orders/__proto__'), 404, 'order_not_found'],
  ['an id that is too long', get(`/api/orders/${'x'.repeat(201)}`), 404, 'order_not_found'],
  ['an escape that is none', get('/api/orders/%zz'), 400, 'malformed_request'],
  ['an escape that is no UTF-8', get('/api/orders/%ff/events'), 400, 'malformed_request'],
  [
    'an escape cut off in the query',
    get('/api/orders?customer_id=%e2%82'),
    400,
    'malformed_request',
  ],
  ['an address that is none', get('http://[/api/orders'), 400, 'malformed_request'],
  ['an address of another kind', get('file:///etc/passwd'), 400, 'malformed_request'],

  listed('an amount that is none', 'min_amount=-1&open=yes', 'min_amount', 'open'),
  listed('a parameter of another case', 'customer_id=c&Limit=5', 'Limit'),
  listed('wrong and unknown parameters', 'limit=0&sort=asc', 'limit', 'sort'),
  ...['', '/events', '/cancel', '/approve', '/reject'].map(
    (path): Row => [
      `${path === '' ? 'an order' : path} with an unknown parameter`,
      request(
        `${path === '' || path === '/events' ? 'GET' : 'POST'} /api/orders/o1${path}?force=1`,
      ),
      422,
      'invalid_query',
      ['force'],
    ],
  ),
  ['the document with a parameter', get('/openapi.json?x=1'), 422, 'invalid_query', ['x']],
  [
    'an order to be placed with a parameter',
    post(good).replace('orders ', 'orders?dry_run=1 '),
    422,
    'invalid_query',
    ['dry_run'],
  ],
  listed('a blank customer', 'customer_id=%20', 'customer_id'),
  listed('a limit of zero', 'customer_id=c&limit=0', 'limit'),
  listed('a limit too high', 'customer_id=c&limit=101', 'limit'),
  listed('a limit that is no number', 'customer_id=c&limit=ten', 'limit'),
  listed('a cursor of one’s own', 'customer_id=c&cursor=bm9uZQ', 'cursor'),
  listed('a cursor that is SQL', "customer_id=c&cursor=';drop%20table%20orders", 'cursor'),
  listed('two customers', 'customer_id=a&customer_id=b', 'customer_id'),
  listed('everything twice', 'customer_id=a&limit=1&limit=2&cursor=&cursor=', 'limit', 'cursor'),
  ...['0', '-1', '1.5', '', 'x', '9223372036854775808', '1&min_version=2'].map(
    (text): Row => [
      `min_version=${text}`,
      get(`/api/orders/o1?min_version=${text}`),
      422,
      'invalid_query',
      ['min_version'],
    ],
  ),
];

describe('hostile HTTP', () => {
  const log = createMemoryEventStore({ stream: ORDERS_STREAM });
  const service = createOrderService({
    store: log,
    storeAway: () => false,
    readModel: {
      find: async () => undefined,
      list: async () => ({ orders: [], next: undefined, position: 0n }),
    },
    recent: createRecentWrites(),
    codec: orderEventCodec(2),
    patienceMs: 1000,
  });
  const server = httpServer({
    host: '127.0.0.1',
    port: 0,
    routes: orderRoutes(
      orderEndpoints(service, () => nop),
      usd,
    ),
    hook: httpServerTrace(spanRecorder().tracer),
    bodyLimitBytes: BODY_LIMIT,
    logger: silentLogger,
  });

  before(() => server.start?.());
  after(() => server.stop?.());

  const send = (text: string) => sendRaw(server.port(), Buffer.from(text, 'latin1'));
  const head = () => log.head(background());

  /** The problem document of an answer, after checking that it is one and tells nothing. */
  function problem(answer: RawAnswer): ProblemDocument {
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.doesNotMatch(answer.body, / at .*:\d+|\.ts\b|node_modules|select |insert |Error:/i);
    const document = JSON.parse(answer.body) as ProblemDocument;
    assert.equal(document.status, answer.status);
    assert.equal(document.trace_id, answer.headers.get('x-trace-id'));
    assert.match(document.trace_id ?? '', /^[0-9a-f]{32}$/);
    return document;
  }

  for (const [what, sent, status, code, fields = []] of refused) {
    it(`${what} is ${status} ${code}${fields.length === 0 ? '' : `: ${fields.join(', ')}`}`, async () => {
      const before = await head();
      const answer = await send(sent);
      assert.equal(answer.status, status);
      const document = problem(answer);
      assert.equal(document.code, code);
      assert.deepEqual(
        (document.problems ?? []).map(({ field }) => field),
        fields,
      );
      assert.equal(await head(), before, 'something was appended');
    });
  }

  const methods: readonly (readonly [string, string, string])[] = [
    ['DELETE', '/api/orders', 'GET, HEAD, POST'],
    ['OPTIONS', '/api/orders', 'GET, HEAD, POST'],
    ['TRACE', '/api/orders', 'GET, HEAD, POST'],
    ['PUT', '/api/orders/o1', 'GET, HEAD'],
    ['POST', '/api/orders/o1/events', 'GET, HEAD'],
    ['GET', '/api/orders/o1/cancel', 'POST'],
  ];
  for (const [method, path, allowed] of methods) {
    it(`${method} ${path} is 405 and says that ${allowed} are allowed`, async () => {
      const answer = await send(request(`${method} ${path}`));
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.get('allow'), allowed);
      assert.equal(problem(answer).code, 'method_not_allowed');
    });
  }

  const accepted: readonly (readonly [string, string])[] = [
    ['a body that begins with a byte order mark', post(`\ufeff${good}`)],
    [
      'fields that nobody knows, __proto__ among them',
      post(good.replace('{', '{"__proto__":{"a":1},"constructor":1,')),
    ],
    ['a charset that is UTF-8', post(good, 'Content-Type: application/json; charset="UTF-8"')],
    ['a media type that ends in +json', post(good, 'Content-Type: application/vnd.order+json')],
    ['a body that is identity-encoded', post(good, 'Content-Encoding: identity')],
    [
      'a body in chunks, its length not said',
      request(
        'POST /api/orders',
        ['Content-Type: application/json', 'Transfer-Encoding: chunked'],
        `${good.length.toString(16)}\r\n${good}\r\n0\r\n\r\n`,
      ),
    ],
    [
      'a connection that would rather be another',
      post(good, 'Connection: Upgrade', 'Upgrade: websocket'),
    ],
    ['a whole address', post(good).replace('/api/orders', 'http://x:3000/api/orders')],
    ['a key of 255 characters', post(good, `${KEY}: ${'k'.repeat(255)}`)],
  ];
  for (const [what, sent] of accepted) {
    it(`${what} is served`, async () => {
      const answer = await send(sent);
      assert.equal(answer.status, 201, answer.body);
      assert.equal((JSON.parse(answer.body) as { amount: number }).amount, 25);
    });
  }

  it('the same key with another body is 422, and the first order stands', async () => {
    const first = await send(post(good, `${KEY}: once`));
    assert.equal(first.status, 201);
    const before = await head();
    const other = await send(post(price('1'), `${KEY}: once`));
    assert.equal(other.status, 422);
    assert.equal(problem(other).code, 'idempotency_key_reused');
    assert.equal((await send(post(good, `${KEY}: once`))).body, first.body);
    assert.equal(await head(), before);
  });

  it('a body without a byte is none, chunked or not', async () => {
    for (const headers of [
      [],
      ['Content-Length: 0'],
      ['Content-Length: 0', 'Content-Type: text/plain'],
      ['Transfer-Encoding: chunked'],
    ]) {
      const placed = JSON.parse((await send(post(good))).body) as { order_id: string };
      const end = headers[0]?.startsWith('Transfer') ? '0\r\n\r\n' : '';
      const path = `POST /api/orders/${placed.order_id}`;
      const answer = await send(request(`${path}/cancel`, headers, end));
      assert.equal(answer.status, 200, `${headers}: ${answer.body}`);
      const unsaid = await send(request(`${path}/reject`, headers, end));
      assert.deepEqual(
        problem(unsaid).problems?.map(({ field }) => field),
        ['reason'],
      );
    }
  });

  it('an order may be kept by who asked for it, and nothing else by anybody', async () => {
    const placed = await send(post(good));
    const path = placed.headers.get('location') ?? '';
    const own = 'private, no-cache';
    for (const [sent, cached] of [
      [get(path), own],
      [get(path, 'If-None-Match: *'), own],
      [get(`${path}/events`), own],
      [request(`POST ${path}/cancel`), own],
      [get('/api/orders?customer_id=c1'), 'no-store'],
      [get('/api/orders/none'), 'no-store'],
      [get('/openapi.json'), 'no-cache'],
    ] as const) {
      const { headers } = await send(sent);
      assert.equal(headers.get('cache-control'), cached, sent);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/);
    }
    assert.equal(placed.headers.get('cache-control'), own);
  });

  it('HEAD is GET without its body', async () => {
    const placed = JSON.parse((await send(post(good))).body) as { order_id: string };
    const path = `/api/orders/${placed.order_id}`;
    const [whole, bare] = [await send(get(path)), await send(request(`HEAD ${path}`))];
    assert.equal(bare.status, 200);
    assert.equal(bare.body, '');
    for (const name of ['etag', 'content-type', 'content-length']) {
      assert.equal(bare.headers.get(name), whole.headers.get(name), name);
    }
  });

  it('a body where none is wanted is not looked at', async () => {
    const placed = JSON.parse((await send(post(good))).body) as { order_id: string };
    const path = `/api/orders/${placed.order_id}`;
    const answer = await send(request(`GET ${path}`, ['Content-Length: 4'], '{"a"'));
    assert.equal(answer.status, 200);
  });
});
