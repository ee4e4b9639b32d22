/**
 * A deadline that is weeks away. grpc-js reckons the time that a caller gives in
 * 32 bits and hands it to a timer that takes no more: beyond 24 days it passes at
 * once, or at some moment. So it is told of 24 days, which nobody waits for.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders } from 'node:http2';

/** In minutes: the most that is surely under 2^31 milliseconds. */
const MOST = Math.floor((2 ** 31 - 1) / 60_000);

const minutes: Readonly<Record<string, number>> = { H: 60, M: 1, S: 1 / 60, m: 1 / 60_000 };

/** `grpc-timeout` as it was sent, or the longest that there is. What cannot be read stays, to be refused. */
export function bearable(timeout: string): string {
  const [, amount, unit = ''] = /^(\d{1,8})([HMSm])$/.exec(timeout) ?? [];
  const longer = amount !== undefined && Number(amount) * (minutes[unit] ?? 0) > MOST;
  return longer ? `${MOST}M` : timeout;
}

let listening = false;

/** Lets every gRPC server of this process bear long deadlines. May be called again. */
export function bearLongDeadlines(): void {
  if (listening) return;
  listening = true;
  // The only place to meet a call before the library does.
  subscribe('http2.server.stream.created', (message) => {
    const { headers } = message as { headers: IncomingHttpHeaders };
    const timeout = headers['grpc-timeout'];
    if (typeof timeout === 'string') headers['grpc-timeout'] = bearable(timeout);
  });
}
