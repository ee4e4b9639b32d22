import type { KeyRow, KeyTable } from './key-table.ts';
import type { Erasure } from './personal-data.ts';

/** A table in memory, for specs. */
export function memoryKeyTable(now: () => Date): KeyTable {
  const rows = new Map<string, KeyRow>();
  const erased = new Map<string, Erasure>();
  const where = (wanted: (row: KeyRow) => boolean) => [...rows.values()].filter(wanted);
  return {
    ofNames: async (_ctx, names) => where(({ name }) => names.includes(name)),
    ofPseudonyms: async (_ctx, pseudonyms) =>
      where(({ pseudonym }) => pseudonyms.includes(pseudonym)),
    add: async (_ctx, added) => {
      for (const row of added) {
        if (where(({ name }) => name === row.name).length === 0) rows.set(row.pseudonym, row);
      }
      return where(({ name }) => added.some((row) => row.name === name));
    },
    erase: async (_ctx, pseudonyms) => {
      let deleted = 0;
      for (const pseudonym of pseudonyms) {
        if (rows.delete(pseudonym)) deleted++;
        if (!erased.has(pseudonym)) erased.set(pseudonym, { pseudonym, erasedAt: now() });
      }
      return deleted;
    },
    erasures: async () => [...erased.values()].sort((a, b) => (a.pseudonym < b.pseudonym ? -1 : 1)),
  };
}
