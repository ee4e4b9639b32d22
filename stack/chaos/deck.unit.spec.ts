import assert from 'node:assert/strict';
import { dice } from '../interleavings/dice.ts';
import { dealDeck, harmed } from './deck.ts';
import { kinds, wish } from './wishes.ts';

const options = {
  instances: 2,
  natsNodes: ['NATS', 'NATS-2', 'NATS-3'],
  gapMs: 1_000,
  stoppedMs: 5_000,
};
const deal = (seed: number, budgetMs: number, only?: RegExp) =>
  dealDeck(dice(seed), { ...options, budgetMs, only });

describe("chaos' faults and wishes", () => {
  it('given time, every process is killed and stopped, and every connection spoiled', () => {
    const names = deal(1, 600_000).map(({ name }) => name);
    const some = (what: RegExp) =>
      assert.ok(
        names.some((name) => what.test(name)),
        String(what),
      );
    for (const { name, needs } of harmed) {
      some(new RegExp(`^${name}(-2)?( and ${name}-2)? killed$`));
      some(new RegExp(`^${name}(-2)?( and ${name}-2)? stopped`));
      const spoiled = names.filter((one) => one.startsWith(`${name} – `));
      assert.ok(spoiled.length >= needs.length, name);
    }
    assert.ok(!names.some((name) => name.includes('console')), 'who does not run is not harmed');
    for (const name of ['NATS', 'NATS-2', 'NATS-3', 'PostgreSQL'])
      some(new RegExp(`^${name} killed$`));
    some(/store deleted/);
    some(/put back older/);
    some(/tail cut/);
    some(/log restored/);
  });

  it('of three NATS servers each is killed, and one stopped and one away: never two at a time', () => {
    const names = deal(1, 600_000).map(({ name }) => name);
    const about = names.filter((name) => /^NATS/.test(name) && !/store|tail/.test(name));
    assert.ok(about.some((name) => name.includes('stopped')));
    assert.ok(about.some((name) => name.includes('away')));
    assert.deepEqual(
      about.filter((name) => !/^NATS(-[23])? (killed|away|stopped for 5 s)$/.test(name)),
      [],
    );
  });

  it('under Patroni every kind of failover is there, however short the run, and PostgreSQL is not stopped whole', () => {
    const names = (budgetMs: number, only?: RegExp) =>
      dealDeck(dice(1), { ...options, budgetMs, only, sql: 'patroni' }).map(({ name }) => name);
    const kinds = [
      'primary frozen past the ttl',
      'primary killed with its Patroni',
      'primary switched over',
      "primary's Patroni killed",
      "primary's PostgreSQL killed",
      'synchronous standby killed',
    ];
    assert.deepEqual(names(0).toSorted(), kinds);
    assert.notDeepEqual(names(0), kinds, 'in a sequence that the dice choose');
    const long = names(600_000);
    assert.deepEqual(
      kinds.filter((kind) => !long.includes(kind)),
      [],
    );
    assert.ok(long.includes('the log restored to an older state'));
    assert.deepEqual(
      long.filter((name) => /^PostgreSQL (killed|away)$/.test(name)),
      [],
    );
    assert.deepEqual(names(0, /frozen/), ['primary frozen past the ttl']);
    assert.ok(!deal(1, 600_000).some(({ failover }) => failover), 'one server has none');
  });

  it('the same seed deals the same, another seed otherwise', () => {
    const names = (seed: number) => deal(seed, 100_000).map(({ name }) => name);
    assert.deepEqual(names(7), names(7));
    assert.notDeepEqual(names(7), names(8));
  });

  it('keeps to the time that there is, does one fault at least, and only those that are asked for', () => {
    const planned = deal(3, 60_000).reduce((sum, { plannedMs }) => sum + plannedMs + 1_000, 0);
    assert.ok(planned <= 60_000 && planned > 30_000, String(planned));
    assert.equal(deal(3, 0).length, 1);
    assert.ok(deal(3, 60_000, /killed/).every(({ name }) => name.includes('killed')));
    assert.deepEqual(deal(3, 60_000, /earthquake/), []);
  });

  it('wishes are of every kind, the same for the same seed, and no two share a key', () => {
    const all = Array.from({ length: 1_000 }, (_, n) => wish(5, n));
    assert.deepEqual(new Set(all.map(({ kind }) => kind)), new Set(kinds));
    assert.equal(new Set(all.map(({ key }) => key)).size, all.length);
    assert.deepEqual(wish(5, 17), all[17]);
  });
});
