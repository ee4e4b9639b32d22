import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventTypes } from '../shared/contracts/events.ts';
import { durables } from '../shared/contracts/subjects.ts';
import { services } from '../stack/services.ts';
import { before, type Draft, endOf } from './draft.ts';
import { Refusal } from './refusal.ts';
import { filled } from './template.ts';
import { mustBeNew } from './twins.ts';
import { wordsOf } from './words.ts';

const root = join(import.meta.dirname, '..');

/** Variables with these names before `_PORT` move other ports. */
const portNames = ['HTTP', 'GRPC', 'SQL', 'NATS', 'NATS_MONITOR', 'ZIPKIN', 'ADMIN'];

export interface NewWorker {
  /** `kitchen` makes `services/kitchenworker`. */
  readonly name: string;
  /** Its first event. */
  readonly answers: string;
}

/** Adds a worker that answers one event with a command, which its author writes. Returns what is left to do. Throws Refusal. */
export function newWorker(draft: Draft, { name, answers }: NewWorker): readonly string[] {
  const owner = wordsOf(name);
  const event = wordsOf(answers);
  if (!(event.flat in eventTypes)) {
    throw new Refusal(
      `there is no event ORDERS.${event.flat}`,
      `choose from: ${Object.keys(eventTypes).join(' ')}`,
    );
  }
  if (owner.camel in durables) {
    throw new Refusal(`there is a worker ${owner.kebab} already`, 'choose another name');
  }
  const folder = `${owner.flat}worker`;
  const handler = `${owner.kebab}-${event.kebab}`;
  mustBeNew(`${handler}.ts`);
  const port = freshPort(folder);
  const fill = {
    owner,
    event,
    others: {
      'durables.review': `durables.${owner.camel}`,
      'created: [': `${event.flat}: [`,
      'sample-event.ts': `${handler}.ts`,
      samplename: folder,
      9199: String(port),
    },
  };
  for (const layer of [
    'main',
    'config',
    'container',
    'endpoints',
    'service',
    'logging',
    'instrumenting',
  ]) {
    draft.create(`services/${folder}/${layer}.ts`, filled(`worker/${layer}.ts`, fill));
  }
  for (const ending of ['.ts', '.unit.spec.ts']) {
    const path = `services/${folder}/${handler}${ending}`;
    draft.create(path, filled(`worker/sample-event${ending}`, fill));
  }
  draft.insert(
    'shared/contracts/subjects.ts',
    'the end of durables',
    endOf('export const durables = {', '\n} as const'),
    `\n  ${owner.camel}: '${owner.kebab}-worker',`,
  );
  addRights(draft, folder, [
    `may: ['read', 'settle currency', 'append', 'keep places', 'consume'],`,
    'appends: [], // The types of what it answers.',
    `consumers: [durables.${owner.camel}],`,
    `derives: [{ handler: durables.${owner.camel}, of: 'cause', purposes: ['${event.snake}'] }],`,
  ]);
  addToStack(draft, folder, port, { needs: ['NATS_URL', 'EVENTSTORE_ADDRESS'] });
  return [
    `write the answer: on${event.pascal}() in services/${folder}/${handler}.ts`,
    `let it append that: ${folder} in shared/contracts/rights/grpc.ts`,
    `npx mocha services/${folder}/*.spec.ts, which fails until then`,
  ];
}

/** Adds a service that shows something of an order over HTTP, which its author chooses. Returns what is left to do. Throws Refusal. */
export function newService(draft: Draft, { name }: { readonly name: string }): readonly string[] {
  const owner = wordsOf(name);
  if (portNames.includes(owner.upper)) {
    throw new Refusal(`${owner.upper}_PORT has a meaning already`, 'choose another name');
  }
  const folder = `${owner.flat}svc`;
  const port = freshPort(folder);
  const ports = services.flatMap(({ serves }) => (serves ? [serves.port] : []));
  let http = 3000;
  while (ports.includes(http)) http++;
  const fill = { owner, others: { samplename: folder, 9199: String(port), 3099: String(http) } };
  for (const file of [
    'main',
    'config',
    'container',
    'endpoints',
    'service',
    'transport-http',
    'transport-http.unit.spec',
  ]) {
    draft.create(`services/${folder}/${file}.ts`, filled(`service/${file}.ts`, fill));
  }
  const view = `${owner.kebab}-view.ts`;
  draft.create(`services/${folder}/${view}`, filled('service/sample-owner-view.ts', fill));
  mustBeNew(view);
  const rules = `${owner.kebab}-rules.ts`;
  draft.create(`services/${folder}/${rules}`, filled('service/sample-owner-rules.ts', fill));
  mustBeNew(rules);
  const serves = { variable: `${owner.upper}_PORT`, port: http };
  addRights(draft, folder, [`may: ['read', 'settle currency'],`]);
  addToStack(draft, folder, port, { needs: ['EVENTSTORE_ADDRESS'], serves });
  return [
    `write what is shown: ${owner.camel}Of() in services/${folder}/${view}`,
    `say who may see it with a token: services/${folder}/${rules}`,
    `npx mocha services/${folder}/*.spec.ts, which fails until then`,
  ];
}

