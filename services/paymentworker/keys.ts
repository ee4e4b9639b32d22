/** The keys by which gateways and the ledger know debits and voids. Frozen. */

import { durables } from '../../shared/contracts/subjects.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';

/**
 * Of an order's debit. It derives from the order, not the event: if another event
 * says again that the order was created, it is still paid once.
 */
export const debitKey = (orderId: string): string => derivedId(durables.payment, orderId, 'debit');

/** Of the void that the event `causeId` asks for. */
export const voidKey = (causeId: string): string => derivedId(durables.payment, causeId, 'void');
