import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type NightCommand, type NightEvent, night } from './night.ts';

const hold = fc.integer({ min: 0, max: 3 });
const commands = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('hold' as const), guestId: fc.constantFrom('ada', 'bob') }),
    fc.record({ type: fc.constantFrom('pay' as const, 'confirm' as const), hold }),
    fc.record({ type: fc.constant('release' as const), hold, reason: fc.constant('not_paid') }),
  ),
);

/** All that comes of `given`, one after the other. */
function outcome(given: readonly NightCommand[]): readonly NightEvent[] {
  let state = night.initialState;
  return given.flatMap((command) => {
    const decision = night.decide(command, state);
    const events = decision.accepted ? decision.events : [];
    state = events.reduce(night.evolve, state);
    return events;
  });
}

describe('a night of a room', () => {
  it('is held by one guest at a time, paid before it is booked, and booked once', () => {
    fc.assert(
      fc.property(commands, (given) => {
        const story = outcome(given)
          .map((event) => event.type[0])
          .join('');
        assert.match(story, /^(hr)*(h(p(c)?)?)?$/);
      }),
    );
  });

  it('is paid for by the hold that was paid, and by no later one', () => {
    const events = outcome([
      { type: 'hold', guestId: 'ada' },
      { type: 'release', hold: 1, reason: 'not_paid' },
      { type: 'hold', guestId: 'bob' },
      { type: 'pay', hold: 1 },
    ]);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['held', 'released', 'held'],
    );
  });
});
