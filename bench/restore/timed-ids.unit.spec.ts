import assert from 'node:assert/strict';
import { newId } from '../../shared/eventstore/ids.ts';
import { earlier, timeIn } from './timed-ids.ts';

describe('an id that begins with its time', () => {
  it('can be made as of an earlier time, and is the same otherwise', () => {
    const id = newId();
    assert.ok(Math.abs(timeIn(id) - Date.now()) < 60_000);
    const before = earlier(id, 3_600_000);
    assert.equal(timeIn(before), timeIn(id) - 3_600_000);
    assert.equal(before.slice(13), id.slice(13));
    assert.equal(earlier(id, 0), id);
    assert.equal(earlier('00000000-1000-7abc-8abc-000000000000', 1).slice(0, 13), '00000000-0fff');
  });

  it('of another form is refused', () => {
    assert.throws(() => timeIn('b5c3d0de-52d1-5f0f-9a3e-0c8b8f6f2a11'), /does not begin with/);
  });
});
