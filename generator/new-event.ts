import { eventTypes } from '../shared/contracts/events.ts';
import { before, beforeFirst, type Draft, endOf } from './draft.ts';
import { Refusal } from './refusal.ts';
import { filled } from './template.ts';
import { mustBeNew } from './twins.ts';
import { type Words, wordsOf } from './words.ts';

export interface NewEvent {
  readonly name: string;
  /** The worker that answers it: its folder in `services/`. */
  readonly worker: string;
  /** Who appends it, as people call it. */
  readonly by: string;
  /** What it says, as one sentence. */
  readonly means: string;
  /** Fields of its payload that are texts. */
  readonly texts: readonly string[];
}

/** Fields that every event has, or that mean something else to a handler. */
const taken = ['type', 'order-id', 'cause-id'];

/**
 * Adds an event that is a fact: recorded in every state of its order, which stays as
 * it is. A worker answers it with a command, which its author writes. Returns what is
 * left to do. Throws Refusal.
 */
export function newEvent(draft: Draft, options: NewEvent): readonly string[] {
  const event = wordsOf(options.name);
  const fields = options.texts.map(wordsOf);
  const repeated = fields.find(({ kebab }, n) => fields.findIndex((f) => f.kebab === kebab) !== n);
  const unfit = repeated ?? fields.find(({ kebab }) => taken.includes(kebab));
  if (unfit !== undefined) {
    throw new Refusal(`a field cannot be called ${unfit.kebab} here`, 'choose another name');
  }
  if (event.flat in eventTypes) {
    throw new Refusal(`ORDERS.${event.flat} exists already`, 'choose another name');
  }
  for (const [option, text] of Object.entries({ means: options.means, by: options.by })) {
    if (text === '' || /['`*\\\n$|]/.test(text)) {
      throw new Refusal(
        `--${option} is not plain text: ${text}`,
        'leave out quotes, backticks, *, $, | and \\; write ’ for an apostrophe',
      );
    }
  }
  addToDomain(draft, event, fields, options);
  addToContract(draft, event, fields, options);
  addToWorker(draft, event, fields, options.worker);
  const folder = `services/${options.worker}`;
  return [
    `write the answer: on${event.pascal}() in ${folder}/${event.kebab}.ts`,
    `npx mocha ${folder}/${event.kebab}.unit.spec.ts, which fails until then`,
    'WRITE_DOCS=true npx mocha shared/contracts/events-doc.unit.spec.ts docs/asyncapi.unit.spec.ts',
  ];
}

function addToDomain(draft: Draft, event: Words, fields: readonly Words[], { means }: NewEvent) {
  const path = 'shared/domain/order.ts';
  const typed = fields.map(({ camel }) => `; readonly ${camel}: string`).join('');
  const copied = fields.map(({ camel }) => `, ${camel}: command.${camel}`).join('');
  draft.insert(
    path,
    'the end of OrderEvent',
    endOf('export type OrderEvent =', ';\n\n'),
    `\n  /** ${means} */\n  | { readonly type: '${event.flat}'; readonly orderId: string${typed} }`,
  );
  draft.insert(
    path,
    'the end of OrderCommand',
    endOf('export type OrderCommand =', ';\n\n'),
    `\n  | { readonly type: 'record${event.pascal}'; readonly orderId: string${typed} }`,
  );
  draft.insert(
    path,
    'the end of decide()',
    endOf('export function decide(', '\n  }\n}\n'),
    `\n    case 'record${event.pascal}':\n      return accept({ type: '${event.flat}', orderId: command.orderId${copied} });`,
  );
  draft.insert(
    path,
    'the end of evolve()',
    endOf('export function evolve(', '\n  }\n}\n'),
    `\n    case '${event.flat}':\n      return state;`,
  );
}

function addToContract(
  draft: Draft,
  event: Words,
  fields: readonly Words[],
  { means, by, worker }: NewEvent,
) {
  const { flat, pascal, spoken } = event;
  const list = (one: (field: Words) => string) => fields.map(one).join('');
  draft.insert(
    'shared/contracts/events.ts',
    'the end of orderEvents()',
    endOf('export function orderEvents(', '\n  };\n}\n'),
    `
    ${flat}: entry(z.object({ order_id: id${list(({ snake }) => `, ${snake}: text`)} }), {
      decode: (p) => ({ orderId: p.order_id${list((f) => `, ${f.camel}: p.${f.snake}`)} }),
      encode: (e) => ({ order_id: e.orderId${list((f) => `, ${f.snake}: e.${f.camel}`)} }),
    }),`,
  );
  const example = list(({ snake }) => `, "${snake}": "${snake}-1"`);
  draft.insert(
    'docs/events.md',
    'the table of states',
    before('## What is appended in which state'),
    `## ORDERS.${flat}

${means} A fact, appended by the ${by}. It leaves the order as it is; ${worker} answers it.

| field | |
|---|---|
| \`order_id\` | text |
${list(({ snake }) => `| \`${snake}\` | text |\n`)}
\`\`\`json
{ "order_id": "0198c5c2-5f0e-7a51-9a6a-0d0a3f4f7f10"${example} }
\`\`\`

`,
  );
  const given = list(({ camel, kebab }) => `, ${camel}: '${kebab}-1'`);
  draft.insert(
    'shared/contracts/events-doc.unit.spec.ts',
    'the end of commands',
    endOf('const commands = {', '\n} as const'),
    `\n  ${flat}: { type: 'record${pascal}', orderId${given} },`,
  );
  draft.insert(
    'shared/story/happenings.ts',
    'the end of who()',
    endOf('export function who(', '\n  }\n}\n'),
    `\n    case '${flat}':\n      return '${by}';`,
  );
  const shown = fields.map((f) => `${f.spoken} \${event.${f.camel}}`).join(', ');
  const said = shown === '' ? `'reported ${spoken}'` : `\`reported ${spoken} (${shown})\``;
  draft.insert(
    'shared/story/happenings.ts',
    'the end of happened()',
    endOf('export function happened(', '\n  }\n}\n'),
    `\n    case '${flat}':\n      return ${said};`,
  );
}

