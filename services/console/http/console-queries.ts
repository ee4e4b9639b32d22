/** Reads addresses, queries and bodies of the console's API. Pure. */
import { z } from 'zod';
import type { CloseRequest, LetterName, ReplayRequest } from '../../../shared/contracts/console.ts';
import { cancelOrderBody, rejectOrderBody } from '../../../shared/contracts/http.ts';
import type { LetterState } from '../../../shared/eventstore/dead-letters.ts';
import { CodedError, type Problem } from '../../../shared/kit/errors.ts';
import { NumberAsWritten } from '../../../shared/kit/transport/http/json.ts';
import type { Parameter } from '../../../shared/kit/transport/http/openapi/operation.ts';
import { readJson } from '../../../shared/kit/transport/http/read-json.ts';
import type { HttpRequest } from '../../../shared/kit/transport/http/route.ts';
import type { LetterQuery } from '../letters/letter-desk.ts';
import type { Caller } from '../orders/asker.ts';

/** Parameters by name alone: the console has no OpenAPI document. */
const named = (...names: readonly string[]): readonly Parameter[] =>
  names.map((name) => ({ name, in: 'query', schema: { type: 'string' } }));

/** Those of a list of orders; ordersvc reads all but `status=open`. */
export const listParameters = named(
  'status',
  'customer_id',
  'restaurant_id',
  'min_amount',
  'max_amount',
  'older_than',
  'overdue',
  'limit',
  'cursor',
);
export const letterParameters = named('consumer', 'state', 'after');
export const deadlineParameters = named('limit');

/** Who asks, to be asked for in their name. */
export const callerOf = ({ headers }: Pick<HttpRequest, 'headers'>): Caller => ({
  authorization: headers.authorization,
});

/** ordersvc's parameters. */
export function listQuery({ query }: Pick<HttpRequest, 'query'>): URLSearchParams {
  const asked = new URLSearchParams([...query].filter(([, value]) => value !== ''));
  if (asked.get('status') === 'open') {
    asked.delete('status');
    asked.set('open', 'true');
  }
  return asked;
}

const states = ['parked', 'requested', 'resolved', 'closed'] as const satisfies LetterState[];

/** Throws CodedError `invalid` (code `invalid_query`). */
export function letterQuery({ query }: Pick<HttpRequest, 'query'>): LetterQuery {
  const written = query.get('state') ?? 'parked';
  const state = states.find((known) => known === written);
  if (state === undefined && written !== 'all') {
    throw invalidQuery('state', `must be one of ${states.join(', ')}, all`);
  }
  return { consumer: query.get('consumer') || undefined, state, after: letterAfter(query) };
}

function letterAfter(query: URLSearchParams): LetterName | undefined {
  const written = query.get('after');
  if (written === null || written === '') return undefined;
  const [, consumer = '', position = ''] = /^([\w.-]{1,128})\/([1-9]\d{0,14})$/.exec(written) ?? [];
  if (consumer !== '') return { consumer, position: Number(position) };
  throw invalidQuery('after', 'must be consumer/position of a letter');
}

const LIMITS = { usual: 50, most: 200 };

/** How many deadlines. Throws CodedError `invalid` (code `invalid_query`). */
export function deadlineLimit({ query }: Pick<HttpRequest, 'query'>): number {
  const written = query.get('limit') ?? String(LIMITS.usual);
  const limit = /^\d{1,4}$/.test(written) ? Number(written) : 0;
  if (limit >= 1 && limit <= LIMITS.most) return limit;
  throw invalidQuery('limit', `must be a whole number from 1 to ${LIMITS.most}`);
}

const invalidQuery = (field: string, message: string) =>
  new CodedError('invalid', 'invalid_query', 'The parameters are not valid.', {
    problems: [{ field, message }],
  });

/** The letter in the address. Throws CodedError `not_found` (code `letter_not_found`) for what names no letter. */
export function letterName({ params }: Pick<HttpRequest, 'params'>): LetterName {
  const { consumer = '', position = '' } = params;
  if (/^\d{1,15}$/.test(position) && Number(position) > 0) {
    return { consumer, position: Number(position) };
  }
  throw new CodedError('not_found', 'letter_not_found', 'There is no such dead letter.');
}

/** A body's numbers come as they were written. */
const position = z.unknown().transform((value, check): number => {
  const text = value instanceof NumberAsWritten ? value.text : '';
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  check.addIssue({ code: 'custom', message: 'must be a whole number from 1' });
  return z.NEVER;
});
const letters = z
  .array(z.strictObject({ consumer: z.string().min(1).max(200), position }))
  .min(1)
  .max(100);
const replayBody = z.strictObject({ letters, dry_run: z.boolean().default(false) });
const closeBody = z.strictObject({
  letters,
  reason: z.string().trim().min(1, { error: 'must say why' }).max(500),
});

const refused = (problems: readonly Problem[]) =>
  new CodedError('invalid', 'invalid_body', 'The request is not valid.', { problems });

/** Throws CodedError `invalid` (code `invalid_body`) with every problem; so do the next ones. */
export const readReplay = (http: HttpRequest): ReplayRequest =>
  readJson(replayBody, http.hasBody ? http.body() : {}, refused);

export const readClose = (http: HttpRequest): CloseRequest =>
  readJson(closeBody, http.hasBody ? http.body() : {}, refused);

/** Why an order is cancelled, if somebody says so. */
export const readCancelReason = (http: HttpRequest): string | undefined =>
  http.hasBody ? readJson(cancelOrderBody, http.body(), refused).reason : undefined;

/** Why it is rejected. */
export const readRejectReason = (http: HttpRequest): string =>
  readJson(rejectOrderBody, http.hasBody ? http.body() : {}, refused).reason;
