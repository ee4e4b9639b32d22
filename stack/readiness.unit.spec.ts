import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '../shared/testing/eventually.ts';
import type { Instance } from './plan.ts';
import { watchReadiness } from './readiness.ts';
import { services } from './services.ts';

const row = services[0];

describe('what make start says of readiness', () => {
  let server: Server;
  let now: object;
  let looks: number;
  let said: string[];
  let end: AbortController;

  beforeEach(async () => {
    now = { status: 'ready' };
    looks = 0;
    said = [];
    end = new AbortController();
    server = createServer((_, response) => {
      looks++;
      response.end(JSON.stringify(now));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const adminPort = (server.address() as AddressInfo).port;
    assert.ok(row);
    const instance: Instance = { name: 'eventstoresvc', row, adminPort, port: undefined };
    const say = (kind: string, name: string, text: string) => said.push(`${kind} ${name} ${text}`);
    watchReadiness([instance], say, end.signal, { lookMs: 1 });
  });
  afterEach(() => {
    end.abort();
    server.closeAllConnections();
    server.close();
  });

  const afterLooks = async () => {
    const enough = looks + 3;
    await eventually('three looks', () => looks >= enough);
  };

  it('is when trouble begins, when it is another one, and when it is over; once each', async () => {
    await afterLooks();
    now = { status: 'degraded', reasons: ['relay: at 1\u202e'] };
    await afterLooks();
    // The same trouble, with another figure.
    now = { status: 'degraded', reasons: ['relay: at 2'] };
    await afterLooks();
    now = { status: 'not ready', reasons: ['database: away', 'relay: at 2'] };
    await afterLooks();
    now = { status: 'ready' };
    await afterLooks();
    // How long it took is the machine's business.
    const told = said.map((line) => line.replace(/after \d+ s/, 'after … s'));
    assert.deepEqual(told, [
      'trouble eventstoresvc degraded: relay: at 1\\u{202E}',
      'trouble eventstoresvc not ready: database: away; relay: at 2',
      'ready eventstoresvc ready again, after … s',
    ]);
  });

  it('is nothing of one that starts, stops or does not answer: its supervisor says that', async () => {
    now = { status: 'not ready', reasons: ['starting nats'] };
    await afterLooks();
    now = { status: 'not ready', reasons: ['stopping'] };
    await afterLooks();
    now = { anything: 'else' };
    await afterLooks();
    assert.deepEqual(said, []);
  });
});
