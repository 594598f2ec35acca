import { assertEquals, assertThrows } from "@std/assert";
import { alignDataset } from "../../src/data/align_dataset.ts";
import { datasetOf, unpacked } from "./_fixtures.ts";

/** Users a, b, c; items p to t. User c has items that nobody else has. */
const DATASET = {
  ...datasetOf([[0, 1, 2], [2, 3], [4, 0]], 6, { valid: [3, [1, 4], 1], test: [4, 0, 2] }),
  users: ["a", "b", "c"],
  items: ["p", "q", "r", "s", "t", "nobody's"],
  itemColumns: { title: ["P", null, "R", "S", "T", null] },
};

const listed = ({ dataset }: ReturnType<typeof alignDataset>) =>
  (["train", "valid", "test"] as const).map((split) =>
    unpacked(dataset[split].offsets, dataset[split].items).map((own) => own.map((item) => dataset.items[item]))
  );

Deno.test("alignDataset() numbers items and users as a model does, and counts what the model does not know", () => {
  const users = ["z", "c", "a"], items = ["t", "q", "x", "p", "r"];
  const aligned = alignDataset(DATASET, { users, items }), { dataset, unknown } = aligned;
  assertEquals([dataset.users, dataset.items, dataset.userCount, dataset.itemCount], [users, items, 3, 5]);
  // User z is the model's alone, user b the dataset's alone, and so is item s
  assertEquals(listed(aligned), [
    [[], ["t", "p"], ["p", "q", "r"]],
    [[], ["q"], []],
    [[], ["r"], ["t"]],
  ]);
  assertEquals(unknown, { users: 1, items: 1, valid: 1, test: 0 });
  assertEquals(dataset.itemColumns, { title: ["T", null, null, "P", "R"] });
});

Deno.test("alignDataset() keeps all users for a model that does not tell them apart", () => {
  const aligned = alignDataset(DATASET, { users: null, items: ["q", "p"] });
  assertEquals(aligned.dataset.users, DATASET.users);
  assertEquals(listed(aligned), [[["p", "q"], [], ["p"]], [[], ["q"], ["q"]], [[], ["p"], []]]);
  assertEquals(aligned.unknown, { users: 0, items: 3, valid: 2, test: 2 });
});

Deno.test("alignDataset() leaves the dataset of training as it is", () => {
  const { dataset, unknown } = alignDataset(DATASET, DATASET);
  assertEquals(dataset, DATASET);
  assertEquals(unknown, { users: 0, items: 0, valid: 0, test: 0 });
});

Deno.test("alignDataset() refuses a dataset of which the model knows nothing, with an id of each side", () => {
  assertEquals(
    assertThrows(() => alignDataset(DATASET, { users: null, items: ["P", "Q"] }), RangeError).message,
    "Cannot use the model as its items and those of the dataset have no id in common: 'P' is one of the model, 'p' one " +
      "of the dataset",
  );
  assertEquals(
    assertThrows(() => alignDataset(DATASET, { users: ["1"], items: ["p"] }), RangeError).message,
    "Cannot use the model as its users and those of the dataset have no id in common: '1' is one of the model, 'a' one " +
      "of the dataset",
  );
});
