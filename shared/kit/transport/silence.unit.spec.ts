import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { eventually } from '../../testing/eventually.ts';
import { standingStill } from '../../testing/standing-still.ts';
import { watchSilence } from './silence.ts';

describe('a silence', () => {
  it('is noticed after so many ticks without a sound, once', async () => {
    let silent = 0;
    const ticks: number[] = [];
    const silence = watchSilence({
      everyMs: 5,
      most: 3,
      onTick: (missed) => ticks.push(missed),
      onSilent: () => silent++,
    });
    await eventually('it is noticed', () => silent > 0);
    assert.deepEqual(ticks, [0, 1, 2, 3]);
    silence.stop();
    assert.equal(silent, 1);
  });

  it('is none while there is a sound now and then, nor while nothing is due', async () => {
    let ticks = 0;
    let due = true;
    let silent = false;
    const silence = watchSilence({
      everyMs: 5,
      most: 1,
      due: () => due,
      onTick: () => {
        ticks++;
        silence.heard();
      },
      onSilent: () => {
        silent = true;
      },
    });
    await eventually('it was heard', () => ticks > 5);
    due = false;
    await eventually('time passed', () => ticks > 10);
    assert.equal(silent, false);
    silence.stop();
  });

  it('is judged only after what lies in the sockets was read', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sockets = once(server, 'connection') as Promise<[Socket]>;
    let silent = false;
    await standingStill({
      port,
      first: 'he',
      rest: 're',
      ms: 100,
      taken: async () => {
        const [socket] = await sockets;
        await once(socket, 'data');
        const silence = watchSilence({
          everyMs: 50,
          most: 0,
          onSilent: () => {
            silent = true;
          },
        });
        socket.on('data', () => {
          silence.stop();
          socket.destroy();
        });
      },
    });
    assert.equal(silent, false);
    server.close();
  });
});
