import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { READ_MODEL } from '../../shared/contracts/subjects.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { anEvent } from '../../shared/testing/an-event.ts';
import { createQueryModelService } from './service.ts';

describe('the projection', () => {
  it("touches no row before it is known that it counts in the log's currency", async () => {
    const touched: string[] = [];
    let agreed = false;
    const service = createQueryModelService(
      {
        checkpoint: async () => 0n,
        rows: async () => {
          touched.push('read');
          return { table: { side: READ_MODEL, retirements: 0n, position: 0n }, rows: new Map() };
        },
        write: async () => {
          touched.push('written');
          return true;
        },
      },
      orderEventCodec(2),
      {
        check: () =>
          agreed
            ? undefined
            : Promise.reject(new CodedError('unavailable', 'currency_differs', 'It differs.')),
      },
    );
    const batch = {
      after: 0n,
      events: [
        { ...anEvent(), stream: 'ORDERS', version: 1n, position: 1n, createdAt: new Date() },
      ],
    };
    await assert.rejects(service.project(background(), batch), /It differs/);
    assert.deepEqual(touched, []);
    agreed = true;
    assert.equal((await service.project(background(), batch)).applied, true);
    assert.deepEqual(touched, ['read', 'written']);
  });
});
