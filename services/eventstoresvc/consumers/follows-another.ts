import { CodedError } from '../../../shared/kit/errors.ts';

/**
 * The refusal of a request about `consumer`, which follows `stream` and not the one
 * that the request names. Names of consumers are their own in all streams of a store:
 * two that shared one would undo each other's checkpoints.
 */
export function followsAnother(consumer: string, stream: string): CodedError {
  const message = `follows the stream ${stream}, and a consumer follows one stream: give another one another name`;
  return new CodedError(
    'invalid',
    'invalid_request',
    `The request is not valid: the consumer ${consumer} ${message}.`,
    { problems: [{ field: 'consumer', message }] },
  );
}
