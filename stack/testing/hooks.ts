import { closeTestServers } from '../testing.ts';

/** For mocha's `--require`: a hook in a spec's imports would run after the first file of a process alone. */
export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    await closeTestServers();
  },
};
