import { codedError } from '../shared/kit/errors.ts';
import { UsageError } from './option.ts';
import { RefusedRequest } from './orders-api.ts';

/** What a command failed with: one line for people, or a document for programs. Both go to standard error. */
export function errorText(error: unknown, json: boolean): string {
  if (!json) {
    const { message } = error instanceof UsageError ? error : codedError(error);
    // What was typed comes back in it, and must not steer the terminal.
    return `orders: ${message.replace(/\p{Cc}/gu, '\uFFFD').slice(0, 1_000)}`;
  }
  if (error instanceof RefusedRequest) return error.body;
  if (error instanceof UsageError) {
    return JSON.stringify({ code: 'used_wrongly', detail: error.message });
  }
  const { code, message } = codedError(error);
  return JSON.stringify({ code, detail: message });
}
