/** One night of one hotel room: free, held for a guest who is to pay, paid, booked. Pure. */
import type { Decider } from '../../shared/eventstore/decider.ts';

export interface Night {
  readonly status: 'free' | 'held' | 'paid' | 'booked';
  /** How often it was held; names the hold that a command is about. */
  readonly holds: number;
  readonly guestId: string;
}

export type NightCommand =
  | { readonly type: 'hold'; readonly guestId: string }
  | { readonly type: 'pay' | 'confirm'; readonly hold: number }
  | { readonly type: 'release'; readonly hold: number; readonly reason: string };

export type NightEvent =
  | { readonly type: 'held'; readonly guestId: string }
  | { readonly type: 'paid'; readonly guestId: string }
  | { readonly type: 'confirmed' }
  | { readonly type: 'released'; readonly reason: string };

/** By the type of event. */
export const after = { held: 'held', paid: 'paid', confirmed: 'booked', released: 'free' } as const;
const needed = { pay: 'held', confirm: 'paid', release: 'held' } as const;

export const night: Decider<Night, NightCommand, NightEvent> = {
  initialState: { status: 'free', holds: 0, guestId: '' },

  decide(command, { status, holds, guestId }) {
    if (command.type === 'hold') {
      if (status === 'free')
        return { accepted: true, events: [{ type: 'held', guestId: command.guestId }] };
      return { accepted: false, code: 'room_taken', message: `The room is ${status} that night.` };
    }
    // About a hold that is over there is nothing to do.
    if (command.hold !== holds || status !== needed[command.type])
      return { accepted: true, events: [] };
    switch (command.type) {
      case 'pay':
        return { accepted: true, events: [{ type: 'paid', guestId }] };
      case 'confirm':
        return { accepted: true, events: [{ type: 'confirmed' }] };
      case 'release':
        return { accepted: true, events: [{ type: 'released', reason: command.reason }] };
    }
  },

  evolve: (state, event) => ({
    status: after[event.type],
    holds: state.holds + (event.type === 'held' ? 1 : 0),
    guestId: 'guestId' in event ? event.guestId : state.guestId,
  }),
};
