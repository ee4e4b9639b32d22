/** Reads the HTTP bodies of cancellations and rejections. Pure. */
import { cancelOrderBody, rejectOrderBody } from '../../../shared/contracts/http.ts';
import { CodedError, type Problem } from '../../../shared/kit/errors.ts';
import { readJson } from '../../../shared/kit/transport/http/read-json.ts';
import type { HttpRequest } from '../../../shared/kit/transport/http/route.ts';

/** Why the customer cancels; undefined without a body or without a reason in it. Throws as `readRejectBody`. */
export function readCancelBody(http: HttpRequest): string | undefined {
  return http.hasBody ? readJson(cancelOrderBody, http.body(), refuse).reason : undefined;
}

/** Why the restaurant rejects the order. Throws CodedError `invalid` (code `invalid_decision`) with every problem. */
export function readRejectBody(http: HttpRequest): string {
  return readJson(rejectOrderBody, http.hasBody ? http.body() : {}, refuse).reason;
}

const refuse = (problems: readonly Problem[]) =>
  new CodedError('invalid', 'invalid_decision', 'The request to change the order is not valid.', {
    problems,
  });
