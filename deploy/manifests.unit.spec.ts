import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { bootstrapper, services } from '../stack/services.ts';
import { SQL } from './names.ts';
import { defaults, everything, ofKind, podsIn, type Rendered, render } from './testing/rendered.ts';

const root = join(import.meta.dirname, '..');

describe('the objects for Kubernetes', () => {
  let plain: readonly Rendered[];
  let full: readonly Rendered[];
  before(async () => {
    // Each is checked against the API's schema, or its operator's, on the way.
    plain = await render(defaults);
    full = await render(everything);
  });

  it('are ones that the API takes, and the operator of the database', async () => {
    const file = join(import.meta.dirname, 'schemas/cnpg-cluster-spec.json');
    const schema = JSON.parse(await readFile(file, 'utf8'));
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
    for (const objects of [plain, full]) {
      const cluster = ofKind(objects, 'Cluster').get(SQL);
      assert.ok(validate(cluster?.spec), JSON.stringify(validate.errors));
      const wrong = { instances: 3, postgresql: { synchronous: { methud: 'any', number: 1 } } };
      assert.equal(validate(wrong), false, 'the schema refuses what it does not know');
    }
  });

  it('run every service of the table by the command of make start', () => {
    for (const objects of [plain, full]) {
      const deployments = ofKind(objects, 'Deployment');
      const names = services.map(({ name }) => name);
      assert.deepEqual([...deployments.keys()].sort(), [...names, 'zipkin'].sort());
      const pods = podsIn(objects);
      for (const { name, nodeArgs = [] } of [bootstrapper, ...services]) {
        const command = ['node', ...nodeArgs, `services/${name}/main.ts`];
        assert.deepEqual(pods.get(name)?.container.command, command);
      }
    }
  });

  it('have one name each, and lie in one namespace', () => {
    for (const objects of [plain, full]) {
      const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      assert.equal(new Set(names).size, names.length);
      for (const { kind, metadata } of objects) {
        assert.equal(metadata.namespace, kind === 'Namespace' ? undefined : 'orders', kind);
      }
    }
  });

  it('give an address to who serves, and publish only orders, where a host is told', () => {
    const serving = services.flatMap(({ name, serves }) => (serves ? [name] : []));
    assert.deepEqual([...ofKind(plain, 'Service').keys()].sort(), [...serving, 'zipkin'].sort());
    for (const objects of [plain, full]) {
      for (const [name, { spec }] of ofKind(objects, 'Service')) {
        assert.ok([undefined, 'ClusterIP'].includes(spec.type), `${name} is published`);
      }
    }
    assert.equal(ofKind(plain, 'Ingress').size, 0);
    const backends = [...ofKind(full, 'Ingress').values()].flatMap(({ spec }) =>
      spec.rules[0].http.paths.map((one: { backend: object }) => one.backend),
    );
    const ordersvc = { service: { name: 'ordersvc', port: { number: 3000 } } };
    assert.deepEqual(backends, [ordersvc, ordersvc]);
  });

  it('run the images that compose.yaml runs', async () => {
    const composed = await readFile(join(root, 'compose.yaml'), 'utf8');
    const { natsValues } = await import('./broker.ts');
    const zipkin = podsIn(plain).get('zipkin')?.container.image;
    const nats = `nats:${natsValues(defaults).container.image.tag}`;
    for (const image of [zipkin, nats]) assert.ok(composed.includes(`image: ${image}\n`), image);
  });

  it('run the bootstrapper again for another release, and not for the same', async () => {
    const job = (objects: readonly Rendered[]) => [...ofKind(objects, 'Job').keys()].join();
    assert.equal(job(await render(defaults)), job(plain));
    assert.notEqual(job(await render({ ...defaults, image: 'orders:9.9.9' })), job(plain));
  });
});