function addToWorker(draft: Draft, event: Words, fields: readonly Words[], worker: string) {
  const { camel, pascal, kebab, flat, snake } = event;
  const folder = `services/${worker}`;
  const durable = /bindWorker\(container, config, (durables\.\w+),/.exec(
    draft.text(`${folder}/container.ts`) ?? '',
  )?.[1];
  if (durable === undefined || !draft.text(`${folder}/endpoints.ts`)?.includes('handlesOf(')) {
    throw new Refusal(
      `${worker} is not a worker that answers events`,
      'name the folder of one in services/, such as reviewworker, or make one: npm run new -- worker NAME',
    );
  }
  mustBeNew(`${kebab}.ts`);
  const service = `${folder}/service.ts`;
  if (new RegExp(`^ +(async )?${camel}[(:]`, 'm').test(draft.text(service) ?? '')) {
    throw new Refusal(`${worker} does ${camel} already`, 'choose another name');
  }
  draft.insert(
    service,
    'its first import',
    beforeFirst('import '),
    `import { answer${pascal}, type ${pascal}Request, type ${pascal}Result } from './${kebab}.ts';\n`,
  );
  const [, name = ''] = /^export interface (\w+Service) \{$/m.exec(draft.text(service) ?? '') ?? [];
  draft.insert(
    service,
    'the end of its interface',
    endOf(`export interface ${name} {`, '\n}\n'),
    `
  /** Answers ORDERS.${flat}. May be called again. Rejects with what the event store rejects with. */
  ${camel}(ctx: Context, request: ${pascal}Request): Promise<${pascal}Result>;`,
  );
  draft.insert(
    service,
    'the methods that it returns',
    endOf(`export function create${name}(`, '\n  };\n}\n'),
    `\n    ${camel}: answer${pascal}(store, codec),`,
  );
  const names = fields.map((field) => field.camel);
  const [taking, passing] =
    names.length === 0 ? ['', ''] : [`event: { ${names.join(', ')} }, `, `, ${names.join(', ')}`];
  draft.insert(
    `${folder}/endpoints.ts`,
    'the end of its events',
    endOf('handlesOf(', '\n    },\n  );'),
    `
      ${flat}: [
        'answer_${snake}',
        (ctx, { ${taking}recorded: { eventId: causeId, aggregateId: orderId } }) =>
          service.${camel}(ctx, { orderId, causeId${passing} }),
      ],`,
  );
  const values = fields.map((field) => `${field.camel}: '${field.kebab}-1'`);
  const fill = { event, others: { 'durables.review': durable, samplename: worker } };
  draft.create(
    `${folder}/${kebab}.ts`,
    filled('worker/sample-event.ts', {
      ...fill,
      lines: { fields: names.map((field) => `  readonly ${field}: string;\n`).join('') },
    }),
  );
  const spec = filled('worker/sample-event.unit.spec.ts', {
    ...fill,
    lines: {
      imports: "import { given } from '../../shared/testing/given.ts';\n",
      event: `const happened = { type: '${flat}', ${['orderId', ...values].join(', ')} } as const;\n`,
      tests: `  it('is recorded in every state of the order', () => {
    for (const earlier of [[], [created]]) {
      given(...earlier).when({ ...happened, type: 'record${pascal}' }).thenEvents(happened);
    }
  });

`,
    },
  })
    .replace('OrderEvent[] = [created]', 'OrderEvent[] = [created, happened]')
    .replace(/(causeId: `given-\$\{history.length - 1\}`)/, ['$1', ...values].join(', '));
  draft.create(`${folder}/${kebab}.unit.spec.ts`, spec);
  draft.insert(
    'shared/contracts/rights/grpc.ts',
    `the derived ids of ${worker}`,
    endOf(`\n  ${worker}: {\n`, `'] }],\n`),
    `', '${snake}`,
  );
}
