/** A variable that the bench sets for each process of the bare path. Throws where it did not. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
