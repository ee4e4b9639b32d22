/** Ids that begin with their time (UUID version 7), as orders and payments have. Pure. */

/** Hexadecimal digits of the time; the first hyphen is behind the eighth. */
const TIME = /^([0-9a-f]{8})-([0-9a-f]{4})-7/;

/** Milliseconds since 1970. Throws for an id of another form. */
export function timeIn(id: string): number {
  const [, high = '', low = ''] = TIME.exec(id) ?? [];
  if (high === '') throw new Error(`The id ${id} does not begin with its time.`);
  return Number.parseInt(high + low, 16);
}

/** The same id as if it had been made `byMs` milliseconds earlier; ids keep their order. */
export function earlier(id: string, byMs: number): string {
  const time = (timeIn(id) - byMs).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${id.slice(13)}`;
}
