import type { Kind } from '../errors.ts';

const kindOfStatus: Readonly<Record<number, Kind>> = {
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  412: 'precondition_failed',
  413: 'too_large',
  421: 'misdirected',
  422: 'invalid',
  429: 'rate_limited',
  503: 'unavailable',
  504: 'timeout',
};

/** What an answer with this status is an error of, for who calls our own services: `internal` if none is known. */
export const kindOfHttp = (status: number): Kind => kindOfStatus[status] ?? 'internal';
