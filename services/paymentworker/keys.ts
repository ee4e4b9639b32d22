/** Idempotency keys of debits and voids at gateways and in the ledger. Frozen. */

import { durables } from '../../shared/contracts/subjects.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';

/**
 * Key of an order's debit. It derives from the order, not the event: if a second event
 * creates the order again, it is still paid once.
 */
export const debitKey = (orderId: string): string => derivedId(durables.payment, orderId, 'debit');

/** Key of the void that the event `causeId` requests. */
export const voidKey = (causeId: string): string => derivedId(durables.payment, causeId, 'void');
