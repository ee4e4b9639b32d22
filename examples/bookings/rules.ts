/** Who may ask what at the counter: guests for themselves, the hotel's people for anybody. */
import { CodedError } from '../../shared/kit/errors.ts';
import type { RulesFor } from '../../shared/kit/middleware/authorize.ts';
import type { Principal } from '../../shared/kit/principal.ts';
import type { BookingService } from './bookings.ts';

const ofTheHotel = ({ roles }: Principal) => roles.includes('operator');

/** An endpoint without a rule does not compile. */
export const bookingRules: RulesFor<BookingService> = {
  hold: {
    admit: (principal, request) => {
      if (ofTheHotel(principal) || request.guestId === principal.subject) return request;
      throw new CodedError('forbidden', 'not_allowed', 'You may hold a room only for yourself.');
    },
  },
  nights: {
    admit: (_principal, request) => request,
    // Which rooms are free anybody may see, but not who sleeps in the others.
    show: (principal, rows) =>
      rows.map((row) =>
        ofTheHotel(principal) || row.guest_id === principal.subject
          ? row
          : { ...row, guest_id: '' },
      ),
  },
};
