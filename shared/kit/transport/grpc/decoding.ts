/**
 * Handles bytes that are no valid message. grpc-js ends such a call by itself, invisible
 * to hooks and without a code; so a message that cannot be decoded is passed on as its
 * decoding error, and the handler refuses it like any other bad input.
 */
import type { ServiceDefinition } from '@grpc/grpc-js';
import { CodedError } from '../../errors.ts';

class Unreadable {
  readonly error: CodedError;

  constructor(error: CodedError) {
    this.error = error;
  }
}

/** `definition`, whose handlers must read requests through `decoded`. */
export function decodingTolerantly(definition: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: decodeOrTell(method.requestDeserialize) },
    ]),
  );
}

/** `message`, unless it could not be decoded; then throws CodedError `malformed`, or what the decoder threw. */
export function decoded<Message>(message: Message): Message {
  if (message instanceof Unreadable) throw message.error;
  return message;
}

function decodeOrTell<Message>(decode: (bytes: Buffer) => Message) {
  return (bytes: Buffer): Message | Unreadable => {
    try {
      return decode(bytes);
    } catch (cause) {
      if (cause instanceof CodedError) return new Unreadable(cause);
      const message = 'The bytes are not a message of this method.';
      return new Unreadable(new CodedError('malformed', 'malformed_message', message, { cause }));
    }
  };
}
