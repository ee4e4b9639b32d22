/** The keys by which gateways and the ledger know debits and voids. Frozen. */
import { derivedId } from '../../shared/contracts/ids.ts';
import { durables } from '../../shared/contracts/subjects.ts';

/**
 * Of an order's debit. Of the order, not of the event: whoever says a second time
 * that it was created, it is paid for once.
 */
export const debitKey = (orderId: string): string => derivedId(durables.payment, orderId, 'debit');

/** Of the void that the event `causeId` asks for. */
export const voidKey = (causeId: string): string => derivedId(durables.payment, causeId, 'void');
