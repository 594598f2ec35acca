import type { Provenance } from "../data/dataset.ts";
import type { Database } from "./_database.ts";
import type { Counts } from "./_filter.ts";
import type { Summary } from "./options.ts";

/** What a dataset looks like in figures. */
export type Figures = Pick<Summary, "density" | "lengths" | "repeats"> & {
  /** Interactions of each split. */
  readonly splits: Pick<Provenance["counts"], "train" | "valid" | "test">;
};

/**
 * Counts what a dataset looks like.
 *
 * @param db The database, with the table `placed`.
 * @param counts Interactions, users and items.
 * @returns The figures.
 */
export async function figuresOf(db: Database, counts: Counts): Promise<Figures> {
  const splits = await db.numbers<"train" | "valid" | "test">(
    `SELECT count(*) FILTER (split = 0) AS train, count(*) FILTER (split = 1) AS valid,
      count(*) FILTER (split = 2) AS test FROM placed`,
  );
  const lengths = await db.numbers<keyof Summary["lengths"]>(
    `SELECT min(length) AS min, quantile_disc(length, 0.25) AS p25, quantile_disc(length, 0.5) AS median,
      quantile_disc(length, 0.75) AS p75, quantile_disc(length, 0.95) AS p95, max(length) AS max,
      round(avg(length), 2) AS mean FROM (SELECT count(*) AS length FROM placed GROUP BY "user")`,
  );
  const { pairs } = await db.numbers<"pairs">(
    `SELECT count(*) AS pairs FROM (SELECT DISTINCT "user", item FROM placed)`,
  );
  return {
    splits,
    lengths,
    density: pairs / (counts.users * counts.items),
    repeats: (counts.interactions - pairs) / counts.interactions,
  };
}
