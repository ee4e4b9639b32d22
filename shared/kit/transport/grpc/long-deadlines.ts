/**
 * Deadlines that are weeks away. grpc-js computes a caller's time in 32 bits and passes
 * it to a timer that takes no more: beyond 24 days the deadline passes at once, or at
 * some random moment. So we cap it at 24 days, longer than anybody waits.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders } from 'node:http2';

/** In minutes: the most that is surely under 2^31 milliseconds. */
const MOST = Math.floor((2 ** 31 - 1) / 60_000);

const minutes: Readonly<Record<string, number>> = { H: 60, M: 1, S: 1 / 60, m: 1 / 60_000 };

/** `grpc-timeout` as sent, or the longest possible. An unreadable value stays, to be refused. */
export function bearable(timeout: string): string {
  const [, amount, unit = ''] = /^(\d{1,8})([HMSm])$/.exec(timeout) ?? [];
  const longer = amount !== undefined && Number(amount) * (minutes[unit] ?? 0) > MOST;
  return longer ? `${MOST}M` : timeout;
}

let listening = false;

/** Lets every gRPC server of this process accept long deadlines. May be called again. */
export function bearLongDeadlines(): void {
  if (listening) return;
  listening = true;
  // The only place to see a call before the library does.
  subscribe('http2.server.stream.created', (message) => {
    const { headers } = message as { headers: IncomingHttpHeaders };
    const timeout = headers['grpc-timeout'];
    if (typeof timeout === 'string') headers['grpc-timeout'] = bearable(timeout);
  });
}
