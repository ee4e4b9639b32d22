import type { Setting } from '../shared/kit/process/setting.ts';

/** The command was used wrongly. Its message is one line, and is meant to be printed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * The value of an option, or of the environment's variable where the option is
 * not given, or the default. Throws UsageError that names which of them is wrong
 * and what is wanted, but not the value: there may be a password in it.
 */
export function optionOrVariable<T>(
  schema: Setting<T>,
  option: { readonly name: string; readonly value: string | undefined },
  variable: string,
): T {
  const fromEnvironment = process.env[variable]?.trim() || undefined;
  const read = schema.safeParse(option.value ?? fromEnvironment);
  if (read.success) return read.data;
  const name = option.value === undefined ? variable : option.name;
  throw new UsageError(`${name}: ${read.error.issues.map(({ message }) => message).join(', ')}`);
}
