import assert from 'node:assert/strict';
import { onlyOf, postgresName, totalOf, usageOf, usedBetween } from './usage.ts';

describe('what processes use', () => {
  it('a process that works has used a processor, and one that is gone nothing', () => {
    for (let n = 0; usageOf(process.pid).cpuMs === 0; n++) Math.sqrt(n);
    const { cpuMs, rssMb } = usageOf(process.pid);
    assert.ok(cpuMs > 0 && rssMb > 10, `${cpuMs} ms, ${rssMb} MB`);
    assert.deepEqual(usageOf(2 ** 30), { cpuMs: 0, wakeUps: 0, rssMb: 0 });
  });

  it('of PostgreSQL counts for the database that it works for', () => {
    const title = 'postgres: orders paymentsdb 127.0.0.1(40112) idle';
    assert.equal(postgresName(title), 'PostgreSQL paymentsdb');
    assert.equal(postgresName('postgres: walwriter'), 'PostgreSQL itself');
    assert.equal(postgresName('postgres: io worker 1'), 'PostgreSQL itself');
  });

  it('is the difference of two looks, and a process that began meanwhile counts whole', () => {
    const used = usedBetween(
      new Map([['a', { cpuMs: 10, wakeUps: 5, rssMb: 50 }]]),
      new Map([
        ['a', { cpuMs: 30, wakeUps: 9, rssMb: 60 }],
        ['b', { cpuMs: 2, wakeUps: 1, rssMb: 7 }],
      ]),
    );
    assert.deepEqual(used.get('a'), { cpuMs: 20, wakeUps: 4, rssMb: 60 });
    assert.deepEqual(totalOf(used), { cpuMs: 22, wakeUps: 5, rssMb: 67 });
  });

  it('a process that ended takes nothing of the others with it', () => {
    const at = (cpuMs: number) => ({ cpuMs, wakeUps: cpuMs, rssMb: 1 });
    const used = usedBetween(
      new Map([
        ['PostgreSQL ordersdb#1', at(9_000)],
        ['PostgreSQL ordersdb#2', at(10)],
      ]),
      new Map([
        ['PostgreSQL ordersdb#2', at(14)],
        ['PostgreSQL ordersdb#3', at(3)],
      ]),
    );
    assert.deepEqual([...used], [['PostgreSQL ordersdb', { cpuMs: 7, wakeUps: 7, rssMb: 2 }]]);
  });

  it('of one system leaves out what PostgreSQL did for the databases of another', () => {
    const none = { cpuMs: 0, wakeUps: 0, rssMb: 0 };
    const names = ['PostgreSQL itself', 'PostgreSQL bare#1', 'PostgreSQL ordersdb#2', 'NATS'];
    const own = onlyOf(['ordersdb'], new Map(names.map((name) => [name, none])));
    assert.deepEqual([...own.keys()], ['PostgreSQL itself', 'PostgreSQL ordersdb#2', 'NATS']);
  });
});
