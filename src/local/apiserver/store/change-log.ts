import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** One stored version of one object. `json` is empty for a deletion. */
export interface ChangeRow {
  readonly rv: number;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly deleted: boolean;
  readonly json: string;
}

/** Where versions are kept. Every call is atomic and durable against the end of the process when it returns. */
export interface ChangeLog {
  append(row: ChangeRow): void;
  /** Drops the rows of superseded versions; history up to `compactedRv` is gone afterwards. */
  compact(compactedRv: number, supersededRvs: readonly number[]): void;
  /** All rows in order of rv, and the last compacted rv. */
  load(): { readonly compactedRv: number; readonly rows: Iterable<ChangeRow> };
  getMeta(key: string): string | undefined;
  setMeta(key: string, value: string): void;
  close(): void;
}

const schema = `
  create table if not exists meta (key text primary key, value text not null) without rowid;
  create table if not exists change (
    rv integer primary key,
    resource text not null,
    namespace text not null,
    name text not null,
    deleted integer not null,
    json text not null
  );
`;

/** Version of the tables; a store written by a later format is refused. */
const formatVersion = '1';

/**
 * The append-only log in SQLite. Write-ahead log with synchronous=NORMAL: a statement that returned survives
 * the end of the process at any moment (kill -9 included), a power cut may cost the last commits but never
 * leaves half of one. The file is locked exclusively: a second server on the same store fails at once.
 */
export function openChangeLog(path: string): ChangeLog {
  const db = new DatabaseSync(path);
  let append: StatementSync;
  try {
    db.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal;');
    db.exec(schema);
    append = db.prepare(
      'insert into change (rv, resource, namespace, name, deleted, json) values (?, ?, ?, ?, ?, ?)',
    );
  } catch (error) {
    db.close();
    throw new Error(
      `cannot open the object store ${path}: ${error instanceof Error ? error.message : error}`,
      {
        cause: error,
      },
    );
  }
  const drop = db.prepare('delete from change where rv = ?');
  const readMeta = db.prepare('select value from meta where key = ?');
  const writeMeta = db.prepare(
    'insert into meta values (?, ?) on conflict (key) do update set value = excluded.value',
  );
  const getMeta = (key: string) => readMeta.get(key)?.value as string | undefined;
  const found = getMeta('formatVersion');
  if (found !== undefined && found !== formatVersion) {
    db.close();
    throw new Error(
      `the object store ${path} has format ${found}; this program reads format ${formatVersion}`,
    );
  }
  if (found === undefined) writeMeta.run('formatVersion', formatVersion);

  return {
    append: (row) =>
      void append.run(row.rv, row.resource, row.namespace, row.name, row.deleted ? 1 : 0, row.json),
    compact(compactedRv, supersededRvs) {
      db.exec('begin');
      try {
        for (const rv of supersededRvs) drop.run(rv);
        writeMeta.run('compactedRv', String(compactedRv));
        db.exec('commit');
      } catch (error) {
        db.exec('rollback');
        throw error;
      }
    },
    load: () => ({ compactedRv: Number(getMeta('compactedRv') ?? 0), rows: readRows(db) }),
    getMeta,
    setMeta: (key, value) => void writeMeta.run(key, value),
    close: () => db.close(),
  };
}

function* readRows(db: DatabaseSync): Iterable<ChangeRow> {
  const select = db.prepare('select rv, resource, namespace, name, deleted, json from change order by rv');
  for (const row of select.iterate()) {
    yield {
      rv: Number(row.rv),
      resource: String(row.resource),
      namespace: String(row.namespace),
      name: String(row.name),
      deleted: row.deleted === 1,
      json: String(row.json),
    };
  }
}

/** A store that ends with the process. */
export function memoryChangeLog(): ChangeLog {
  const meta = new Map<string, string>();
  return {
    append: () => {},
    compact: () => {},
    load: () => ({ compactedRv: 0, rows: [] }),
    getMeta: (key) => meta.get(key),
    setMeta: (key, value) => void meta.set(key, value),
    close: () => {},
  };
}
