import { fileText } from '../file-text.ts';
import { UsageError } from '../option.ts';

/** The pseudonyms in a file that `ordersctl erasures` wrote. Throws UsageError that names the line that it did not write. */
export async function pseudonymsIn(what: string, file: string): Promise<readonly string[]> {
  const lines = (await fileText(what, file)).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, n) => {
    const [pseudonym = ''] = line.trim().split(' ');
    if (pseudonym.startsWith('pseudonym:')) return pseudonym;
    throw new UsageError(`${file}: line ${n + 1} is not one that ordersctl erasures printed`);
  });
}
