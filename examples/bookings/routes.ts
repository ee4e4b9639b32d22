import { z } from 'zod';
import { CodedError, type Problem } from '../../shared/kit/errors.ts';
import { readJson } from '../../shared/kit/transport/http/read-json.ts';
import { type Route, route } from '../../shared/kit/transport/http/route.ts';
import type { BookingService } from './bookings.ts';

const holdBody = z.object({
  room: z.string().regex(/^[\w-]{1,40}$/, 'must be 1 to 40 letters, digits, - or _'),
  night: z.iso.date(),
  guest_id: z.string().min(1).max(200),
});
const refuse = (problems: readonly Problem[]) =>
  new CodedError('invalid', 'invalid_booking', 'This cannot be booked.', { problems });

export const bookingRoutes = ({ hold, nights }: BookingService): readonly Route[] => [
  route({
    method: 'POST',
    path: '/api/bookings',
    decode: (http) => {
      const { room, night: date, guest_id: guestId } = readJson(holdBody, http.body(), refuse);
      return { room, date, guestId };
    },
    endpoint: hold,
    encode: ({ nightId }) => ({ status: 201, body: { night_id: nightId, status: 'held' } }),
  }),
  route({
    method: 'GET',
    path: '/api/nights/:date',
    decode: ({ params }) => ({ date: readJson(z.iso.date(), params.date, refuse) }),
    endpoint: nights,
    encode: (rooms) => ({ status: 200, body: { rooms } }),
  }),
];
