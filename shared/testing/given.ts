import assert from 'node:assert/strict';
import {
  type Decision,
  decide,
  fold,
  type OrderCommand,
  type OrderEvent,
} from '../domain/order.ts';

/**
 * Given/when/then for deciders, after Emmett's: what has happened, the command, and the
 * expected result.
 *
 *     given(created).when({ type: 'approve', … }).thenRefused('order_not_paid');
 */
export function given(...history: OrderEvent[]) {
  return {
    when(command: OrderCommand) {
      const decision: Decision = decide(command, fold(history));
      return {
        thenEvents(...events: OrderEvent[]) {
          assert.deepEqual(decision, { accepted: true, events });
        },
        thenNothing() {
          assert.deepEqual(decision, { accepted: true, events: [] });
        },
        thenRefused(code: string) {
          assert.ok(!decision.accepted, `accepted: ${JSON.stringify(decision)}`);
          assert.equal(decision.code, code);
        },
      };
    },
  };
}
