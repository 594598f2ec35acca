import { assert, assertEquals } from "@std/assert";
import type { Dataset } from "../../src/data/dataset.ts";
import { datasetDigest } from "../../src/data/digest.ts";
import { generatedDataset } from "../../src/data/generated.ts";

const dataset = generatedDataset({ users: 20, items: 12, seed: 1 });

Deno.test("a dataset's digest is the same for the same content, whatever its name and titles", async () => {
  const other: Dataset = {
    ...generatedDataset({ users: 20, items: 12, seed: 1 }),
    name: "other",
    itemColumns: {},
    provenance: { ...dataset.provenance, createdBy: "somebody" },
  };
  const digest = await datasetDigest(dataset);
  assert(/^[0-9a-f]{64}$/.test(digest), digest);
  assertEquals(await datasetDigest(other), digest);
});

Deno.test("a dataset's digest is another for other ids, another order and another split", async () => {
  const { users, items, train, valid, test } = dataset;
  const swapped = train.items.slice();
  [swapped[0], swapped[1]] = [swapped[1]!, swapped[0]!];
  const others: Partial<Dataset>[] = [
    { users: users.with(3, "somebody") },
    { users: [users.slice(0, 2).join(`","`), ...users.slice(2)] },
    { items: items.toReversed() },
    { train: { ...train, items: swapped } },
    { valid: test, test: valid },
    { train: { ...train, offsets: train.offsets.with(1, train.offsets[1]! + 1) } },
  ];
  const digests = await Promise.all([{}, ...others].map((change) => datasetDigest({ ...dataset, ...change })));
  assertEquals(new Set(digests).size, others.length + 1);
});

Deno.test("a dataset's digest does not depend on the arrays that lie around its own", async () => {
  const { train } = dataset, padded = new Uint32Array(train.items.length + 5);
  padded.set(train.items, 3);
  const items = padded.subarray(3, 3 + train.items.length);
  assertEquals(await datasetDigest({ ...dataset, train: { ...train, items } }), await datasetDigest(dataset));
});
