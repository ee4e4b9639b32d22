/** Adds the missing code to statuses that grpc-js creates itself. */
import { Metadata, status } from '@grpc/grpc-js';
import { CodedError } from '../../errors.ts';
import { toServiceError } from './grpc-status.ts';

/** A status on its way to the client; `details` may be the library's own words. */
export interface SentStatus {
  readonly code?: status | null | undefined;
  readonly details?: string | null | undefined;
  readonly metadata?: Metadata | null | undefined;
}

/**
 * Undefined for a status of ours, or OK. Our words replace what the library says of the
 * request, because its own may name internals. So may those of a service that is not
 * ours, such as reflection: only the number of its statuses is kept.
 */
export function refusedByLibrary(sent: SentStatus, maxMessageBytes: number) {
  const own = sent.code === status.OK || (sent.metadata?.get('error-code').length ?? 0) > 0;
  if (own) return undefined;
  const code = sent.code ?? status.UNKNOWN;
  const meant = meaning(code, sent.details ?? '', maxMessageBytes);
  if (meant !== undefined) return toServiceError(meant);
  const name = status[code];
  if (name === undefined || code === status.UNKNOWN || code === status.INTERNAL) {
    return toServiceError(new CodedError('internal', 'internal', sent.details ?? ''));
  }
  const metadata = new Metadata();
  metadata.set('error-code', name.toLowerCase());
  return { code, details: `The call ended with ${name}.`, metadata };
}

/** The meaning of a status that the library creates itself; undefined for any other. */
function meaning(code: status, details: string, maxMessageBytes: number): CodedError | undefined {
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return new CodedError('timeout', 'deadline_exceeded', 'There was no answer in time.');
    case status.RESOURCE_EXHAUSTED:
      if (details.startsWith('Sent message')) {
        return new CodedError(
          'too_large',
          'answer_too_large',
          `The answer is larger than ${maxMessageBytes} bytes; ask for less at once.`,
        );
      }
      if (details.startsWith('Received message')) {
        return new CodedError(
          'too_large',
          'message_too_large',
          `The message is larger than the ${maxMessageBytes} bytes that are allowed.`,
        );
      }
      return undefined;
    case status.UNIMPLEMENTED:
      if (details.includes('unsupported encoding')) {
        return new CodedError(
          'method_not_allowed',
          'unsupported_encoding',
          'Messages must be uncompressed, or compressed with gzip or deflate.',
        );
      }
      if (/^Received (a second|no) request message/.test(details)) {
        return new CodedError(
          'method_not_allowed',
          'unsupported_call',
          'This method takes exactly one message.',
        );
      }
      return undefined;
    case status.NOT_FOUND:
      if (!details.startsWith('Health status unknown')) return undefined;
      return new CodedError('not_found', 'service_not_found', 'There is no such service here.');
    case status.INTERNAL:
      if (details.startsWith('Error deserializing request')) {
        return malformed('its bytes are not a message of this method');
      }
      if (details.startsWith('Invalid grpc-timeout'))
        return malformed('grpc-timeout is not a time');
      if (details.startsWith('Failed to decompress')) return malformed('it cannot be decompressed');
      return undefined;
    default:
      return undefined;
  }
}

const malformed = (what: string) =>
  new CodedError('malformed', 'malformed_message', `The call cannot be read: ${what}.`);
