import assert from 'node:assert/strict';
import type { Msg } from 'nats';
import { pulledMessage } from './pulled-message.ts';

function message(reply: string | undefined, respond: (payload: string) => void = () => undefined) {
  return {
    subject: 'RIG.number',
    data: new Uint8Array(),
    headers: undefined,
    reply,
    respond: (payload: Uint8Array) => {
      respond(new TextDecoder().decode(payload));
      return true;
    },
  } as unknown as Msg;
}

const REPLY = '$JS.ACK.RIG.worker.3.9007199254740993.7.1763843942802795320.0';

describe('pulledMessage', () => {
  it('reads sequence and deliveries of the short and the long form, without losing digits', () => {
    const short = pulledMessage(message(REPLY));
    assert.equal(short.sequence, 9007199254740993n);
    assert.equal(short.deliveries, 3);
    const long = pulledMessage(message('$JS.ACK.hub.ACC.RIG.worker.2.41.7.1763843942.0.token'));
    assert.equal(long.sequence, 41n);
    assert.equal(long.deliveries, 2);
  });

  it('refuses what came from no consumer', () => {
    assert.throws(() => pulledMessage(message(undefined)), /not come from a consumer/);
    assert.throws(() => pulledMessage(message('_INBOX.x')), /not come from a consumer/);
  });

  it('only the first answer is sent, and nothing after it', () => {
    const sent: string[] = [];
    const one = pulledMessage(message(REPLY, (payload) => sent.push(payload)));
    one.working();
    one.ack();
    one.nak(5);
    one.term('x');
    one.working();
    assert.deepEqual(sent, ['+WPI', '+ACK']);
  });

  it('a nak always has a delay', () => {
    const sent: string[] = [];
    pulledMessage(message(REPLY, (payload) => sent.push(payload))).nak(0);
    pulledMessage(message(REPLY, (payload) => sent.push(payload))).nak(250);
    assert.deepEqual(sent, ['-NAK {"delay":1000000}', '-NAK {"delay":250000000}']);
  });

  it('an answer on a closed connection is no error', () => {
    const closed = pulledMessage(
      message(REPLY, () => {
        throw new Error('closed');
      }),
    );
    assert.doesNotThrow(() => closed.ack());
  });
});
