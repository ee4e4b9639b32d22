import { CodedError } from '../../../shared/kit/errors.ts';

/**
 * The refusal of a request that names another stream than `stream`, the one that
 * `consumer` follows. Consumer names are unique across a store's streams: two consumers of one
 * name would undo each other's checkpoints.
 */
export function followsAnother(consumer: string, stream: string): CodedError {
  const message = `follows the stream ${stream}, and a consumer follows one stream only: use another name for the other consumer`;
  return new CodedError(
    'invalid',
    'invalid_request',
    `The request is not valid: the consumer ${consumer} ${message}.`,
    { problems: [{ field: 'consumer', message }] },
  );
}
