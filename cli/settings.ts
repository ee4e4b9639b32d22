/** Options of several commands, each with its variable and default. */
import type { Command } from 'commander';
import { type Setting, setting } from '../shared/kit/process/setting.ts';
import { addressHelp, addressOf } from './addresses.ts';
import { optionOrVariable } from './option.ts';

const OPTIONS = {
  orders: ['--orders <url>', `address of ordersvc (${addressHelp('ORDERS_URL')})`],
  eventStore: [
    '--eventstore <address>',
    `address of the event store (${addressHelp('EVENTSTORE_ADDRESS')})`,
  ],
  json: ['--json', 'print JSON'],
} as const;

/** `command` with these of the common options. */
export function withOptions(command: Command, ...names: (keyof typeof OPTIONS)[]): Command {
  for (const name of names) command.option(OPTIONS[name][0], OPTIONS[name][1]);
  return command;
}

/** The values of the common options. */
export interface CommonOptions {
  readonly orders?: string;
  readonly eventstore?: string;
  readonly json?: true;
}

/** The address of ordersvc, without a trailing slash. Throws UsageError, like those below. */
export const ordersUrl = ({ orders }: CommonOptions): string =>
  addressOf('ORDERS_URL', { name: '--orders', value: orders }).replace(/\/+$/, '');

export const eventStoreAddress = ({ eventstore }: CommonOptions): string =>
  addressOf('EVENTSTORE_ADDRESS', { name: '--eventstore', value: eventstore });

/** Decimals of the log's currency. */
export const currencyDecimals = (): number =>
  fromEnvironment(setting.currency('USD'), 'CURRENCY').decimals;

/** How long orders may wait, in milliseconds, by the coordinator's variables and defaults. */
export const deadlines = () => ({
  paymentMs: fromEnvironment(setting.milliseconds(60_000, { min: 1 }), 'PAYMENT_DEADLINE_MS'),
  reviewMs: fromEnvironment(setting.milliseconds(60_000, { min: 1 }), 'REVIEW_DEADLINE_MS'),
  voidMs: fromEnvironment(setting.milliseconds(300_000, { min: 1 }), 'VOID_RETRY_MS'),
  ceilingMs: fromEnvironment(setting.milliseconds(3_600_000, { min: 1 }), 'DEADLINE_CEILING_MS'),
});

/** A browser asks its user; and what is printed must not hold a password. */
function withoutLogin(address: string): string {
  const { username, password } = new URL(address);
  return username || password
    ? Object.assign(new URL(address), { username: '', password: '' }).href
    : address;
}

/** The address where Zipkin shows traces: ZIPKIN_URL, or else where the services send them. */
export function zipkinUrl(): string {
  const endpoint = process.env.OTEL_EXPORTER_ZIPKIN_ENDPOINT?.trim();
  const beside = endpoint && URL.canParse(endpoint) ? new URL(endpoint).origin : undefined;
  const url = process.env.ZIPKIN_URL?.trim() ? undefined : beside;
  return withoutLogin(url ?? addressOf('ZIPKIN_URL')).replace(/\/+$/, '');
}

/** The whole number from `min` that an argument or option named `name` gives. Throws UsageError. */
export function wholeNumber(name: string, value: string, min: number, max?: number): number {
  const read = setting.integer(undefined, { min, ...(max !== undefined && { max }) });
  return optionOrVariable(read, { name, value }, name);
}

/** The value of `variable`, or the default. Throws UsageError. */
export function fromEnvironment<T>(schema: Setting<T>, variable: string): T {
  return optionOrVariable(schema, { name: variable, value: undefined }, variable);
}
