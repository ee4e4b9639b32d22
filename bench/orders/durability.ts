/** What an acknowledged append survived, as the server itself says. */
import { openSql } from '../../shared/kit/sql/sql-access.ts';

export interface Durability {
  /** The server and its version; undefined where it could not be asked. */
  readonly server?: string;
  /** PostgreSQL's settings by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** In one line, for people. */
  readonly text: string;
}

const ANSWER_S = 5;

/** Asks the event log's database. Never rejects: where it does not answer, the text says so. */
export async function askDurability(databaseUrl: string): Promise<Durability> {
  const sql = openSql(databaseUrl, {
    max: 1,
    connect_timeout: ANSWER_S,
    onnotice: () => undefined,
  });
  try {
    const [first] = await sql<{ version: string }[]>`select version() as version`;
    const server = /^(CockroachDB.* v\S+|PostgreSQL \S+)/.exec(first?.version ?? '')?.[0] ?? '?';
    if (server.startsWith('CockroachDB')) {
      return { server, text: `${server}: an answer means that most replicas have written to disk` };
    }
    const [settings] = await sql<Record<string, string>[]>`
      select current_setting('fsync') as fsync,
             current_setting('synchronous_commit') as synchronous_commit`;
    const list = Object.entries(settings ?? {}).map(([name, value]) => `${name} ${value}`);
    const kept =
      settings?.fsync === 'on' && settings.synchronous_commit !== 'off'
        ? 'an answer means that the data is on disk'
        : 'answers do not wait for the disk, so do not compare these figures with others';
    return { server, settings: { ...settings }, text: `${server}, ${list.join(', ')}: ${kept}` };
  } catch (error) {
    return { text: `unknown: the event log's database did not tell (${(error as Error).message})` };
  } finally {
    await sql.end({ timeout: ANSWER_S });
  }
}
