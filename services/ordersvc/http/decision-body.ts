/** What a cancellation and a rejection say, read from an HTTP body. Pure. */
import type { z } from 'zod';
import { cancelOrderBody, rejectOrderBody } from '../../../shared/contracts/http.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { problemsOf } from '../../../shared/kit/problems-of.ts';
import { NumberAsWritten } from '../../../shared/kit/transport/http/json.ts';
import type { HttpRequest } from '../../../shared/kit/transport/http/route.ts';

/** Why the customer cancels; undefined without a body, or without a reason in it. Throws as `readRejectBody`. */
export function readCancelBody(http: HttpRequest): string | undefined {
  return http.hasBody ? reading(cancelOrderBody, http.body()).reason : undefined;
}

/** Why the restaurant turns the order down. Throws CodedError `invalid` (code `invalid_decision`) with what is wrong. */
export function readRejectBody(http: HttpRequest): string {
  return reading(rejectOrderBody, http.hasBody ? http.body() : {}).reason;
}

function reading<T>(schema: z.ZodType<T>, body: unknown): T {
  // A number as written is an object to zod, in which nothing need be missing.
  const read = schema.safeParse(body instanceof NumberAsWritten ? null : body);
  if (read.success) return read.data;
  throw new CodedError(
    'invalid',
    'invalid_decision',
    'The request to change the order is not valid.',
    {
      problems: problemsOf(read.error.issues),
    },
  );
}
