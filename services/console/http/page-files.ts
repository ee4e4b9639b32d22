/** The files of the page, and of the packages that it uses: what is listed is served, and nothing else. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, resolve, sep } from 'node:path';
import { type HttpResponse, type Route, route } from '../../../shared/kit/transport/http/route.ts';
import { Content } from '../../../shared/kit/transport/http/sending/content.ts';

/** The page's own files. */
const PAGE = resolve(import.meta.dirname, '../page');

/** Files of packages, by what follows `/assets/vendor/`: where they lie, and which are served. */
const vendors: Readonly<Record<string, { readonly folder: string; readonly files: string }>> = {
  uplot: { folder: 'uplot/dist', files: '{uPlot.esm.js,uPlot.min.css}' },
  'lit-html': { folder: 'lit-html', files: '{*.js,directives/*.js}' },
  inter: { folder: '@fontsource-variable/inter/files', files: 'inter-latin*-wght-normal.woff2' },
};

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

/** Everything comes from here, and nothing runs or styles but files of ours. */
const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
    'trusted-types lit-html',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  // Asked for again each time, and answered 304 if it is the same.
  'cache-control': 'no-cache',
};

const INDEX = 'index.html';

/** Where the page finds its views: it routes by path. */
const VIEWS = [
  '/',
  '/orders',
  '/orders/:id',
  '/restaurant',
  '/pipeline',
  '/letters',
  '/letters/:consumer/:position',
  '/deadlines',
  '/audit',
];

/** Routes of the page, for anybody: they show nothing of the orders. Files are read when they are asked for, and again when they have changed. */
export function pageRoutes(page = PAGE): readonly Route[] {
  const own = filesIn(page, '**/*').map((file) => [`/assets/${file}`, join(page, file)] as const);
  const foreign = Object.entries(vendors).flatMap(([name, { folder, files }]) => {
    const at = resolve(import.meta.dirname, '../../../node_modules', folder);
    return filesIn(at, files).map(
      (file) => [`/assets/vendor/${name}/${file}`, join(at, file)] as const,
    );
  });
  return [
    ...(existsSync(join(page, INDEX)) ? VIEWS : []).map((path) =>
      viewRoute(path, join(page, INDEX)),
    ),
    ...[...own, ...foreign].map(([path, file]) => fileRoute(path, file)),
  ];
}

/** Files below `folder` of types that a browser may get, with slashes. */
function filesIn(folder: string, pattern: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return globSync(pattern, { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile() && extname(entry.name) in types)
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

function fileRoute(path: string, file: string): Route {
  const read = keptFile(file);
  return route({
    method: 'GET',
    path,
    open: true,
    decode: (http) => http.headers['if-none-match'],
    endpoint: async (_ctx, known: string | undefined) => fileAnswer(file, read(), known),
    encode: (answer) => answer,
  });
}

/** The page itself reads the query of a view's address: what the view is narrowed to. */
function viewRoute(path: string, file: string): Route {
  const read = keptFile(file);
  return {
    ...fileRoute(path, file),
    serve: async (_ctx, http) => fileAnswer(file, read(), http.headers['if-none-match']),
  };
}

interface Kept {
  readonly bytes: Buffer;
  readonly etag: string;
}

/** Reads and hashes `file` when it has changed, and not for each request. */
function keptFile(file: string): () => Kept {
  let last: (Kept & { readonly mtimeMs: number; readonly size: number }) | undefined;
  return () => {
    const { mtimeMs, size } = statSync(file);
    if (last === undefined || last.mtimeMs !== mtimeMs || last.size !== size) {
      const bytes = readFileSync(file);
      const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 27);
      last = { bytes, etag: `"${hash}"`, mtimeMs, size };
    }
    return last;
  };
}

function fileAnswer(file: string, { bytes, etag }: Kept, known: string | undefined): HttpResponse {
  const headers = { ...pageHeaders, etag };
  if (known === etag) return { status: 304, headers };
  const type = types[extname(file)] ?? 'application/octet-stream';
  return { status: 200, headers, body: new Content(type, bytes) };
}
