import assert from 'node:assert/strict';
import { readExample } from './example.ts';
import { makePlan } from './plan.ts';
import { asProblem } from './problem.ts';

describe('an example in place of the orders', () => {
  it('is none where none is named', async () => {
    assert.equal(await readExample(undefined), undefined);
    assert.equal(await readExample(''), undefined);
  });

  it('that does not exist is refused, with those that do', async () => {
    for (const name of ['bookngs', '../stack', '.']) {
      const error: unknown = await readExample(name).catch((thrown: unknown) => thrown);
      assert.ok(asProblem(error), name);
      assert.match((error as Error).message, /there is no example/);
    }
  });

  it('has services and databases of its own, and the event store of all', async () => {
    const { rows } = (await readExample('bookings')) ?? assert.fail('it is not found');
    const plan = await makePlan({ ports: 'free', zipkin: false, own: {}, rows });
    const names = plan.instances.map(({ name }) => name);
    assert.deepEqual(names, ['eventstoresvc', 'bookingsvc', 'frontdesk']);
    assert.match(plan.ownDatabases.BOOKINGS_DATABASE_URL ?? '', /\/bookings@.*\/bookingsdb\?/);
    const mine = { BOOKINGS_DATABASE_URL: 'postgres://mine/other' };
    const other = await makePlan({ ports: 'free', zipkin: false, own: mine, rows });
    assert.equal(other.ownDatabases.BOOKINGS_DATABASE_URL, 'postgres://mine/other');
  });
});
