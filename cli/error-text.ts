import type { CommanderError } from 'commander';
import { codedError } from '../shared/kit/errors.ts';
import { shown, shownJson, withoutCredentials } from '../shared/kit/shown.ts';
import { UsageError } from './option.ts';
import { RefusedRequest } from './orders-api.ts';

const MOST = 1_000;

/**
 * A command's error: one line for people, or a document for programs. Both go to standard
 * error.
 */
export function errorText(error: unknown, json: boolean): string {
  if (!json) {
    // It repeats what the user typed, which must not steer the terminal.
    return `ordersctl: ${shown(withoutCredentials(lineFor(error)))}`;
  }
  return shownJson(withoutCredentials(document(error)));
}

/** What commander says of a command line, as one of our errors; for people with what helps. */
export function misuse({ message }: CommanderError, json: boolean): UsageError {
  const said = message.replace(/^error: /, '').replaceAll('\n', ' ');
  return new UsageError(json ? said : `${said} → ordersctl --help, or ordersctl <command> --help`);
}

function document(error: unknown): string {
  if (error instanceof RefusedRequest) return error.body;
  if (error instanceof UsageError) {
    return JSON.stringify({ code: 'used_wrongly', detail: error.message });
  }
  const { code, message } = codedError(error);
  return JSON.stringify({ code, detail: message });
}

/**
 * Adds the code to look up, unless the text already has it or merely says that something is
 * away.
 */
function lineFor(error: unknown): string {
  if (error instanceof UsageError || error instanceof RefusedRequest) return short(error.message);
  const { kind, code, message } = codedError(error);
  const away = kind === 'unavailable' || kind === 'timeout';
  return away ? short(message) : `${short(message)} (${code})`;
}

const short = (message: string): string =>
  message.length > MOST ? `${message.slice(0, MOST)}…` : message;
