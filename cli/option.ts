import type { Setting } from '../shared/kit/process/setting.ts';

/** Wrong usage of the command. Its message is one printable line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * The value of an option, or else of the environment variable, or else the default. Throws
 * UsageError that names the wrong one and what it must be, but not its value, which may hold
 * a password.
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
