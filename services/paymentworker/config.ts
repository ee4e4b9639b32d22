import { z } from 'zod';
import { amountLimit, minorLimit } from '../../shared/contracts/amount-limit.ts';
import { stripeCharging } from '../../shared/domain/charging.ts';
import { workerConfig, workerSettings } from '../../shared/eventstore/worker/worker-settings.ts';
import { loadConfig, setting } from '../../shared/kit/process/config.ts';

/** The payment worker's settings, read from the environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

/**
 * Customers that the simulated gateway treats specially by default. Their names begin
 * with `demo-`, so that `make demo` can show each case on a running stack without
 * surprising anybody else. Setting a list replaces its default.
 */
const demo = { declined: ['demo-declined'], unpaid: ['demo-unpaid'], slow: ['demo-slow'] };

/** What it reads from the environment: the stack tells it these variables and no others. */
export const schema = z
  .object({
    ...workerSettings({ serviceName: 'paymentworker', adminPort: 9102 }),
    PAYMENTS_DATABASE_URL: setting.databaseUrl(
      'postgres://paymentworker@127.0.0.1:26257/paymentsdb',
    ),
    DATABASE_POOL_SIZE: setting.integer(10, { min: 1, max: 1_000 }),
    DATABASE_TIMEOUT_MS: setting.milliseconds(5_000, { min: 100 }),
    PAYMENT_GATEWAY: setting.choice('simulated', ['simulated', 'stripe']),
    /** Required with `PAYMENT_GATEWAY=stripe`. Its file may change while the worker runs. */
    STRIPE_SECRET_KEY: setting.secret(),
    STRIPE_API_BASE: setting.url('https://api.stripe.com', ['http', 'https']),
    /** Orders name no card: this payment method pays for all of them. The default exists only in Stripe's test mode. */
    STRIPE_PAYMENT_METHOD: setting.text('pm_card_visa'),
    /** The simulated gateway declines amounts above this, in major units; unset: none. */
    SIMULATED_DECLINE_ABOVE: amountLimit,
    SIMULATED_DECLINE_CUSTOMERS: setting.list(demo.declined),
    /** Customers whose debits are never answered: their orders wait for the payment deadline. */
    SIMULATED_FAIL_CUSTOMERS: setting.list(demo.unpaid),
    /** Customers whose debits take SIMULATED_SLOW_MS longer. Keep that below ATTEMPT_TIMEOUT_MS, or the debits are never answered. */
    SIMULATED_SLOW_CUSTOMERS: setting.list(demo.slow),
    SIMULATED_SLOW_MS: setting.milliseconds(3_000),
    /** Delay of each answer, for all customers. */
    SIMULATED_DELAY_MS: setting.milliseconds(0),
    SIMULATED_FAILURE_RATE: setting.number(0, { min: 0, max: 1 }),
  })
  .refine((read) => read.PAYMENT_GATEWAY !== 'stripe' || read.STRIPE_SECRET_KEY !== undefined, {
    path: ['STRIPE_SECRET_KEY'],
    error: 'must be the secret key of a Stripe account, because PAYMENT_GATEWAY is stripe',
    // Checked together with the other rules, not only if they all pass.
    when: () => true,
  })
  .refine(
    // A currency that does not exist is already reported by its own rule.
    ({ PAYMENT_GATEWAY, CURRENCY }) =>
      PAYMENT_GATEWAY !== 'stripe' ||
      !('code' in CURRENCY) ||
      stripeCharging(CURRENCY) !== undefined,
    {
      path: ['CURRENCY'],
      error: 'must be a currency that Stripe charges, because PAYMENT_GATEWAY is stripe',
      when: () => true,
    },
  );

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  const worker = workerConfig(read);
  return {
    ...worker,
    databaseUrl: read.PAYMENTS_DATABASE_URL,
    databasePoolSize: read.DATABASE_POOL_SIZE,
    databaseTimeoutMs: read.DATABASE_TIMEOUT_MS,
    stripe:
      read.PAYMENT_GATEWAY === 'stripe' && read.STRIPE_SECRET_KEY !== undefined
        ? {
            secretKey: read.STRIPE_SECRET_KEY,
            apiBase: read.STRIPE_API_BASE,
            paymentMethod: read.STRIPE_PAYMENT_METHOD,
            timeoutMs: read.ATTEMPT_TIMEOUT_MS,
          }
        : undefined,
    simulation: {
      declineAbove: minorLimit(read.SIMULATED_DECLINE_ABOVE, worker.currency.decimals),
      declineCustomers: read.SIMULATED_DECLINE_CUSTOMERS,
      failCustomers: read.SIMULATED_FAIL_CUSTOMERS,
      slowCustomers: read.SIMULATED_SLOW_CUSTOMERS,
      slowMs: read.SIMULATED_SLOW_MS,
      delayMs: read.SIMULATED_DELAY_MS,
      failureRate: read.SIMULATED_FAILURE_RATE,
    },
  };
}
