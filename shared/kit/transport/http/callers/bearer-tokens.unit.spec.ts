import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { type TokenIssuer, tokenIssuer } from '../../../../testing/token-issuer.ts';
import { codedError } from '../../../errors.ts';

const ada = { sub: 'ada', roles: ['customer'] };

describe('bearer tokens', () => {
  let issuer: TokenIssuer;
  beforeEach(async () => {
    issuer = await tokenIssuer();
  });
  const who = async (token: string) => issuer.tokens.principalOf(token);
  const refusal = (token: string) => who(token).then(() => assert.fail('answered'), codedError);

  it('say who calls: subject, roles and what else they claim', async () => {
    const principal = await who(await issuer.sign({ ...ada, tenant: 't1' }));
    const { kind, subject, roles, share, claims } = principal;
    assert.deepEqual([kind, subject, roles, share], ['known', 'ada', ['customer'], 'subject ada']);
    assert.equal(claims.tenant, 't1');
  });

  it('that were checked are not checked again: the answer is there at once', async () => {
    const token = await issuer.sign(ada);
    const first = await who(token);
    assert.equal(issuer.tokens.principalOf(token), first);
  });

  it('that were checked end when they say, and not later', async () => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    try {
      const token = await issuer.sign({ ...ada, exp: Math.floor(Date.now() / 1_000) + 10 });
      await who(token);
      mock.timers.setTime(Date.now() + 39_000);
      await who(token);
      mock.timers.setTime(Date.now() + 2_000);
      const { kind, code } = await refusal(token);
      assert.deepEqual([kind, code], ['unauthenticated', 'token_expired']);
    } finally {
      mock.timers.reset();
    }
  });

  it('of many callers are kept up to a bound, and all are answered', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, n) => issuer.sign({ sub: `c${n}`, roles: ['customer'] })),
    );
    for (const [n, token] of tokens.entries()) assert.equal((await who(token)).subject, `c${n}`);
  });

  it('signed with a new key count as soon as it is published, and those of the old one go on', async () => {
    const old = await issuer.sign(ada);
    await who(old);
    for (let n = 0; n < 3; n++) {
      await issuer.rotate();
      issuer.publish();
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, i) => who(await issuer.sign({ ...ada, jti: `${i}` }))),
      );
      assert.ok(answers.every(({ subject }) => subject === 'ada'));
      assert.equal((await who(old)).subject, 'ada');
    }
  });

  it('go on while the issuer is away, by the keys that were read; a new key is unknown, not wrong', async () => {
    await who(await issuer.sign(ada));
    issuer.away(true);
    assert.equal((await who(await issuer.sign({ ...ada, jti: '2' }))).subject, 'ada');
    await issuer.rotate();
    issuer.publish();
    const token = await issuer.sign(ada);
    const { kind, code } = await refusal(token);
    assert.deepEqual([kind, code], ['unavailable', 'keys_unavailable']);
    issuer.away(false);
    assert.equal((await who(token)).subject, 'ada');
  });

  it('with keys that nobody knows do not flood the issuer', async () => {
    await who(await issuer.sign(ada));
    const before = issuer.loads();
    const made = await Promise.all(
      Array.from({ length: 100 }, (_, n) => issuer.sign(ada, { kid: `guess-${n}` })),
    );
    const codes = await Promise.all(made.map(async (token) => (await refusal(token)).code));
    assert.deepEqual(new Set(codes), new Set(['token_invalid']));
    assert.ok(issuer.loads() - before <= 3, `${issuer.loads() - before} reads`);
  });

  it('of a key that was withdrawn count no more, though they were checked before', async () => {
    const old = await issuer.sign(ada);
    await who(old);
    await issuer.rotate();
    issuer.publish(1);
    await who(await issuer.sign(ada));
    assert.equal((await refusal(old)).code, 'token_invalid');
  });

  it('without a subject name nobody', async () => {
    assert.equal((await refusal(await issuer.sign({ roles: ['operator'] }))).code, 'token_invalid');
    assert.equal((await refusal(await issuer.sign({ ...ada, sub: '' }))).code, 'token_invalid');
  });
});
