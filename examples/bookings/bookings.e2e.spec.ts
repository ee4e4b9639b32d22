/** The second system on the frame, tried from outside: HTTP in, the view and the spans looked at. */
import assert from 'node:assert/strict';
import { eventually } from '../../shared/testing/eventually.ts';
import { type Stack, startStack } from '../../stack/stack.ts';
import { type SpanSink, startSpanSink } from '../../stack/testing/span-sink.ts';
import { testFolder } from '../../stack/testing.ts';
import type { NightRow } from './nights-view.ts';
import { system } from './system.ts';

describe('bookings, on the frame of the orders', function suite() {
  this.timeout(120_000);
  let stack: Stack;
  let spans: SpanSink;

  before(async () => {
    spans = await startSpanSink();
    stack = await startStack({
      ...system,
      dataDir: await testFolder(),
      durable: false,
      environment: { ...system.environment, frontdesk: { HOLD_MS: '1500' } },
      own: { OTEL_EXPORTER_ZIPKIN_ENDPOINT: spans.endpoint },
    });
  });
  after(async () => {
    await stack?.stop();
    await spans?.stop();
  });

  const hold = (room: string, guest: string, night = '2026-12-24') =>
    fetch(`${stack.httpUrl}/api/bookings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ room, night, guest_id: guest }),
    });

  async function row(room: string, night = '2026-12-24'): Promise<NightRow | undefined> {
    const response = await fetch(`${stack.httpUrl}/api/nights/${night}`);
    const { rooms } = (await response.json()) as { rooms: NightRow[] };
    return rooms.find((one) => one.room === room);
  }

  it('a room that is held and paid is booked, in one trace', async () => {
    const response = await hold('101', 'ada');
    assert.equal(response.status, 201, await response.clone().text());
    const traceId = response.headers.get('x-trace-id') ?? '';
    await eventually('it is booked', async () => (await row('101'))?.status === 'booked', 20_000);
    const services = () =>
      new Set(spans.trace(traceId).map(({ localEndpoint }) => localEndpoint.serviceName));
    await eventually('all services are in its trace', () => services().size === 3, 20_000);
    const names = () => new Set(spans.trace(traceId).map(({ name }) => name.toLowerCase()));
    const wanted = ['hold_room', 'take_payment', 'follow_night', 'show_night'];
    await eventually(
      'all that was done is in its trace',
      () => wanted.every((name) => names().has(name)),
      20_000,
    );
  });

  it('a room has one guest a night, however many ask at once', async () => {
    const guests = Array.from({ length: 8 }, (_, n) => `guest-${n}`);
    const answers = await Promise.all(guests.map((guest) => hold('102', guest)));
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [201, ...Array.from({ length: 7 }, () => 409)]);
    for (const refused of answers.filter(({ status }) => status === 409)) {
      assert.equal(((await refused.json()) as { code: string }).code, 'room_taken');
    }
  });

  it('a room that nobody pays is free again, for the next guest', async () => {
    assert.equal((await hold('103', 'late-bob')).status, 201);
    await eventually('it is free', async () => (await row('103'))?.status === 'free', 20_000);
    assert.equal((await hold('103', 'eve')).status, 201);
    await eventually('it is booked', async () => (await row('103'))?.status === 'booked', 20_000);
  });

  it('what cannot be booked is refused with all that is wrong', async () => {
    const response = await hold('no room', '', 'tomorrow');
    const problem = (await response.json()) as { code: string; problems: { field: string }[] };
    assert.equal(response.status, 422);
    assert.equal(problem.code, 'invalid_booking');
    const fields = problem.problems.map(({ field }) => field);
    assert.deepEqual(fields.sort(), ['guest_id', 'night', 'room']);
  });
});
