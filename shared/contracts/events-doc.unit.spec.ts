/**
 * docs/events.md says what the code does: its examples are read as the services
 * read them, and its table of states is made by asking the decider everything
 * in every state there is. WRITE_DOCS=true writes the table.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import {
  decide,
  evolve,
  initialState,
  type OrderCommand,
  type OrderState,
} from '../domain/order.ts';
import { minor } from '../money/money.ts';
import { eventTypes, orderEventCodec } from './events.ts';

const page = new URL('../../docs/events.md', import.meta.url);
const BEGIN = '<!-- table of states: begin -->\n';
const END = '<!-- table of states: end -->';

const orderId = 'o-1';
const customerId = 'c-1';
const amount = minor(2_500);
const details = { orderId, customerId, amount, restaurantId: 'r-1', items: [], createdOn: '' };

/** Each event, and the command that asks for it. */
const commands = {
  created: { type: 'place', order: details },
  paymentdebited: { type: 'recordDebit', orderId, customerId, amount, paymentId: 'p-1' },
  paymentfailed: { type: 'recordPaymentFailure', orderId, reason: 'declined' },
  approved: { type: 'approve', decidedBy: 'policy' },
  rejected: { type: 'reject', decidedBy: 'policy', reason: 'closed' },
  cancelled: { type: 'cancel', decidedBy: 'customer', reason: 'too slow' },
  voidrequested: { type: 'requestVoid', orderId },
  paymentvoided: { type: 'recordVoid', orderId, paymentId: 'p-1' },
} as const satisfies Record<keyof typeof eventTypes, OrderCommand>;

const nameOf = ({ status, payment }: OrderState) => `${status}, ${payment}`;

/** Every state that commands can bring an order to, by name, in the order of an order's life. */
function reachable(): Map<string, OrderState> {
  const states = new Map([[nameOf(initialState), initialState]]);
  // A Map's values go on to those that are added meanwhile.
  for (const state of states.values()) {
    for (const command of Object.values(commands)) {
      const decision = decide(command, state);
      const next = decision.accepted ? decision.events.reduce(evolve, state) : state;
      if (!states.has(nameOf(next))) states.set(nameOf(next), next);
    }
  }
  const statuses = [
    'None',
    'Pending',
    'Paid',
    'Approved',
    'PaymentFailed',
    'Rejected',
    'Cancelled',
  ];
  const payments = ['none', 'debited', 'failed', 'void_requested', 'voided'];
  const rank = ({ status, payment }: OrderState) =>
    statuses.indexOf(status) * payments.length + payments.indexOf(payment);
  return new Map([...states].sort(([, a], [, b]) => rank(a) - rank(b)));
}

/** The result of `command` in `state`, as a cell of the table. */
function cell(eventName: string, command: OrderCommand, state: OrderState): string {
  const decision = decide(command, state);
  if (!decision.accepted) return `\`${decision.code}\``;
  if (decision.events.length === 0) return '–';
  assert.deepEqual(
    decision.events.map(({ type }) => type),
    [eventName],
  );
  const next = nameOf(decision.events.reduce(evolve, state));
  return next === nameOf(state) ? '*recorded*' : `**${next}**`;
}

function table(): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const names = Object.keys(commands);
  const rows = [...reachable()].map(([name, state]) =>
    row([name, ...Object.entries(commands).map(([event, command]) => cell(event, command, state))]),
  );
  return `${row(['state', ...names])}|${'---|'.repeat(names.length + 1)}\n${rows.join('')}`;
}

describe('docs/events.md', () => {
  it('has the table of what is appended in which state, as the decider has it', () => {
    const text = readFileSync(page, 'utf8');
    const begin = text.indexOf(BEGIN) + BEGIN.length;
    const end = text.indexOf(END);
    assert.ok(begin >= BEGIN.length && end >= begin, 'the markers of the table are missing');
    if (process.env.WRITE_DOCS === 'true') {
      writeFileSync(page, text.slice(0, begin) + table() + text.slice(end));
      return;
    }
    assert.equal(
      text.slice(begin, end),
      table(),
      'WRITE_DOCS=true npx mocha shared/contracts/events-doc.unit.spec.ts rewrites the table',
    );
  });

  const codec = orderEventCodec(2);
  for (const eventType of Object.values(eventTypes)) {
    it(`shows ${eventType} as it is written and read`, () => {
      const [, section = ''] = readFileSync(page, 'utf8').split(`\n## ${eventType}\n`);
      const [own = ''] = section.split('\n## ');
      const [, data = ''] = /```json\n(.*?)```/s.exec(own) ?? [];
      const { order_id, OrderID } = JSON.parse(data) as { order_id?: string; OrderID?: string };
      const event = codec.decode({ eventType, aggregateId: order_id ?? OrderID ?? '', data });
      assert.ok(event);
      assert.deepEqual(JSON.parse(codec.encode(event).data), JSON.parse(data));
      // Every field is told of.
      for (const field of Object.keys(JSON.parse(data)))
        assert.ok(own.includes(`\`${field}\``), field);
    });
  }
});
