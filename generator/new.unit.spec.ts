/** What the generator would change in this project; nothing is written. CONTRIBUTING's walkthrough writes, on a copy. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createDraft, type Draft } from './draft.ts';
import { type NewEvent, newEvent } from './new-event.ts';
import { newService, newWorker } from './new-process.ts';
import { Refusal } from './refusal.ts';

const root = join(import.meta.dirname, '..');
const soldOut: NewEvent = {
  name: 'sold-out',
  worker: 'reviewworker',
  by: 'restaurant',
  means: 'The restaurant has run out of an item.',
  texts: ['item'],
};
const event = (options: Partial<NewEvent> = {}) => {
  const draft = createDraft(root);
  newEvent(draft, { ...soldOut, ...options });
  return draft;
};

/** The new files in which a template's placeholder is left. */
const unfilled = (draft: Draft) =>
  draft
    .changes()
    .filter(
      ({ text, change }) => change === 'new' && /generator:|sample.?(owner|event|name)/i.test(text),
    )
    .map(({ path }) => path);

describe('a new event', () => {
  it('fits every worker that answers events, with and without fields', () => {
    for (const worker of ['reviewworker', 'paymentworker']) {
      for (const texts of [[], ['item'], ['item', 'asked-by']]) {
        const draft = event({ worker, texts });
        assert.deepEqual(unfilled(draft), []);
        assert.ok(draft.text(`services/${worker}/sold-out.unit.spec.ts`)?.includes(worker));
      }
    }
  });

  it('is refused with what to do instead', () => {
    const refused = (options: Partial<NewEvent>, message: RegExp) =>
      assert.throws(
        () => event(options),
        (error) => error instanceof Refusal && message.test(error.message) && error.remedy !== '',
      );
    refused({ name: 'Sold Out' }, /not a plain name/);
    refused({ name: 'payment-debited' }, /ORDERS.paymentdebited exists already/);
    refused({ name: 'review-policy' }, /services\/reviewworker\/review-policy.ts has this name/);
    refused({ name: 'void-payment', worker: 'paymentworker' }, /does voidPayment already/);
    refused({ worker: 'querymodelworker' }, /not a worker that answers events/);
    refused({ worker: 'nobody' }, /nobody is not a worker/);
    refused({ texts: ['item', 'item'] }, /called item/);
    refused({ texts: ['order-id'] }, /called order-id/);
    refused({ means: "It's out." }, /--means is not plain text/);
    refused({ by: '' }, /--by is not plain text/);
  });
});

describe('a new worker and a new service', () => {
  it('get a place of their own in the stack', () => {
    const draft = createDraft(root);
    newWorker(draft, { name: 'stock-keeper', answers: 'payment-debited' });
    assert.match(draft.text('stack/services.ts') ?? '', /name: 'stockkeeperworker'/);
    assert.match(draft.text('shared/contracts/subjects.ts') ?? '', /stockKeeper: 'stock-keeper-w/);
    assert.match(draft.text('compose.yaml') ?? '', /OTEL_SERVICE_NAME: stockkeeperworker/);
    assert.deepEqual(unfilled(draft), []);
  });

  it('are refused where something of that name is there', () => {
    const draft = createDraft(root);
    assert.throws(() => newWorker(draft, { name: 'review', answers: 'created' }), /is a worker/);
    assert.throws(() => newWorker(draft, { name: 'a', answers: 'lost' }), /no event ORDERS.lost/);
    assert.throws(() => newService(draft, { name: 'order' }), /ordersvc exists already/);
    assert.throws(() => newService(draft, { name: 'http' }), /HTTP_PORT has a meaning/);
    assert.throws(() => newService(draft, { name: 'eventstore' }), /eventstoresvc exists already/);
    assert.deepEqual(draft.changes(), []);
  });
});
