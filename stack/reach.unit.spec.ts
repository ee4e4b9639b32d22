import assert from 'node:assert/strict';
import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupProblem } from './problem.ts';
import { placeElsewhere } from './reach.ts';
import { testFolder } from './testing.ts';

describe('placeElsewhere', () => {
  let place: string;
  let folder: string;

  beforeEach(async () => {
    const root = await testFolder();
    place = join(root, 'lib');
    folder = join(root, 'postgres');
    await mkdir(place);
  });

  it('makes a place once, and finds it again by its link', async () => {
    const target = await placeElsewhere(folder, place);
    assert.equal(await readlink(folder), target);
    assert.equal(await placeElsewhere(folder, place), target);
    assert.equal((await readdir(place)).length, 1);
  });

  it('leaves nothing behind where a real folder stands in the way of the link', async () => {
    await mkdir(folder);
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(
        placeElsewhere(folder, place),
        (error) => error instanceof SetupProblem && /^move the data/.test(error.remedy),
      );
    }
    assert.deepEqual(await readdir(place), []);
  });

  it('a link whose target was taken away is a problem of one line, not an empty cluster', async () => {
    for (const gone of [join(place, 'orders-gone/postgres'), 'lib/orders-gone/postgres']) {
      await rm(folder, { force: true });
      await symlink(gone, folder);
      await assert.rejects(
        placeElsewhere(folder, place),
        (error) =>
          error instanceof SetupProblem &&
          /points to .*orders-gone.*, and there is no folder/.test(error.message),
      );
    }
    // The cluster itself may still have to be made, and a link may be relative.
    await mkdir(join(place, 'orders-gone'));
    assert.equal(await placeElsewhere(folder, place), join(place, 'orders-gone/postgres'));
  });
});
