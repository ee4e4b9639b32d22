import assert from 'node:assert/strict';
import { ConfigError } from '../../shared/kit/config.ts';
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

  it('Stripe is told the currency of the log', () => {
    const env = { PAYMENT_GATEWAY: 'stripe', STRIPE_SECRET_KEY: 'sk_test_1', CURRENCY: 'JPY' };
    assert.equal(readConfig(env).stripe?.currency, 'jpy');
  });
});
