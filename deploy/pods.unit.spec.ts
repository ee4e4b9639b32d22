import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createMetrics } from '../shared/kit/metrics/metrics.ts';
import { adminServer } from '../shared/kit/transport/http/admin.ts';
import { services } from '../stack/services.ts';
import { MOST_CONNECTIONS } from './database.ts';
import { probes } from './pods.ts';
import { scalingOf } from './scaling.ts';
import {
  everything,
  ofKind,
  podsIn,
  type Rendered,
  type RenderedPod,
  render,
} from './testing/rendered.ts';

describe('a pod', () => {
  let objects: readonly Rendered[];
  let pods: Map<string, RenderedPod>;
  before(async () => {
    objects = await render(everything);
    pods = podsIn(objects);
  });

  it('has no right but to run', () => {
    assert.ok(pods.size > services.length);
    for (const [name, { pod, container }] of pods) {
      assert.equal(pod.automountServiceAccountToken, false, name);
      assert.equal(pod.containers.length, 1, name);
      for (const shared of [pod.hostNetwork, pod.hostPID, pod.hostIPC, pod.hostUsers]) {
        assert.equal(shared, undefined, name);
      }
      const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext ?? {};
      assert.deepEqual(
        [runAsNonRoot, runAsUser, seccompProfile?.type],
        [true, 1000, 'RuntimeDefault'],
      );
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: true,
      });
      assert.ok(container.resources?.limits?.memory, name);
      assert.ok(container.resources?.requests?.cpu, name);
      for (const { mountPath, readOnly } of container.volumeMounts ?? []) {
        assert.ok(readOnly || mountPath === '/tmp', `${name} may write to ${mountPath}`);
      }
      for (const { hostPath } of pod.volumes ?? []) assert.equal(hostPath, undefined, name);
    }
  });

  it('sees its own credentials, and nobody else’s', () => {
    for (const [name, { pod }] of pods) {
      const program = name === 'audit' ? 'operator' : name;
      const secrets = (pod.volumes ?? []).flatMap(({ secret, projected }) => [
        ...(secret?.secretName ? [secret] : []),
        ...(projected?.sources ?? []).flatMap(({ secret: one }) =>
          one?.name ? [{ secretName: one.name, items: one.items }] : [],
        ),
      ]);
      for (const { secretName = '', items } of secrets) {
        // The authority of the database, without its key.
        if (secretName === 'orders-sql-ca') {
          assert.deepEqual(items, [{ key: 'ca.crt', path: 'ca.crt' }]);
        } else if (secretName === 'stripe') assert.equal(name, 'paymentworker');
        else assert.match(secretName, new RegExp(`^${program}-(tls|sql|nats|http|leaf)$`), name);
      }
    }
  });

  it('has more time to end than its service takes, and than requests still come', async () => {
    for (const { name, serves } of services) {
      const { pod, container, environment } = pods.get(name) ?? assert.fail(name);
      const graceMs = Number(pod.terminationGracePeriodSeconds) * 1_000;
      const lateMs = Number(container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1_000;
      assert.equal(lateMs > 0, serves !== undefined, name);
      assert.ok(graceMs > lateMs + Number(environment.SHUTDOWN_TIMEOUT_MS), name);
    }
  });

  it('of a service with several is spread, replaced one by one, and never the last to go', () => {
    const budgets = ofKind(objects, 'PodDisruptionBudget');
    for (const { name } of services) {
      const { spec } = ofKind(objects, 'Deployment').get(name) ?? assert.fail(name);
      const { least, most } = scalingOf(name);
      assert.equal(spec.replicas, most > least ? undefined : least, name);
      assert.deepEqual(spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
      assert.equal(spec.template.spec.topologySpreadConstraints.length, 2, name);
      assert.equal(budgets.get(name)?.spec.maxUnavailable, least > 1 ? 1 : undefined, name);
    }
  });

  it('is one of more where work waits: by messages for a durable, by the processor for HTTP', () => {
    const waiting = [...ofKind(objects, 'ScaledObject').values()].map(({ spec }) => [
      spec.scaleTargetRef.name,
      spec.triggers[0].metadata.consumer,
    ]);
    assert.deepEqual(waiting, [
      ['paymentworker', 'payment-worker'],
      ['reviewworker', 'review-worker'],
    ]);
    assert.deepEqual([...ofKind(objects, 'HorizontalPodAutoscaler').keys()], ['ordersvc']);
  });

  it('leaves connections to the database for all others', () => {
    const used = services.map(({ name, needs }) => {
      const pools = needs.filter((need) => need.endsWith('_DATABASE_URL')).length;
      const size = Number(pods.get(name)?.environment.DATABASE_POOL_SIZE ?? 0);
      // eventstoresvc appends by one more; a roll adds a pod, and a changed password a pool.
      return pools * (size + 1) * 2 * (scalingOf(name).most + 1);
    });
    const sum = used.reduce((a, b) => a + b, 0);
    assert.ok(sum > 100 && sum < MOST_CONNECTIONS * 0.95, `${sum} connections`);
  });

  it('is asked from inside, and believed only when it says 200', async () => {
    const [row] = services;
    assert.ok(row);
    const metrics = createMetrics('eventstoresvc');
    let reasons: string[] = [];
    const admin = adminServer({
      host: '127.0.0.1',
      port: 0,
      notReady: () => reasons,
      degraded: () => [],
      metrics,
    });
    await admin.start?.();
    const adminPort = admin.port();
    const ask = async (kind: 'livenessProbe' | 'readinessProbe') => {
      const { exec } = probes({ ...row, adminPort })[kind] ?? {};
      const [shell = '', ...args] = exec?.command ?? [];
      const [code] = await once(spawn(shell, args, { stdio: 'ignore', timeout: 10_000 }), 'exit');
      return code;
    };
    try {
      assert.deepEqual([await ask('livenessProbe'), await ask('readinessProbe')], [0, 0]);
      reasons = ['NATS is away'];
      assert.deepEqual([await ask('livenessProbe'), await ask('readinessProbe')], [0, 1]);
    } finally {
      await admin.stop?.();
      await metrics.close();
    }
    assert.equal(await ask('livenessProbe'), 1, 'nobody answers');
  });
});
