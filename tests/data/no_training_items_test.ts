/**
 * Users without a training item, as a split in time leaves them: they add nothing to what is trained on.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ClozeSampler } from "../../src/data/cloze_sampler.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { NextItemSampler } from "../../src/data/next_item_sampler.ts";
import { PairSampler } from "../../src/data/pair_sampler.ts";
import { PrefixSampler } from "../../src/data/prefix_sampler.ts";
import { userItemGraph } from "../../src/data/user_item_graph.ts";
import { Graph } from "../../src/graph/graph.ts";
import { datasetOf } from "./_fixtures.ts";

const SEQUENCES = [[0, 1, 2, 3], [4, 5], [6, 7, 8, 1], [2, 9], [5, 6, 0]];
/** User of each of these sequences among those who have none. */
const PLACES = [1, 2, 5, 6, 8];

const DATASET = datasetOf(SEQUENCES, 12);
const WITH_EMPTY = datasetOf(
  [[], SEQUENCES[0]!, SEQUENCES[1]!, [], [], SEQUENCES[2]!, SEQUENCES[3]!, [], SEQUENCES[4]!, []],
  12,
  {
    valid: [[1, 2], 4, 5, -1, 3, 4, 6, [7, 7], 8, 9],
    test: [3, [1, 2, 5], 4, -1, -1, 3, 2, 8, -1, [1, 2]],
  },
);

for (
  const [name, batches] of [
    ["NextItemSampler", (dataset, epoch) => new NextItemSampler(dataset, 3, 3).batches(epoch, 2)],
    ["ClozeSampler", (dataset, epoch) => new ClozeSampler(dataset, 3, 3, 0.4).batches(epoch, 2)],
    ["PrefixSampler", (dataset, epoch) => new PrefixSampler(dataset, 3, 3).batches(epoch, 2)],
  ] satisfies [string, (dataset: Dataset, epoch: number) => Iterable<unknown>][]
) {
  Deno.test(`${name} gives the same batches with users who have no training item among the others`, () => {
    for (const epoch of [1, 2, 3]) {
      assertEquals([...batches(WITH_EMPTY, epoch)], [...batches(DATASET, epoch)]);
    }
  });
}

Deno.test("PairSampler gives the same pairs with users who have no training item among the others", () => {
  for (const epoch of [1, 2, 3]) {
    const expected = [...new PairSampler(DATASET, 3).batches(epoch, 4)].map((batch) => (
      { ...batch, users: batch.users.map((user) => PLACES[user]!) }
    ));
    assertEquals([...new PairSampler(WITH_EMPTY, 3).batches(epoch, 4)], expected);
  }
});

Deno.test("graphs have the same edges with users who have no training item among the others", () => {
  const edges = ({ rowOffsets, columns, values }: Graph) => ({ rowOffsets, columns, values });
  const options = { rows: 13, offset: 1 };
  assertEquals(
    edges(Graph.fromSequences(WITH_EMPTY.train, options)),
    edges(Graph.fromSequences(DATASET.train, options)),
  );
  const graph = userItemGraph(WITH_EMPTY), expected = userItemGraph(DATASET);
  // Items by their own numbers, which follow those of the users
  const itemsOf = ({ rowOffsets, columns, values }: Graph, users: number, user: number) =>
    Array.from(columns.subarray(rowOffsets[user], rowOffsets[user + 1]), (column, at) => [
      column - users,
      values[rowOffsets[user]! + at],
    ]);
  PLACES.forEach((place, user) => assertEquals(itemsOf(graph, 10, place), itemsOf(expected, 5, user)));
  for (const user of [0, 3, 4, 7, 9]) assertEquals(itemsOf(graph, 10, user), []);
});
