/** A stream's state, as lines for people and as a document for programs. */
import type {
  Copies,
  Copy,
  StreamCopies,
} from '../../shared/kit/transport/jetstream/stream-copies.ts';
import type { Paint } from '../paint.ts';
import { table } from '../table.ts';
import type { Scaled } from './scale-stream.ts';

export function renderStream(found: StreamCopies, paint: Paint): string {
  const { stream, state, replicas, durables } = found;
  const rows = [
    ...rowsOf('stream', stream, found, paint),
    ...durables.flatMap((one) => rowsOf('durable', one.durable, one, paint)),
  ];
  return [
    `${stream}: ${state.messages} messages, the last at ${state.last}; ${counted(replicas)}`,
    ...table([['', '', 'server', ''].map((text) => paint('quiet', text)), ...rows]),
  ].join('\n');
}

export const renderScaled = ({ before, after }: Scaled, paint: Paint): string =>
  [
    before === after.replicas
      ? `${after.stream} has ${counted(before)}, as before`
      : `${after.stream} had ${counted(before)} and has ${counted(after.replicas)} now`,
    renderStream(after, paint),
  ].join('\n');

export const streamDocument = ({ stream, state, durables, ...copies }: StreamCopies) => ({
  stream,
  messages: Number(state.messages),
  last_position: Number(state.last),
  ...copiesDocument(copies),
  durables: durables.map(({ durable, ...own }) => ({ durable, ...copiesDocument(own) })),
});

export const scaledDocument = ({ before, after }: Scaled) => ({
  replicas_before: before,
  ...streamDocument(after),
});

const counted = (replicas: number) => (replicas === 1 ? '1 copy' : `${replicas} copies`);

function rowsOf(kind: string, name: string, { leader, copies }: Copies, paint: Paint): string[][] {
  const led = leader === undefined ? [['', paint('bad', 'nobody leads')]] : [];
  const lines = [...led, ...copies.map((copy) => [copy.server || '–', standing(copy, paint)])];
  return lines.map((cells, index) => (index === 0 ? [kind, name, ...cells] : ['', '', ...cells]));
}

function standing({ leads, current, away, lag }: Copy, paint: Paint): string {
  if (leads) return 'leads';
  if (away) return paint('bad', 'does not answer');
  return current ? paint('good', 'current') : paint('warn', `${lag} behind`);
}

const copiesDocument = ({ replicas, leader, copies }: Copies) => ({
  replicas,
  leader: leader ?? null,
  copies: copies.map(({ server, leads, current, away, lag }) => ({
    server,
    leads,
    current,
    away,
    lag,
  })),
});
