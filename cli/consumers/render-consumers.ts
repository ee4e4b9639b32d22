import { duration } from '../duration.ts';
import type { Paint } from '../paint.ts';
import { table } from '../table.ts';
import type { ConsumerAnswer, ConsumersAnswer } from './read-consumers.ts';

/** An event that waits this long is not merely on its way. */
const LATE_MS = 5_000;

/** One consumer a line, as it is at `now`. */
export function renderConsumers(
  { log_head, consumers }: ConsumersAnswer,
  now: Date,
  paint: Paint,
): string {
  const ago = (at: string) => duration(Math.max(0, now.getTime() - Date.parse(at)));
  const heading = ['consumer', 'position', 'waiting', 'for', 'in flight', 'parked', 'moved'];
  const line = (one: ConsumerAnswer): string[] => {
    const late =
      one.waiting_since !== undefined && now.getTime() - Date.parse(one.waiting_since) > LATE_MS;
    const waiting = `${one.waiting}${one.waiting_at_least ? ' or more' : ''}`;
    const parked = `${one.parked}${one.parked_at_least ? ' or more' : ''}`;
    return [
      one.consumer,
      String(one.position),
      late ? paint('bad', waiting) : waiting,
      one.waiting_since === undefined ? '–' : ago(one.waiting_since),
      String(one.in_flight),
      one.parked > 0 ? paint('warn', parked) : parked,
      `${ago(one.moved_at)} ago${one.place_lost ? paint('bad', ', to a place that the log has lost') : ''}`,
    ];
  };
  return [
    `the log ends at ${log_head}`,
    ...table([heading.map((text) => paint('quiet', text)), ...consumers.map(line)]),
  ].join('\n');
}
