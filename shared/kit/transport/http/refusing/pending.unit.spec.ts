import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { pendingAnswers } from './pending.ts';

const answer = (socket: Duplex) =>
  Object.assign(new EventEmitter(), {
    req: { socket, complete: true },
    writableFinished: false,
  }) as unknown as ServerResponse;

describe('the answers that a connection waits for', () => {
  it('are due until each is over, also where one fails', async () => {
    const socket = new Duplex();
    const pending = pendingAnswers();
    const [first, second, other] = [answer(socket), answer(socket), answer(new Duplex())];
    for (const one of [first, second, other]) {
      one.on('error', () => undefined);
      pending.add(one);
    }
    let over = false;
    const due = pending.due(socket).then(() => {
      over = true;
    });
    first.emit('error', new Error('it cannot be written'));
    first.emit('close');
    await Promise.resolve();
    assert.ok(!over);
    assert.equal(pending.count(socket), 1);
    second.emit('close');
    await due;
    assert.equal(pending.count(socket), 0);
  });
});
