import type { NextItemBatch } from "../../src/data/next_item_sampler.ts";
import type { PackedSequences } from "../../src/data/sequences.ts";
import { HIDDEN_ITEM } from "../../src/models/bert4rec/network.ts";
import { bert4Rec, gru4Rec, mfBpr, sasRec, stosa } from "../../src/models/mod.ts";
import type { GoldenCase } from "../_golden.ts";
import { type SuiteSettings, testContract } from "./_contract.ts";

/** Small sizes: the suite runs on a software adapter too. */
const SIZES: SuiteSettings = {
  dimension: 16,
  maxLength: 6,
  blocks: 2,
  heads: 2,
  dropout: 0.2,
  attentionDropout: 0.2,
};

/** The tokens of a padded matrix, which are those that are not 0, and the elements of others at the same places. */
function packed(
  { data, shape }: GoldenCase,
  name: string,
  others: readonly string[] = [],
): { offsets: Uint32Array<ArrayBuffer>; tokens: Uint32Array<ArrayBuffer>; others: Uint32Array<ArrayBuffer>[] } {
  const inputs = data(name), [rows, columns] = shape(name) as [number, number];
  const offsets = [0], places: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let at = row * columns; at < (row + 1) * columns; at++) if (inputs[at] !== 0) places.push(at);
    offsets.push(places.length);
  }
  const gather = (from: Float64Array) => Uint32Array.from(places, (place) => from[place]!);
  return {
    offsets: Uint32Array.from(offsets),
    tokens: gather(inputs),
    others: others.map((other) => gather(data(other))),
  };
}

function nextItemBatch(golden: GoldenCase, prefix: string): NextItemBatch {
  const names = [`${prefix}.positives`, `${prefix}.negatives`];
  const { offsets, tokens, others } = packed(golden, `${prefix}.inputs`, names);
  const [items, positives, negatives] = [tokens, ...others].map((rows) => rows.map((row) => row - 1));
  return { offsets, items: items!, positives: positives!, negatives: negatives! };
}

function histories(golden: GoldenCase): { users: Uint32Array; histories: PackedSequences } {
  const { offsets, tokens } = packed(golden, "batch.inputs");
  return { users: new Uint32Array(offsets.length - 1), histories: { offsets, items: tokens.map((row) => row - 1) } };
}

testContract({
  name: "mf_bpr",
  model: mfBpr,
  settings: { dimension: 10 },
  solution: { epochs: 25, batch: 64, learningRate: 0.02 },
  goldenBatch: ({ data }, prefix) => ({
    users: Uint32Array.from(data(`${prefix}.users`)),
    positives: Uint32Array.from(data(`${prefix}.positives`)),
    negatives: Uint32Array.from(data(`${prefix}.negatives`)),
  }),
  goldenHistories: ({ data }) => {
    const users = Uint32Array.from(data("batch.users"));
    return { users, histories: { offsets: new Uint32Array(users.length + 1), items: new Uint32Array() } };
  },
});

testContract({
  name: "sasrec",
  model: sasRec,
  settings: SIZES,
  solution: { epochs: 60, batch: 20, learningRate: 0.01 },
  goldenBatch: nextItemBatch,
  goldenHistories: histories,
});

testContract({
  name: "gru4rec",
  model: gru4Rec,
  settings: SIZES,
  solution: { epochs: 20, batch: 40, learningRate: 0.01 },
  goldenBatch: (golden, prefix) => {
    const { offsets, tokens } = packed(golden, `${prefix}.inputs`);
    const itemsOf = (rows: ArrayLike<number>) => Uint32Array.from(rows, (row) => row - 1);
    const [positives, negatives] = ["positives", "negatives"].map((role) => itemsOf(golden.data(`${prefix}.${role}`)));
    return { offsets, items: itemsOf(tokens), positives: positives!, negatives: negatives! };
  },
  goldenHistories: histories,
});

testContract({
  name: "bert4rec",
  model: bert4Rec,
  settings: SIZES,
  solution: { epochs: 60, batch: 20, learningRate: 0.01 },
  goldenBatch: (golden, prefix) => {
    const { offsets, tokens, others: [labels] } = packed(golden, `${prefix}.inputs`, [`${prefix}.labels`]);
    const hidden = Uint32Array.from(tokens.keys()).filter((place) => tokens[place] === 1);
    return { offsets, items: tokens.map((row, at) => (row === 1 ? labels![at]! : row) - 2), hidden };
  },
  goldenHistories: (golden) => {
    const { offsets, tokens } = packed(golden, "batch.inputs");
    // The model hides an item after each history by itself: here the last one, which the file hides
    const kept = Uint32Array.from(tokens.keys()).filter((place) => !offsets.includes(place + 1));
    return {
      users: new Uint32Array(offsets.length - 1),
      histories: {
        offsets: offsets.map((begin, at) => begin - at),
        items: Uint32Array.from(kept, (place) => tokens[place] === 1 ? HIDDEN_ITEM : tokens[place]! - 2),
      },
    };
  },
});

for (const attendedMean of [false, true]) {
  testContract({
    name: attendedMean ? "stosa_attended" : "stosa",
    model: stosa,
    settings: { ...SIZES, blocks: attendedMean ? 2 : 1, attendedMean },
    solution: { epochs: 40, batch: 20, learningRate: 0.01 },
    goldenBatch: nextItemBatch,
    goldenHistories: histories,
  });
}
