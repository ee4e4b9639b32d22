import { createRequire } from 'node:module';
import type Stripe from 'stripe';

/**
 * Stripe's package, read on the first call: a worker with another gateway spares the time
 * and the memory.
 */
export const stripePackage = (): typeof Stripe => createRequire(import.meta.url)('stripe');
