import assert from 'node:assert/strict';
import type { Audit } from '../../../shared/contracts/console.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { type AuditDesk, auditDesk } from './audit-desk.ts';

/** A desk whose tool is this program, which finds its arguments in `args`. */
const deskOf = (program: string, mostMs = 10_000): AuditDesk =>
  auditDesk({
    command: [process.execPath, '-e', `const args = process.argv.slice(1); ${program}`, '--'],
    environment: () => ({ BOOKS: 'here' }),
    mostMs,
    logger: silentLogger,
    now: () => 0,
  });

const ended = (desk: AuditDesk): Promise<Audit> =>
  eventually('it has ended', () => desk.latest().state !== 'running' && desk.latest());

const code = (wanted: string) => (error: unknown) =>
  error instanceof CodedError && error.code === wanted;

describe('the desk of audits', () => {
  it('runs one at a time, with what the operator’s tool needs, and keeps its report', async () => {
    const desk = deskOf(
      "console.log(JSON.stringify({ verdict: 'wrong', args, books: process.env.BOOKS, all: Object.keys(process.env).length })); process.exitCode = 5",
    );
    assert.throws(() => desk.latest(), code('audit_not_found'));
    assert.equal(desk.begin(false).state, 'running');
    assert.throws(() => desk.begin(false), code('audit_running'));
    const { state, result } = await ended(desk);
    assert.equal(state, 'done');
    const { verdict, ...printed } = result as unknown as Record<string, unknown>;
    assert.equal(verdict, 'wrong');
    assert.deepEqual(printed.args, ['audit', '--json', '--progress']);
    assert.equal(printed.books, 'here');
    assert.equal(desk.begin(false).state, 'running', 'and then another');
    await ended(desk);
  });

  it('a repair is done and told beside the report', async () => {
    const desk = deskOf(
      "console.log(JSON.stringify({ verdict: 'right', args, repair: { dry_run: false, repairs: [{ what: 'row' }] } }))",
    );
    desk.begin(true);
    const { result, repair } = await ended(desk);
    assert.equal(repair, true);
    assert.deepEqual(result?.repaired, [{ what: 'row' }]);
    assert.deepEqual((result as unknown as { args: string[] }).args.slice(-2), [
      '--repair',
      '--yes',
    ]);
  });

  it('tells how far it is', async () => {
    const desk = deskOf(
      "console.error(JSON.stringify({ book: 'log', done: 1000, of: 5000 })); setTimeout(() => console.log(JSON.stringify({ verdict: 'right' })), 300)",
    );
    desk.begin(false);
    const progress = await eventually('there is progress', () => desk.latest().progress);
    assert.deepEqual(progress, { book: 'log', done: 1_000, of: 5_000 });
    assert.equal((await ended(desk)).progress, undefined);
  });

  it('one that fails says why, in its own words', async () => {
    const desk = deskOf("console.error('error: no event store answers'); process.exitCode = 1");
    desk.begin(false);
    const { state, error } = await ended(desk);
    assert.deepEqual([state, error], ['failed', 'error: no event store answers']);
  });

  it('one that cannot be started has failed, and the next one may begin', () => {
    const desk = auditDesk({
      command: [process.execPath, '-e', ''],
      environment: () => {
        throw new Error('no such file');
      },
      mostMs: 1_000,
      logger: silentLogger,
      now: () => 0,
    });
    for (const repair of [false, true]) {
      const { state, error, ended_at } = desk.begin(repair);
      assert.deepEqual([state, error], ['failed', 'no such file']);
      assert.ok(ended_at);
      assert.equal(desk.latest().state, 'failed');
    }
  });

  it('one that takes too long is ended, and so is one when the console stops', async () => {
    const hangs = 'setInterval(() => {}, 1_000)';
    const slow = deskOf(hangs, 300);
    slow.begin(false);
    assert.equal((await ended(slow)).state, 'failed');
    const stopped = deskOf(hangs);
    stopped.begin(false);
    await stopped.stop?.();
    assert.equal(stopped.latest().state, 'failed');
  });

  it('without the operator’s rights there are none', () => {
    const desk = auditDesk({
      command: undefined,
      environment: () => ({}),
      mostMs: 1_000,
      logger: silentLogger,
      now: () => 0,
    });
    assert.equal(desk.able, false);
    assert.throws(() => desk.begin(false), code('audits_elsewhere'));
  });
});
