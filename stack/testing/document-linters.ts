import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SetupProblem } from '../problem.ts';
import { installOnce, runTool, type ToolOptions, toolsDir } from '../tools.ts';

/** What is installed; another version is another folder. */
const VERSIONS = {
  '@redocly/openapi-core': '2.64.0',
  '@stoplight/spectral-core': '1.24.1',
  '@stoplight/spectral-parsers': '1.0.5',
  '@stoplight/spectral-rulesets': '1.23.1',
  '@asyncapi/parser': '3.6.6',
  re2js: '2.10.0',
};
const INSTALL_MS = 5 * 60_000;

/** Each gives what it finds wrong, one line a finding. */
export interface DocumentLinters {
  /** Redocly's recommended rules, warnings too, over a file. */
  redocly(file: string): Promise<readonly string[]>;
  /** Spectral's rules for OpenAPI, over a file's text. */
  spectral(text: string): Promise<readonly string[]>;
  /** AsyncAPI's own parser and its rules. */
  asyncapi(text: string): Promise<readonly string[]>;
  /** Throws where RE2 cannot compile `pattern`. */
  re2(pattern: string): void;
}

/**
 * Linters of OpenAPI and AsyncAPI, installed from npm into a folder of their own
 * the first time: they are 100 MB, which nobody else needs. Undefined, after one
 * line that says so, where npm cannot fetch them.
 */
export async function findDocumentLinters(
  say: (line: string) => void,
): Promise<DocumentLinters | undefined> {
  try {
    const versions = Object.values(VERSIONS).join('-');
    const folder = await installOnce({
      target: join(toolsDir, `document-linters-${versions}`),
      onStart: () => say('installing linters of OpenAPI and AsyncAPI, which takes a minute'),
      install,
    });
    return linters(createRequire(join(folder, 'package.json')));
  } catch (error) {
    if (!(error instanceof SetupProblem)) throw error;
    say(`no linters: ${error.message} → ${error.remedy}`);
    return undefined;
  }
}

async function install(target: string, options: ToolOptions): Promise<string> {
  await writeFile(join(target, 'package.json'), JSON.stringify({ dependencies: VERSIONS }));
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional'];
  const got = await runTool('npm', ['install', '--prefix', target, ...flags], {
    ...options,
    deadlineMs: INSTALL_MS,
  });
  if (got.ok) return target;
  throw new SetupProblem(
    `the linters could not be installed (${got.reason})`,
    'check that npm reaches its registry',
  );
}

/** As far as they are used here: their own types do not fit this project's settings. */
interface Finding {
  readonly severity: number | string;
  readonly code?: string | number;
  readonly ruleId?: string;
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly location?: readonly { readonly pointer?: string }[];
}

const lines = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ code, ruleId, message, path, location }) =>
    [code ?? ruleId, message, path?.join('.') ?? location?.[0]?.pointer].join(' '),
  );

function linters(load: NodeJS.Require): DocumentLinters {
  return {
    redocly: async (ref) => {
      const { createConfig, lint } = load('@redocly/openapi-core') as {
        createConfig(raw: object): Promise<unknown>;
        lint(options: { ref: string; config: unknown }): Promise<Finding[]>;
      };
      const config = await createConfig({ extends: ['recommended-strict'] });
      return lines(await lint({ ref, config }));
    },
    spectral: async (text) => {
      const { Spectral, Document } = load('@stoplight/spectral-core') as {
        Spectral: new () => {
          setRuleset(rules: unknown): void;
          run(of: unknown): Promise<Finding[]>;
        };
        Document: new (text: string, parser: unknown) => unknown;
      };
      const { oas } = load('@stoplight/spectral-rulesets') as { oas: unknown };
      const { Json } = load('@stoplight/spectral-parsers') as { Json: unknown };
      const spectral = new Spectral();
      spectral.setRuleset(oas);
      return lines(await spectral.run(new Document(text, Json)));
    },
    asyncapi: async (text) => {
      const { Parser } = load('@asyncapi/parser') as {
        Parser: new () => { parse(text: string): Promise<{ diagnostics: Finding[] }> };
      };
      return lines((await new Parser().parse(text)).diagnostics);
    },
    re2: (pattern) => {
      const { RE2JS } = load('re2js') as { RE2JS: { compile(pattern: string): unknown } };
      RE2JS.compile(pattern);
    },
  };
}
