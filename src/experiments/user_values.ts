import { readRanks } from "../files/read_ranks.ts";
import { RunError } from "../files/run_record.ts";
import type { MetricName } from "../recommend/metric_name.ts";
import { userMetric } from "../recommend/metrics.ts";
import type { ResultRow } from "./results.ts";

/**
 * A metric of each user, averaged over runs.
 *
 * @param rows Finished runs on the same users, one at least.
 * @param metric The metric.
 * @returns The averages by the ids of the users; null where a run has no ranks.
 * @throws {RunError} If the ranks of a run are damaged, or are not those of its metrics.
 */
export async function userValues(rows: readonly ResultRow[], metric: MetricName): Promise<Map<string, number> | null> {
  const all = new Map<string, number[]>();
  for (const row of rows) {
    const values = await valuesOf(row, metric);
    if (values === null) return null;
    for (const [user, value] of values) {
      const own = all.get(user);
      if (own === undefined) all.set(user, [value]);
      else own.push(value);
    }
  }
  // Summed in order of size: users of equal values come to equal sums, whatever the order of the runs
  return new Map(Array.from(all, ([user, values]) => {
    const sum = values.sort((a, b) => a - b).reduce((sum, value) => sum + value, 0);
    return [user, sum / rows.length];
  }));
}

async function valuesOf({ run: { path }, test }: ResultRow, metric: MetricName): Promise<Map<string, number> | null> {
  const found = await readRanks(path);
  if (found === null) return null;
  const { users, ranks } = found, offsets: number[] = [], names: string[] = [];
  users.forEach((user, at) => {
    if (at > 0 && user === users[at - 1]) return;
    offsets.push(at);
    names.push(user);
  });
  const values = userMetric({ offsets: Uint32Array.from([...offsets, users.length]), ranks }, metric);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const byUser = new Map(names.map((user, at) => [user, values[at]!]));
  if (byUser.size !== names.length || byUser.size !== test!["users"] || !(Math.abs(mean - test![metric]!) < 1e-9)) {
    throw new RunError(`Cannot read the run in '${path}' as its ranks.parquet is not that of its metrics.json`);
  }
  return byUser;
}
