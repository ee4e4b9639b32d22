import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { root } from './markdown.ts';

/** More than this is too long a corridor to hold in the head. Specs stand beside what they test and are not counted. */
const MOST = 15;

/** The layers: each service has a file of that name, and the kit what they are made of. */
const layer =
  /^(main|container|config|endpoints|service|logging|instrumenting|transport-[a-z]+)[.]ts$/;

const sources = globSync('{frame,services,shared,zipkin}/**/*.ts', { cwd: root })
  .filter((file) => !file.endsWith('.spec.ts'))
  .sort();

describe('the rooms of the house', () => {
  it('no folder holds more than fifteen sources', () => {
    assert.ok(sources.length > 200, 'the search finds the sources');
    const folders = Map.groupBy(sources, dirname);
    const long = [...folders].filter(([, files]) => files.length > MOST);
    assert.deepEqual(
      long.map(([folder, files]) => `${folder} holds ${files.length}`),
      [],
      'put what has one noun in common into a folder of that name',
    );
  });

  it('no two sources have one name, but for the layers', () => {
    // zipkin/ names its files after what they are attached to.
    const own = sources.filter(
      (file) => !file.startsWith('zipkin/') && !layer.test(basename(file)),
    );
    const twins = [...Map.groupBy(own, (file) => basename(file)).values()];
    assert.deepEqual(
      twins.filter((files) => files.length > 1),
      [],
      'give each a name of its own',
    );
  });
});
