import type { DuckDBConnection } from "@duckdb/node-api";
import { type Provenance, SCHEMA_VERSION } from "../data/dataset.ts";
import { LONGEST_UNSPLIT } from "../data/leave_one_out.ts";
import { quoted } from "./_delimited.ts";
import { filterCore, loadDelimited, loadItems, loadSequences, numberIds, numbersOf } from "./_load.ts";
import { PrepareError } from "./_source.ts";
import type { Prepared, PrepareOptions } from "./options.ts";

async function writeParquet(db: DuckDBConnection, path: string, sql: string): Promise<void> {
  await db.run(`COPY (${sql}) TO ${quoted(path)} (FORMAT parquet, COMPRESSION snappy)`);
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}

async function writeJson(path: string, value: unknown): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  const bytes = new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}

/**
 * Writes the files of a dataset.
 *
 * @param db An empty database.
 * @param options What to make it of, and how.
 * @param work A folder for what does not stay.
 * @param target The folder of the dataset.
 * @returns What was made.
 */
export async function build(
  db: DuckDBConnection,
  options: PrepareOptions,
  work: string,
  target: string,
): Promise<Prepared> {
  const { file, minUser, minItem, out } = options;
  await db.run("SET autoinstall_known_extensions = false");
  await db.run(`SET temp_directory = ${quoted(`${work}/spill`)}`);
  const loaded = await (options.format === "sequences" ? loadSequences : loadDelimited)(db, options, work);
  const { start, left } = await filterCore(db, minUser, minItem);
  const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  if (start.interactions === 0) throw new PrepareError(file, "it holds no interactions");
  if (left.interactions === 0) {
    const had = [plural(start.users, "user"), plural(start.items, "item"), plural(start.interactions, "interaction")];
    throw new PrepareError(
      file,
      `nothing is left of its ${had[0]}, ${had[1]} and ${had[2]} by --min-user ${minUser} and --min-item ${minItem}`,
    );
  }
  for (const [count, what] of [[left.users, "user"], [left.items, "item"]] as const) {
    const before = what === "user" ? start.users : start.items;
    if (count < 2) {
      const of = before === count ? "" : ` of ${before} are left by --min-user ${minUser} and --min-item ${minItem}`;
      throw new PrepareError(
        file,
        `a recommender needs at least 2 ${what}s: ${of === "" ? "current value is 1" : `1${of}`}`,
      );
    }
  }
  await numberIds(db, "users", "u");
  await numberIds(db, "items", "i");
  const { columns: details, matches } = await loadItems(db, options, work);

  await db.run(`CREATE TABLE placed AS SELECT users.number AS "user", items.number AS item, stamp,
      row_number() OVER w AS nth, count(*) OVER (PARTITION BY core.u) AS length
    FROM core JOIN users USING (u) JOIN items USING (i) WINDOW w AS (PARTITION BY core.u ORDER BY moment, place)`);
  await writeParquet(
    db,
    `${target}/interactions.parquet`,
    `SELECT "user", item, (nth - 1)::UINTEGER AS position, stamp AS timestamp,
      (CASE WHEN length <= ${LONGEST_UNSPLIT} OR nth <= length - 2 THEN 0 WHEN nth < length THEN 1 ELSE 2 END)::UTINYINT AS split
      FROM placed ORDER BY "user", nth`,
  );
  await writeParquet(db, `${target}/users.parquet`, `SELECT number AS "user", id FROM users ORDER BY number`);
  await writeParquet(
    db,
    `${target}/items.parquet`,
    details.length === 0
      ? "SELECT number AS item, id FROM items ORDER BY number"
      : `SELECT number AS item, items.id, ${details.join(", ")} FROM items
        LEFT JOIN (SELECT * FROM details QUALIFY row_number() OVER (PARTITION BY id ORDER BY rowid) = 1) AS details USING (id)
        ORDER BY number`,
  );
  const { held } = await numbersOf<"held">(
    db,
    `SELECT count(*) AS held FROM (SELECT u FROM core GROUP BY 1 HAVING count(*) > ${LONGEST_UNSPLIT})`,
  );
  const provenance: Provenance = {
    schemaVersion: SCHEMA_VERSION,
    name: out.replace(/[/\\]+$/, "").replace(/^.*[/\\]/, ""),
    createdBy: "deno task prepare",
    source: [loaded.source],
    options: { format: options.format, ...loaded.options, minUser, minItem },
    counts: { ...left, train: left.interactions - 2 * held, valid: held, test: held },
  };
  await writeJson(`${target}/dataset.json`, provenance);
  return {
    provenance,
    order: loaded.order,
    columns: loaded.columns,
    unusedTime: loaded.unusedTime ?? null,
    described: options.items === undefined ? null : matches,
    dropped: {
      users: start.users - left.users,
      items: start.items - left.items,
      interactions: start.interactions - left.interactions,
    },
  };
}
