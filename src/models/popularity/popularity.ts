import { z } from "zod";
import { gatherRows } from "../../nn/gather_rows.ts";
import { Variable } from "../../nn/tape.ts";
import { type CountedModel, defineModel } from "../define_model.ts";
import { itemsOf } from "../sequences.ts";

/** The table of counts: one column, which a query of 1 meets. */
const TABLE = "item.count";

/** The most popular items, the same for everybody: what any recommender has to be better than. */
export const popularity: CountedModel = defineModel({
  name: "popularity",
  summary: "The items with the most interactions, for everybody alike: a baseline that needs no training.",
  settings: z.strictObject({}),
  ignoresHistory: true,
  count({ itemCount, train }) {
    const counts = new Float32Array(itemCount);
    for (const item of train.items) counts[item]! += 1;
    return { [TABLE]: { data: counts, shape: [itemCount, 1] } };
  },
  shapes: ({ itemCount }) => ({ [TABLE]: [itemCount, 1] }),
  network: (weights) => ({
    items: () => itemsOf(weights.table(TABLE), 0),
    queries: (tape, { histories }) => {
      const one = new Variable(tape.upload(Float32Array.of(1), [1, 1]));
      return gatherRows(tape, one, new Uint32Array(histories.offsets.length - 1));
    },
    similarity: () => {
      throw new RangeError("Cannot find similar items as popularity knows how many took an item, not who");
    },
  }),
});
