import { closeTestServers } from '../testing.ts';

// Tests compare what programs print, which otherwise depends on the developer's language.
process.env.LC_ALL = 'C.UTF-8';

/** For mocha's `--require`: a hook in a spec's imports would run after the first file of a process alone. */
export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    await closeTestServers();
  },
};
