import assert from 'node:assert/strict';
import { BootstrapError, createBootstrapService } from './service.ts';

describe('bootstrap service', () => {
  it('runs every step, also when one fails', async () => {
    const done: string[] = [];
    const service = createBootstrapService([
      { name: 'first', run: () => Promise.reject(new Error('no')) },
      {
        name: 'second',
        run: async () => {
          done.push('second');
        },
      },
    ]);
    await assert.rejects(service.prepare(), BootstrapError);
    assert.deepEqual(done, ['second']);
  });

  it('reports everything that could not be made, each in one line with its causes', async () => {
    const service = createBootstrapService([
      { name: 'the schema', run: () => Promise.reject(new Error('no\n  answer')) },
      {
        name: 'the stream',
        run: () => Promise.reject(new Error('refused', { cause: new Error('too many') })),
      },
      { name: 'fine', run: async () => {} },
      {
        name: 'the rest',
        run: () => Promise.reject(new AggregateError([new Error('ECONNREFUSED ::1')])),
      },
    ]);
    await assert.rejects(service.prepare(), {
      message: [
        'the schema: no answer',
        'the stream: refused: too many',
        'the rest: ECONNREFUSED ::1',
      ].join('\n'),
    });
  });
});
