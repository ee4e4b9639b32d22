import assert from 'node:assert/strict';
import type { Operation } from './history.ts';
import { type Judge, porcupine } from './judge.ts';

const append = (id: string, expected: number, version: number, at: number): Operation => ({
  client: 1,
  key: 'a',
  kind: 'append',
  id,
  expected,
  outcome: 'done',
  version,
  call: at,
  return: at + 1,
});
const read = (ids: readonly string[], at: number): Operation => ({
  client: 2,
  key: 'a',
  kind: 'read',
  outcome: 'done',
  ids,
  call: at,
  return: at + 1,
});
const shown = (expected: number, version: number, at: number): Operation => ({
  client: 3,
  key: 'a',
  kind: 'get',
  expected,
  outcome: 'done',
  version,
  call: at,
  return: at + 1,
});
const lost = (id: string, at: number): Operation => ({
  ...append(id, -1, 0, at),
  outcome: 'unknown',
  return: 0,
});

const ended = (version: number, from: number, to: number): Operation[] =>
  (['end', 'shown'] as const).map((kind) => ({
    client: 4,
    key: 'a',
    kind,
    id: 'end',
    outcome: 'done',
    version,
    call: from,
    return: to,
  }));

/** Histories of one aggregate, by what is wrong with them. */
const forged: Readonly<Record<string, readonly Operation[]>> = {
  'an acknowledged append that nobody sees': [append('x', 0, 1, 1), read([], 3)],
  'two appends at one version': [append('x', 0, 1, 1), append('y', 0, 1, 3)],
  'an append done twice': [append('x', -1, 1, 1), append('x', -1, 2, 3)],
  'an order of events that changes': [
    append('x', -1, 1, 1),
    append('y', -1, 2, 1),
    read(['x', 'y'], 3),
    read(['y', 'x'], 5),
  ],
  'a conflict where there was none': [{ ...append('x', 0, 0, 1), outcome: 'conflict' }],
  'a reading older than was asked for': [append('x', 0, 1, 1), shown(1, 0, 3)],
  'a version that is not there yet': [append('x', 0, 1, 1), shown(0, 2, 3)],
  'a decision that shows an order without itself': [
    append('x', 0, 1, 1),
    append('y', 1, 2, 3),
    ...ended(2, 5, 6),
  ],
  'a decision done twice': [
    append('x', 0, 1, 1),
    ...ended(2, 3, 4),
    ...ended(2, 5, 6),
    append('y', -1, 4, 7),
  ],
  'a lost append that is seen, and then not': [lost('x', 1), read(['x'], 3), read([], 5)],
};
const honest: Readonly<Record<string, readonly Operation[]>> = {
  'an append that was answered twice alike': [append('x', 0, 1, 1), append('x', 0, 1, 3)],
  'a lost append that takes effect late': [lost('x', 1), read([], 3), read(['x'], 5)],
  'a lost append that never takes effect': [lost('x', 1), append('y', 0, 1, 3)],
  'a decision that shows what others wrote behind it': [
    append('x', 0, 1, 1),
    append('y', -1, 3, 4),
    ...ended(3, 3, 9),
  ],
  'many readings that were never answered': [
    append('x', 0, 1, 1),
    ...Array.from({ length: 40 }, (_, n) => ({ ...shown(1, 0, 2 + n), return: 0 })).map(
      (one): Operation => ({ ...one, outcome: 'unknown' }),
    ),
    append('y', 1, 2, 50),
  ],
  'a row that is old, and no older than was asked for': [
    append('x', 0, 1, 1),
    append('y', 1, 2, 3),
    shown(1, 1, 5),
  ],
};

describe('the judge of histories', () => {
  let judge: Judge;
  before(async function () {
    this.timeout(120_000);
    const built = await porcupine((why) => console.log(`      skipped: ${why}`));
    if (built === undefined) this.skip();
    else judge = built;
  });

  for (const [what, history] of Object.entries(forged)) {
    it(`finds ${what}`, async () => {
      assert.equal((await judge(history)).verdict, 'illegal');
    });
  }
  for (const [what, history] of Object.entries(honest)) {
    it(`believes ${what}`, async () => {
      assert.equal((await judge(history)).verdict, 'ok');
    });
  }
});
