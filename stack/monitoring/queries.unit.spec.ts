/** Each metric and label that an alert, a recording or the dashboard names is on the list, and each alert has its page. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { allMetrics } from '../../shared/contracts/metric-list.ts';
import { exposedLabel, exposedName } from '../../shared/kit/metrics/metric.ts';
import { grouped, selected } from './queries.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(resolve(root, path), 'utf8');
const rules = read('monitoring/alerts.yml');
const dashboard: { panels: { title: string; targets: { expr: string }[] }[] } = JSON.parse(
  read('monitoring/dashboard.json'),
);

/** What stands behind `expr: >-`, however many lines it takes. */
const ruleQueries = [...rules.matchAll(/expr: >-\n((?: {10}.*\n)+)/g)].map(([, text = '']) => text);
const dashboardQueries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const recorded = new Set(rules.match(/(?<=record: )\S+/g));
const alerts = rules.match(/(?<=alert: )\S+/g) ?? [];

/** Labels by the name of what is queried: those that Prometheus itself adds are everywhere. */
const known = new Map(
  allMetrics.flatMap((metric) => {
    const labels = [...metric.labels.map(exposedLabel), 'job', 'instance', 'le'];
    const name = exposedName(metric);
    const names =
      metric.kind === 'histogram'
        ? ['_bucket', '_sum', '_count'].map((part) => name + part)
        : [name];
    return names.map((one) => [one, labels] as const);
  }),
);
known.set('up', ['job', 'instance']);

function faults(expression: string): readonly string[] {
  const found = selected(expression);
  const unknown = found.filter(({ metric }) => !known.has(metric) && !recorded.has(metric));
  const labels = found.flatMap((one) => one.labels.map((label) => ({ ...one, label })));
  const strange = labels.filter(
    ({ metric, label }) => known.get(metric)?.includes(label) === false,
  );
  const groupedBy = grouped(expression).filter(
    (label) => !found.some(({ metric }) => known.get(metric)?.includes(label)),
  );
  return [
    ...unknown.map(({ metric }) => `${metric} is on no list`),
    ...strange.map(({ metric, label }) => `${metric} has no label ${label}`),
    ...groupedBy.map((label) => `nothing has the label ${label}`),
  ];
}

describe('queries of Prometheus', () => {
  it('name metrics and labels that exist: those of alerts and recordings', () => {
    assert.equal(ruleQueries.length, rules.match(/expr:/g)?.length);
    assert.deepEqual(ruleQueries.flatMap(faults), []);
  });

  it('name metrics and labels that exist: those of the dashboard', () => {
    assert.ok(dashboardQueries.length > 20);
    assert.deepEqual(dashboardQueries.flatMap(faults), []);
  });

  it('are judged: what is on no list is found', () => {
    assert.deepEqual(
      faults('sum by (colour) (rate(orders_lost_total{x="1"}[5m])) > up{kind="a"}'),
      ['orders_lost_total is on no list', 'up has no label kind', 'nothing has the label colour'],
    );
  });

  it('each alert has a page, and each page an alert, and each is tried by promtool', () => {
    const pages = readdirSync(resolve(root, 'docs/runbooks')).filter(
      (name) => name !== 'README.md',
    );
    const linked = new Set(rules.match(/(?<=runbook: docs\/runbooks\/)\S+/g));
    assert.deepEqual([...linked].sort(), pages.sort());
    const cases = read('monitoring/alerts.test.yml');
    for (const alert of alerts) {
      assert.ok(
        pages.some((page) => read(`docs/runbooks/${page}`).includes(`\`${alert}\``)),
        alert,
      );
      assert.ok(cases.includes(`alertname: ${alert}\n`), `${alert} is tried`);
    }
  });
});
