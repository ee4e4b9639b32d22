import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stripeCharging } from '../../../shared/domain/charging.ts';
import { background, withSignal, withTimeLeft } from '../../../shared/kit/context.ts';
import { codedError, isKind } from '../../../shared/kit/errors.ts';
import { Secret } from '../../../shared/kit/process/secret.ts';
import { minor } from '../../../shared/money/money.ts';
import { currency } from '../../../shared/testing/test-currency.ts';
import { type StripeIntents, stripeIntents } from './stripe-intents.ts';

const ctx = background();
const debit = { idempotencyKey: 'key-1', orderId: 'o-1', customerId: 'c-1', amount: minor(1_250) };

interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: URLSearchParams;
  readonly key: string | undefined;
}

/** Answers as Stripe is documented to, one answer for each request in turn. */
describe('Stripe intents', () => {
  let server: Server;
  let intents: StripeIntents;
  /** Stripe as it is asked in a currency. */
  let open: (code: string) => StripeIntents;
  let asked: Asked[];
  let answers: { status: number; body: object }[];

  beforeEach(async () => {
    asked = [];
    answers = [];
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      asked.push({
        path: `${request.method} ${request.url?.split('?', 1)[0]}`,
        query: new URLSearchParams(request.url?.split('?', 2)[1]),
        body: new URLSearchParams(body),
        key: request.headers['idempotency-key']?.toString(),
      });
      const answer = answers.shift();
      if (answer === undefined) return; // silence
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer.body));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    open = (code) =>
      stripeIntents({
        secretKey: Secret.of('sk_test_1'),
        apiBase: `http://127.0.0.1:${port}`,
        charging: stripeCharging(currency(code)) ?? assert.fail(),
        paymentMethod: 'pm_card_visa',
        timeoutMs: 5_000,
      });
    intents = open('USD');
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const intent = (status: string) => ({
    status: 200,
    body: { id: 'pi_1', object: 'payment_intent', status },
  });
  const failure = (status: number, error: object) => ({ status, body: { error } });

  it('a debit is one intent, made and confirmed under its key, with its order', async () => {
    answers = [intent('succeeded')];
    assert.deepEqual(await intents.create(ctx, debit), { outcome: 'debited', paymentId: 'pi_1' });
    const [{ path, body, key } = assert.fail()] = asked;
    assert.deepEqual([path, key], ['POST /v1/payment_intents', 'key-1']);
    assert.deepEqual(
      ['amount', 'currency', 'confirm', 'metadata[order_id]'].map((name) => body.get(name)),
      ['1250', 'usd', 'true', 'o-1'],
    );
  });

  it('asks for the amount in the unit that Stripe counts in', async () => {
    for (const [code, amount, wanted] of [
      ['USD', 1_999, 1_999],
      ['HUF', 4_990_00, 4_990_00],
      ['JPY', 500, 500],
      ['KWD', 5_120, 5_120],
      ['ISK', 500, 500_00],
      ['MGA', 4_990_00, 4_990],
    ] as const) {
      answers = [intent('succeeded')];
      await open(code).create(ctx, { ...debit, amount: minor(amount) });
      const { body } = asked.at(-1) ?? assert.fail();
      assert.deepEqual(
        [body.get('currency'), body.get('amount')],
        [code.toLowerCase(), String(wanted)],
      );
    }
  });

  it('what Stripe has no number for is declined without asking, so that its void can end', async () => {
    // Such as an older release took.
    for (const [code, amount] of [
      ['KWD', 5_124],
      ['MGA', 4_990_50],
    ] as const) {
      const answer = await open(code).create(ctx, { ...debit, amount: minor(amount) });
      assert.equal(answer.outcome, 'declined');
      assert.match('reason' in answer ? answer.reason : '', /is not a multiple of/);
    }
    assert.equal(asked.length, 0);
  });

  it("a declined card, and what Stripe will never take for the order's sake, are answers", async () => {
    const invalid = { type: 'invalid_request_error', message: 'No.' };
    for (const error of [
      { type: 'card_error', code: 'card_declined', message: 'Your card was declined.' },
      { ...invalid, code: 'amount_too_small' },
      { ...invalid, code: 'amount_too_large' },
      { ...invalid, code: 'payment_method_currency_mismatch' },
      { ...invalid, code: 'payment_method_unsupported_type' },
      { ...invalid, code: 'country_unsupported' },
      { ...invalid, param: 'currency' },
      { ...invalid, code: 'parameter_invalid_integer', param: 'amount' },
    ]) {
      answers = [failure(error.type === 'card_error' ? 402 : 400, error)];
      assert.deepEqual(await intents.create(ctx, debit), {
        outcome: 'declined',
        reason: error.message,
      });
    }
  });

  it('a payment that is still being processed is read again, and is no answer until it is settled', async () => {
    answers = [intent('processing'), intent('processing')];
    await assert.rejects(intents.create(ctx, debit), (error) => isKind(error, 'unavailable'));
    answers = [intent('processing'), intent('succeeded')];
    assert.equal((await intents.create(ctx, debit)).outcome, 'debited');
    assert.equal(asked.at(-1)?.path, 'GET /v1/payment_intents/pi_1');
  });

  it('each failure is of the kind that says what to do', async () => {
    for (const [status, type, kind] of [
      [500, 'api_error', 'unavailable'],
      [429, 'invalid_request_error', 'unavailable'],
      [409, 'idempotency_error', 'unavailable'],
      [409, 'invalid_request_error', 'unavailable'],
      [401, 'invalid_request_error', 'unavailable'],
      [400, 'idempotency_error', 'already_exists'],
      [400, 'invalid_request_error', 'invalid'],
    ] as const) {
      // Such as a payment method that it does not know: put right, the debit may pass.
      answers = [failure(status, { type, code: 'resource_missing', message: 'No.' })];
      const error = await intents.create(ctx, debit).catch(codedError);
      assert.equal('kind' in error && error.kind, kind, `${status} ${type}`);
    }
    assert.equal(asked.length, 7, 'nothing is repeated here');
  });

  it('silence is unavailable when the time is up, and an abort ends the wait', async () => {
    const soon = withTimeLeft(ctx, 50);
    await assert.rejects(intents.create(soon, debit), (error) => isKind(error, 'unavailable'));
    const caller = new AbortController();
    const waiting = intents.create(withSignal(ctx, caller.signal), debit);
    caller.abort(new Error('gone'));
    await assert.rejects(waiting, /gone/);
  });

  it("an order's name cannot widen the search for it", async () => {
    answers = [{ status: 200, body: { object: 'search_result', data: [] } }];
    assert.equal(await intents.find(ctx, "o' OR status:'succeeded\\"), undefined);
    assert.equal(
      asked[0]?.query.get('query'),
      "metadata['order_id']:'o\\' OR status:\\'succeeded\\\\'",
    );
  });

  it('money that moved is refunded under the key, and money that did not is not waited for', async () => {
    const refund = { status: 200, body: { id: 're_1', object: 'refund', status: 'succeeded' } };
    answers = [intent('succeeded'), refund];
    await intents.giveBack(ctx, 'pi_1', 'void-1');
    assert.deepEqual(
      [asked[1]?.path, asked[1]?.key, asked[1]?.body.get('payment_intent')],
      ['POST /v1/refunds', 'void-1', 'pi_1'],
    );
    asked = [];
    answers = [intent('requires_action'), intent('canceled')];
    await intents.giveBack(ctx, 'pi_1', 'void-1');
    assert.equal(asked[1]?.path, 'POST /v1/payment_intents/pi_1/cancel');
  });

  it('what was given back before stays so', async () => {
    answers = [
      intent('succeeded'),
      failure(400, { type: 'invalid_request_error', code: 'charge_already_refunded' }),
    ];
    await intents.giveBack(ctx, 'pi_1', 'void-1');
    answers = [intent('canceled')];
    await intents.giveBack(ctx, 'pi_1', 'void-1');
    assert.equal(answers.length, 0);
  });

  it('a refund that failed is not taken for one', async () => {
    const refund = { status: 200, body: { id: 're_1', object: 'refund', status: 'failed' } };
    answers = [intent('succeeded'), refund];
    await assert.rejects(intents.giveBack(ctx, 'pi_1', 'void-1'), (error) =>
      isKind(error, 'internal'),
    );
  });
});
