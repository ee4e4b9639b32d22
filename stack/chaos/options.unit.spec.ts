import assert from 'node:assert/strict';
import { UsageError } from '../../cli/option.ts';
import { readOptions } from './options.ts';

describe('how many NATS servers a chaos run has', () => {
  let before: string | undefined;
  beforeEach(() => {
    before = process.env.NATS_NODES;
  });
  afterEach(() => {
    if (before === undefined) delete process.env.NATS_NODES;
    else process.env.NATS_NODES = before;
  });

  const nodes = (variable: string | undefined, ...args: readonly string[]) => {
    if (variable === undefined) delete process.env.NATS_NODES;
    else process.env.NATS_NODES = variable;
    return readOptions(args).natsNodes;
  };

  it('says the option, else NATS_NODES as for make start, else the number of instances', () => {
    assert.equal(nodes('3'), 3);
    assert.equal(nodes('3', '--nats-nodes', '1'), 1);
    assert.equal(nodes(undefined), 1);
    assert.equal(nodes(' ', '--instances', '2'), 3);
    assert.equal(nodes('1', '--instances', '2'), 1);
  });

  it('is 1 or 3; what is wrong is named', () => {
    assert.throws(() => nodes('2'), new UsageError('NATS_NODES=2 is not possible: give 1 or 3'));
    assert.throws(
      () => nodes('3', '--nats-nodes', '5'),
      new UsageError('--nats-nodes 5 is not possible: give 1 or 3'),
    );
  });
});

describe('where the databases of a chaos run are', () => {
  let before: string | undefined;
  beforeEach(() => {
    before = process.env.SQL;
  });
  afterEach(() => {
    if (before === undefined) delete process.env.SQL;
    else process.env.SQL = before;
  });

  const sql = (variable: string | undefined, ...args: readonly string[]) => {
    if (variable === undefined) delete process.env.SQL;
    else process.env.SQL = variable;
    return readOptions(args).sql;
  };

  it('says the option, else SQL, else on one server', () => {
    assert.equal(sql(undefined), 'embedded');
    assert.equal(sql(' '), 'embedded');
    assert.equal(sql('patroni'), 'patroni');
    assert.equal(sql('patroni', '--sql', 'embedded'), 'embedded');
    assert.equal(sql(undefined, '--sql', 'patroni'), 'patroni');
  });

  it('is one of two forms; what is wrong is named', () => {
    const wrong = (given: string) =>
      new UsageError(`${given} is not possible: give embedded or patroni`);
    assert.throws(() => sql('oracle'), wrong('SQL=oracle'));
    assert.throws(() => sql('patroni', '--sql', 'x'), wrong('--sql x'));
  });
});
