import assert from 'node:assert/strict';
import { background, type Context, withPrincipal } from '../context.ts';
import { CodedError, codedError } from '../errors.ts';
import { localPerson, type Principal, stranger } from '../principal.ts';
import { authorize, type Rule } from './authorize.ts';

const ada: Principal = {
  kind: 'known',
  subject: 'ada',
  roles: [],
  claims: {},
  share: 'subject ada',
};
const as = (principal: Principal) => withPrincipal(background(), principal);

describe('authorize', () => {
  const rule: Rule<string, string> = {
    admit: ({ subject }, request) => {
      if (request === 'forbidden') throw new CodedError('forbidden', 'not_allowed', 'No.');
      return `${request} of ${subject}`;
    },
    show: (_principal, response) => response.toUpperCase(),
  };
  const calls: Context[] = [];
  const endpoint = (own: Rule<string, string> = rule) =>
    authorize(own)(async (ctx: Context, request: string) => {
      calls.push(ctx);
      return request;
    });
  beforeEach(() => {
    calls.length = 0;
  });
  const refused = (answer: Promise<unknown>) =>
    answer.then(() => assert.fail('answered'), codedError);

  it('asks the rule what a known caller may do, and what they see', async () => {
    assert.equal(await endpoint()(as(ada), 'parcels'), 'PARCELS OF ADA');
  });

  it('what the rule refuses does not reach the endpoint', async () => {
    assert.equal((await refused(endpoint()(as(ada), 'forbidden'))).code, 'not_allowed');
    assert.equal(calls.length, 0);
  });

  it('people of this machine do everything, and see everything', async () => {
    assert.equal(await endpoint()(as(localPerson('127.0.0.1')), 'forbidden'), 'forbidden');
  });

  it('strangers, and work that nobody asked for, are refused', async () => {
    for (const ctx of [as(stranger('10.0.0.1')), background()]) {
      const { kind, code } = await refused(endpoint()(ctx, 'parcels'));
      assert.deepEqual([kind, code], ['unauthenticated', 'token_missing']);
    }
    assert.equal(calls.length, 0);
  });

  it('notes who acts in another’s name, and otherwise nobody', async () => {
    await endpoint({ ...rule, actor: () => 'clerk ada' })(as(ada), 'parcels');
    await endpoint()(as(ada), 'parcels');
    assert.deepEqual(
      calls.map(({ actor }) => actor),
      ['clerk ada', undefined],
    );
  });
});
