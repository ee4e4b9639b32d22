import { CHILD_MARK } from './orphans.ts';

/**
 * What a child of the stack finds in its environment. Everybody who may look at a process sees
 * its environment, and a dump of its memory holds it, so a child is told what it needs and
 * nothing else: a secret of one service is in no other process.
 */

/** For any program: where programs and files are, how texts and times are written. */
const ANY = /^(PATH|HOME|TMPDIR|LANG|LANGUAGE|LC_[A-Z]+|LOCALE_ARCHIVE|TZ|TZDIR|LD_LIBRARY_PATH)$/;

/** For what calls other machines. A proxy's address may hold its password: who calls needs it. */
const CALLS = /^((https?|all|grpc|no)_proxy|SSL_CERT_(FILE|DIR))$/i;

/** For Node and the packages in it, but for the exporters' settings, which may be secrets. */
const NODE =
  /^(NODE_(OPTIONS|ENV|COMPILE_CACHE|EXTRA_CA_CERTS|USE_ENV_PROXY|USE_SYSTEM_CA|DEBUG|NO_WARNINGS|V8_COVERAGE)|UV_THREADPOOL_SIZE|OTEL_(?!EXPORTER_)\w+|GRPC_(TRACE|VERBOSITY|DEFAULT_SSL_ROOTS_FILE_PATH))$/;

/** For what fetches and builds: Go, Maven on a Java, npm, Python's pip, and git below them. */
const BUILDS =
  /^(GO\w*|CGO_\w+|CC|CXX|MAVEN_\w+|MVN_\w+|M2_HOME|JAVA_\w+|JDK_\w+|_JAVA_OPTIONS|XDG_\w+|npm_config_\w+|PIP_\w+|GIT_SSL_\w+|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|NODE_EXTRA_CA_CERTS)$/i;

function chosen(env: NodeJS.ProcessEnv, patterns: readonly RegExp[]): NodeJS.ProcessEnv {
  const named = (name: string) => patterns.some((pattern) => pattern.test(name));
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => name === CHILD_MARK || named(name)),
  );
}

/** Of a server, such as PostgreSQL: it is told nothing of what the user's services are told. */
export const serverEnvironment = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  chosen(env, [ANY]);

/** Of a service, to which what its own settings read is added. */
export const serviceEnvironment = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  chosen(env, [ANY, CALLS, NODE]);

/** Of a tool that fetches or builds something. Its own settings may hold secrets for its registry. */
export const toolEnvironment = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  chosen(env, [ANY, CALLS, BUILDS]);
