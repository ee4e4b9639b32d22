import assert from 'node:assert/strict';
import { ConfigError } from '../../shared/kit/process/config.ts';
import { readConfig } from './config.ts';

describe('payment worker configuration', () => {
  it('surprises nobody by default: the simulation singles out demo customers only', () => {
    const { simulation, stripe } = readConfig({});
    const { declineCustomers, failCustomers, slowCustomers } = simulation;
    const named = [...declineCustomers, ...failCustomers, ...slowCustomers];
    assert.ok(named.length === 3 && named.every((customer) => customer.startsWith('demo-')));
    assert.equal(stripe, undefined);
  });

  it('a list that is set replaces its default', () => {
    const { simulation } = readConfig({ SIMULATED_FAIL_CUSTOMERS: 'a, b' });
    assert.deepEqual(simulation.failCustomers, ['a', 'b']);
    assert.deepEqual(simulation.declineCustomers, ['demo-declined']);
  });

  it('Stripe needs its key, and that is said beside other problems', () => {
    assert.throws(
      () => readConfig({ PAYMENT_GATEWAY: 'stripe', MAX_IN_FLIGHT: 'x' }),
      (error: unknown) =>
        error instanceof ConfigError &&
        /STRIPE_SECRET_KEY is not set/.test(error.message) &&
        /MAX_IN_FLIGHT/.test(error.message),
    );
  });

  const stripe = { PAYMENT_GATEWAY: 'stripe', STRIPE_SECRET_KEY: 'sk_test_1' };

  it('a currency that Stripe lacks is refused at the start, and told apart from none at all', () => {
    assert.throws(
      () => readConfig({ ...stripe, CURRENCY: 'IRR' }),
      (error: unknown) =>
        error instanceof ConfigError &&
        /CURRENCY is "IRR": must be a currency that Stripe charges/.test(error.message),
    );
    assert.throws(
      () => readConfig({ ...stripe, CURRENCY: 'SHELLS' }),
      (error: unknown) =>
        error instanceof ConfigError && error.message.match(/CURRENCY/g)?.length === 1,
    );
    assert.equal(readConfig({ CURRENCY: 'IRR' }).currency.code, 'IRR', 'the simulated one has it');
  });
});
