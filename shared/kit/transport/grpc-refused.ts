/** Statuses that grpc-js gives by itself, with the code that they lack. */
import { type Metadata, status } from '@grpc/grpc-js';
import { CodedError } from '../errors.ts';
import { toServiceError } from './grpc-status.ts';

/** A status on its way to the client; `details` may be the library's own words. */
export interface SentStatus {
  readonly code?: status | null | undefined;
  readonly details?: string | null | undefined;
  readonly metadata?: Metadata | null | undefined;
}

/**
 * Undefined for a status of ours, or OK. What the library says of the request is
 * told in our words: its own may name what is inside.
 */
export function refusedByLibrary(sent: SentStatus, maxMessageBytes: number) {
  const own = sent.code === status.OK || (sent.metadata?.get('error-code').length ?? 0) > 0;
  if (own) return undefined;
  return toServiceError(meaning(sent.code ?? status.UNKNOWN, sent.details ?? '', maxMessageBytes));
}

function meaning(code: status, details: string, maxMessageBytes: number): CodedError {
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return new CodedError('timeout', 'deadline_exceeded', 'Time ran out before the answer.');
    case status.RESOURCE_EXHAUSTED:
      return details.startsWith('Sent')
        ? new CodedError(
            'too_large',
            'answer_too_large',
            `The answer is larger than ${maxMessageBytes} bytes; ask for less at once.`,
          )
        : new CodedError(
            'too_large',
            'message_too_large',
            `The message is larger than ${maxMessageBytes} bytes, the most that is taken.`,
          );
    case status.UNIMPLEMENTED:
      return details.includes('unsupported encoding')
        ? new CodedError(
            'method_not_allowed',
            'unsupported_encoding',
            'Messages are taken as they are, or compressed by gzip or deflate.',
          )
        : new CodedError(
            'method_not_allowed',
            'unsupported_call',
            'This method takes exactly one message.',
          );
    // As the health service says of a service that it does not know.
    case status.NOT_FOUND:
      return new CodedError('not_found', 'service_not_found', 'There is no such service here.');
    case status.INTERNAL:
      if (details.startsWith('Error deserializing request')) {
        return malformed('its bytes are no message of this method');
      }
      if (details.startsWith('Invalid grpc-timeout')) return malformed('grpc-timeout is no time');
      if (details.startsWith('Failed to decompress')) return malformed('it cannot be decompressed');
  }
  return new CodedError('internal', 'internal', details);
}

const malformed = (what: string) =>
  new CodedError('malformed', 'malformed_message', `The call cannot be read: ${what}.`);
