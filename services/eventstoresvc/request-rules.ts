/** Rules for requests; event-rules.ts has those for appends. Pure. */

import { CodedError, type Problem } from '../../shared/kit/errors.ts';
import type { Currency } from '../../shared/money/currency.ts';

/** Most events or letters in a page, and most ids in a list. */
export const MAX_PAGE = 1_000;
/** Most aggregates in one request: a batch of our own clients has fewer. */
export const MAX_AGGREGATES = 128;
/** Longest id that can be appended; event types are shorter. */
const MAX_ID = 200;

/** A problem, or undefined if there is none. */
export type Found = Problem | undefined;

/** Throws CodedError `invalid` (code `invalid_request`) that names each problem in `found`. */
export function checkRequest(...found: readonly Found[]): void {
  const problems = found.filter((one) => one !== undefined);
  if (problems.length > 0) throw invalidRequest(problems);
}

/** The refusal of a request for `problems`. */
export function invalidRequest(problems: readonly Problem[]): CodedError {
  const all = problems.map(({ field, message }) => `${field} ${message}`).join('; ');
  return new CodedError('invalid', 'invalid_request', `The request is not valid: ${all}.`, {
    problems,
  });
}

/** An empty stream means the one served. */
export function streamProblem(asked: string, served: string): Found {
  if (asked === '' || asked === served) return undefined;
  return { field: 'stream', message: otherStream(asked, served) };
}

/** The message for a stream that is not served here. */
export const otherStream = (asked: string, served: string): string =>
  `is "${asked.slice(0, 40)}", but this store serves ${served}`;

/** A text that cannot be an id would find nothing, and SQL cannot even take a NUL. */
export function idProblem(field: string, value: string): Found {
  if (value.length > MAX_ID) {
    const message = `is ${value.length} characters long, at most ${MAX_ID} are allowed`;
    return { field, message };
  }
  return /\p{Cc}/u.test(value) ? { field, message: 'holds a control character' } : undefined;
}

/** Too many ids are refused without checking each. */
export function idsProblems(field: string, ids: readonly string[], most: number): Found[] {
  if (ids.length > most) return [{ field, message: `are ${ids.length}, at most ${most}` }];
  return ids.map((id, index) => idProblem(`${field}[${index}]`, id));
}

export function consumerProblem(value: string, field = 'consumer'): Found {
  if (/^[\w.-]{1,128}$/.test(value)) return undefined;
  return { field, message: 'must be 1 to 128 letters, digits, dots, dashes or underscores' };
}

/** @param first the lowest position that makes sense: 0 before the first event, 1 for an event */
export function positionProblem(field: string, value: bigint, first: bigint): Found {
  return value < first
    ? { field, message: `is ${value}, but must be ${first} or more` }
    : undefined;
}

/** Positions of events, so 1 or more. Too many are refused without checking each. */
export function positionsProblems(field: string, positions: readonly bigint[]): Found[] {
  if (positions.length > MAX_PAGE) {
    return [{ field, message: `are ${positions.length}, at most ${MAX_PAGE}` }];
  }
  return positions.map((one, index) => positionProblem(`${field}[${index}]`, one, 1n));
}

export function deliveriesProblem(value: number, field = 'deliveries'): Found {
  return value < 0 ? { field, message: `is ${value}, but must not be negative` } : undefined;
}

/** Longest reason for closing a letter, in characters. */
const MAX_REASON = 500;

export function closeReasonProblem(value: string, field = 'reason'): Found {
  if (value.trim() === '') return { field, message: 'is missing: say why it needs no answer' };
  if (value.length > MAX_REASON) {
    return { field, message: `is ${value.length} characters long, at most ${MAX_REASON}` };
  }
  return /\p{Cc}/u.test(value) ? { field, message: 'holds a control character' } : undefined;
}

/** The currency for a log. Any well-formed code is accepted: the lists of two releases may differ. */
export function currencyProblems({ code, decimals }: Currency): Found[] {
  return [
    /^[A-Z]{3}$/.test(code)
      ? undefined
      : { field: 'code', message: 'must be an ISO 4217 code, such as USD' },
    Number.isInteger(decimals) && decimals >= 0 && decimals <= MAX_DECIMALS
      ? undefined
      : { field: 'decimals', message: `is ${decimals}, but must be from 0 to ${MAX_DECIMALS}` },
  ];
}

/** No ISO 4217 currency has more. */
const MAX_DECIMALS = 4;

/** A consumer answers a few types. */
const MAX_TYPES = 100;

export function typesProblem(types: readonly string[]): Found {
  const field = 'event_types';
  if (types.length > MAX_TYPES) {
    return { field, message: `are ${types.length}, at most ${MAX_TYPES} are allowed` };
  }
  const wrong = types.find((type) => !/^[\x21-\x7e]{1,128}$/.test(type));
  return wrong === undefined
    ? undefined
    : { field, message: 'must be printable, without blanks, and at most 128 characters long' };
}

/** Longest pause between two batches: what came meanwhile must still be in memory. */
const MAX_GATHER_MS = 1_000;

export function gatherProblem(value: number): Found {
  if (value >= 0 && value <= MAX_GATHER_MS) return undefined;
  return { field: 'gather_ms', message: `is ${value}, but must be from 0 to ${MAX_GATHER_MS}` };
}

export function limitProblem(value: number): Found {
  if (value >= 1 && value <= MAX_PAGE) return undefined;
  return { field: 'limit', message: `is ${value}, but must be from 1 to ${MAX_PAGE}` };
}
