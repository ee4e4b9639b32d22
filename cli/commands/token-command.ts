/** `ordersctl token`: a token for ordersvc, signed with the key that `make start` made. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { RESTAURANT_CLAIM } from '../../shared/contracts/rights/http-rights.ts';
import { localToken, signingKey } from '../../shared/credentials/local-token.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { credential } from '../credentials.ts';
import { withExample } from '../example.ts';
import { UsageError } from '../option.ts';
import { print } from '../print.ts';
import { type CommonOptions, wholeNumber, withOptions } from '../settings.ts';

interface TokenOptions extends CommonOptions {
  readonly customer?: string;
  readonly restaurant?: string;
  readonly operator?: string;
  readonly minutes: string;
}

/** Long enough for a day at the desk; nobody else has the key. */
const MOST_MINUTES = 24 * 60;

export function addTokenCommand(program: Command): void {
  withOptions(withExample(program.command('token'), 'token --operator grace'), 'json')
    .description(
      'print a token for ordersvc, as one person of the running stack: send it as ' +
        'Authorization: Bearer. It is signed with the key that make start made',
    )
    .option('--customer <id>', 'as the customer of this id')
    .option('--restaurant <id>', 'as the restaurant of this id')
    .option('--operator <name>', 'as an operator of this name')
    .option('--minutes <n>', `how long it counts, at most ${MOST_MINUTES}`, '15')
    .action(async (options: TokenOptions) => {
      const minutes = wholeNumber('--minutes', options.minutes, 1, MOST_MINUTES);
      const claims = claimsOf(options);
      const path = credential(...signingKey);
      if (path === undefined) throw noKey();
      const token = await localToken(readFileSync(path, 'utf8'), claims, minutes);
      print(options, { token, minutes }, () => token);
    });
}

function claimsOf({ customer, restaurant, operator }: TokenOptions) {
  const people = [
    customer && { sub: customer, roles: ['customer'] },
    restaurant && { sub: restaurant, roles: ['restaurant'], [RESTAURANT_CLAIM]: restaurant },
    operator && { sub: operator, roles: ['operator'] },
  ].filter((person) => person !== undefined && person !== '');
  const [person, ...others] = people;
  if (person === undefined || others.length > 0) {
    throw new UsageError('say whose token: one of --customer, --restaurant and --operator');
  }
  return person;
}

const noKey = () =>
  new CodedError(
    'precondition_failed',
    'no_signing_key',
    'There is no key to sign with → run make start once, or set CREDENTIALS_DIR or STACK_DATA_DIR as it had them',
  );
