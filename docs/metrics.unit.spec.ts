/** docs/metrics.md tells the metrics that the code has. WRITE_DOCS=true writes it. */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allMetrics } from '../shared/contracts/metric-list.ts';
import { exposedName } from '../shared/kit/metrics/metric.ts';
import { root } from './markdown.ts';
import { metricsPage } from './metrics.ts';

describe('docs/metrics.md', () => {
  it('tells each metric as the code has it', () => {
    const path = join(root, 'docs/metrics.md');
    if (process.env.WRITE_DOCS === 'true') writeFileSync(path, metricsPage());
    assert.equal(
      readFileSync(path, 'utf8'),
      metricsPage(),
      'WRITE_DOCS=true npx mocha docs/metrics.unit.spec.ts writes it',
    );
  });

  it('has no name twice, and none that a histogram takes for its parts', () => {
    const names = allMetrics.map(exposedName);
    assert.equal(new Set(names).size, names.length);
    const wrong = allMetrics.filter(({ name }) => /[_.](count|sum|bucket|total)$/.test(name));
    assert.deepEqual(wrong, []);
  });

  it('each metric on the list is measured somewhere', () => {
    const sources = globSync('{services,shared,generator}/**/*.ts', { cwd: root })
      .filter((file) => !/[.]spec[.]ts$|metric-list[.]ts$|frame-metrics[.]ts$/.test(file))
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .join('\n');
    const used = new Set(sources.match(/\b(?:frame|eventStore|order)Metrics\.\w+/g));
    assert.ok(used.size > 20, 'the search finds some');
    assert.equal(used.size, allMetrics.length, 'on the list and not measured, or not on it');
  });
});
