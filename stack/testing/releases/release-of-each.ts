import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrapper, services } from '../../services.ts';
import type { Release } from './next-release.ts';

/** Which release each service is started from. */
export interface ReleaseOfEach {
  /** A folder as `services/` is. */
  readonly servicesDir: string;
  /** From its next start on. */
  readonly use: (service: string, release: Release) => void;
}

/** All are of `release` at first. Makes links in `folder`, which is empty. */
export function releaseOfEach(folder: string, release: Release): ReleaseOfEach {
  const use = (service: string, { folder: from }: Release) => {
    const link = join(folder, service);
    // In one step: what starts now finds the one or the other.
    symlinkSync(join(from, 'services', service), `${link}.new`);
    renameSync(`${link}.new`, link);
  };
  for (const { name } of [bootstrapper, ...services]) use(name, release);
  return { servicesDir: folder, use };
}