/** The admin port of a service that is new. Throws Refusal if there is one of that name, or files of one. */
function freshPort(folder: string): number {
  if (services.some(({ name }) => name === folder) || existsSync(join(root, 'services', folder))) {
    throw new Refusal(`services/${folder} exists already`, 'choose another name');
  }
  return Math.max(...services.map(({ adminPort = 0 }) => adminPort)) + 1;
}

interface Served {
  readonly needs: readonly string[];
  readonly serves?: { readonly variable: string; readonly port: number };
}

/** How compose.yaml writes each address, for the service of this name. */
const addresses: Readonly<Record<string, (name: string) => string>> = {
  NATS_URL: (name) =>
    `tls://${name}@nats:4222?nkey=/run/credentials/nats/${name}.nk&ca=/run/credentials/tls/ca.crt`,
  EVENTSTORE_ADDRESS: () => 'eventstoresvc:50051',
};

/** What it may do at the event store. */
function addRights(draft: Draft, name: string, lines: readonly string[]) {
  draft.insert(
    'shared/contracts/rights/grpc.ts',
    'the end of grpcRights',
    endOf('export const grpcRights: ', '\n};\n'),
    `\n  ${name}: {\n    ...service,\n${lines.map((line) => `    ${line}\n`).join('')}  },`,
  );
}

/** The row of a service, its container, and its ports for people. */
function addToStack(draft: Draft, name: string, adminPort: number, { needs, serves }: Served) {
  const list = needs.map((need) => `'${need}'`).join(', ');
  const serving =
    serves && `\n    serves: { variable: '${serves.variable}', port: ${serves.port} },`;
  draft.insert(
    'stack/services.ts',
    'the end of services',
    endOf('export const services: readonly ServiceRow[] = [', '\n];\n'),
    `\n  {\n    name: '${name}',\n    needs: [${list}],\n    adminPort: ${adminPort},${serving ?? ''}\n  },`,
  );
  const environment = [
    `OTEL_SERVICE_NAME: ${name}`,
    ...(serves ? [`${serves.variable}: '${serves.port}'`] : []),
    `ADMIN_PORT: '${adminPort}'`,
    `TLS_CERT_FILE: /run/credentials/tls/${name}.crt`,
    `TLS_KEY_FILE: /run/credentials/tls/${name}.key`,
    ...needs.map((need) => `${need}: ${addresses[need]?.(name)}`),
    'CURRENCY:',
  ];
  // What operators ask a process stays inside its container.
  const published = serves ? `    ports: ['127.0.0.1:${serves.port}:${serves.port}']\n` : '';
  const networks = [
    ...(needs.includes('NATS_URL') ? ['messages'] : []),
    ...['events', 'traces'],
    ...(serves ? ['published'] : []),
  ];
  const credentials = `credentials-${name}`;
  draft.insert(
    'compose.yaml',
    'where credentials are made',
    before('      # Mounted first here'),
    `      - ${credentials}:/credentials/${name}\n`,
  );
  draft.insert(
    'compose.yaml',
    'the last of its volumes',
    before('  credentials-operator:\n'),
    `  ${credentials}:\n`,
  );
  draft.insert(
    'compose.yaml',
    'the container of operators',
    before('\n  # `docker compose run --rm ordersctl'),
    `
  ${name}:
    <<: *service
    command: [node, services/${name}/main.ts]
    environment:
      <<: ${serves ? '[*environment, *tokens]' : '*environment'}
${environment.map((line) => `      ${line}\n`).join('')}${published}    networks: [${networks.join(', ')}]
    volumes: ['${credentials}:/run/credentials:ro']
`,
  );
  draft.insert(
    'README.md',
    'the row of PostgreSQL in the table of ports',
    before('| PostgreSQL ('),
    `| ${name} |${serves ? ` ${serves.port}` : ''} | ${adminPort} |\n`,
  );
}
