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
