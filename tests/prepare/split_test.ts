import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readDataset } from "../../src/files/read_dataset.ts";
import { splitRuleOf } from "../../src/prepare/_split.ts";
import { prepare, PrepareError, type PrepareOptions } from "../../src/prepare/prepare.ts";

type Splits = Record<string, [train: string, valid: string, test: string]>;

/** Prepares a log of lines `user,item,time` and gives each user's items by split. */
async function splitsOf(
  lines: readonly string[],
  options: Partial<PrepareOptions> = {},
  more: Readonly<Record<string, string>> = {},
): Promise<{ splits: Splits; words: string; counts: readonly number[] }> {
  const dir = await Deno.makeTempDir();
  try {
    const file = `${dir}/log.csv`, out = `${dir}/out`;
    await Deno.writeTextFile(file, ["user,item,timestamp", ...lines].join("\n"));
    for (const [name, text] of Object.entries(more)) await Deno.writeTextFile(`${dir}/${name}`, text);
    const files = Object.fromEntries(
      (["valid", "test"] as const).filter((name) => options[name] !== undefined)
        .map((name) => [name, `${dir}/${options[name]}`]),
    );
    const { summary, provenance } = await prepare({ files: [file], out, minUser: 1, minItem: 1, ...options, ...files });
    const dataset = await readDataset(out), { users, items, train, valid, test } = dataset;
    const of = ({ offsets, items: list }: typeof train, user: number) =>
      [...list.subarray(offsets[user], offsets[user + 1])].map((item) => items[item]!).join(" ");
    const splits = Object.fromEntries(
      users.map((name, user) => [name, [of(train, user), of(valid, user), of(test, user)]] as const),
    ) as unknown as Splits;
    const { counts } = provenance;
    return { splits, words: summary.split, counts: [counts.train, counts.valid, counts.test] };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A day of January 2020 as the seconds since 1970. */
const day = (number: number) => String(Date.UTC(2020, 0, number) / 1000);

/** Ten days of two users, out of order in the file. */
const TEN = [7, 3, 10, 1, 5, 9, 2, 8, 4, 6].flatMap((number) => [
  `a,${"ABCDEFGHIJ"[number - 1]},${day(number)}`,
  ...number > 4 ? [`b,${"JIHGFEDCBA"[number - 1]},${day(number)}`] : [],
]);

Deno.test("leave-one-out holds the last items of a user out, by time", async () => {
  const { splits, counts } = await splitsOf(TEN);
  assertEquals(splits, { a: ["A B C D E F G H", "I", "J"], b: ["F E D C", "B", "A"] });
  assertEquals(counts, [12, 2, 2]);
});

Deno.test("time=80% begins testing at one point in time for all, and validates on the tenth before", async () => {
  const { splits, counts, words } = await splitsOf(TEN, { split: "time=80%" });
  // 16 interactions: day 8 is the first that 80 % lie before; of those, the last tenth is day 8's
  assertEquals(splits, { a: ["A B C D E F G", "H", "I J"], b: ["F E D", "C", "B A"] });
  assertEquals(counts, [10, 2, 4]);
  assert(words.includes("validation before 2020-01-09T00:00:00Z"), words);
});

Deno.test("time=DATE puts nothing of the future into training, and an equal time on one side", async () => {
  const ties = [...TEN, `c,A,${day(6)}`, `c,B,${day(6)}`, `c,C,${day(7)}`];
  for (const point of ["2020-01-07", "2020-01-07T00:00:00Z", "2020-01-07 01:00:00+01:00"]) {
    const { splits } = await splitsOf(ties, { split: `time=${point}` });
    assertEquals(splits["a"]![2], "G H I J");
    assertEquals(splits["b"]![2], "D C B A");
    assertEquals(splits["c"]![2], "C");
    assertEquals(splits["c"]![0] === "" ? splits["c"]![1] : splits["c"]![0], "A B");
  }
});

Deno.test("time=DATE,DATE says both points, and a user may have nothing to train on", async () => {
  const { splits } = await splitsOf(TEN, { split: "time=2020-01-03,2020-01-06" });
  assertEquals(splits, { a: ["A B", "C D E", "F G H I J"], b: ["", "F", "E D C B A"] });
});

Deno.test("a split by time works on numbers that are no time", async () => {
  const lines = [1, 2, 3, 4, 5].flatMap((frame) => [`a,x${frame},${frame}`, `b,x${6 - frame},${frame}`]);
  const { splits } = await splitsOf(lines, { split: "time=3,5" });
  assertEquals(splits, { a: ["x1 x2", "x3 x4", "x5"], b: ["x5 x4", "x3 x2", "x1"] });
});

Deno.test("a split by time that leaves nothing to train or to test on says what the log has", async () => {
  for (const point of ["2030-01-01", "2000-01-01"]) {
    const error = await assertRejects(() => splitsOf(TEN, { split: `time=${point}` }), PrepareError);
    assert(/the log goes from 2020-01-01T00:00:00Z to 2020-01-10T00:00:00Z$/.test(error.message), error.message);
  }
  const wrong = await assertRejects(() => splitsOf(TEN, { split: "time=soon" }), PrepareError);
  assert(
    wrong.message.endsWith("it cannot be split at 'soon': expected a date such as 2020-01-01, or a share such as 80%"),
  );
  const untimed = await assertRejects(() => splitsOf(TEN, { split: "time=80%", order: "file" }), PrepareError);
  assert(untimed.message.endsWith("a split by time needs times: name their column by --timestamp"), untimed.message);
});

Deno.test("ratio=80,10,10 cuts every user's interactions in order", async () => {
  const { splits, counts } = await splitsOf(TEN, { split: "ratio=80,10,10" });
  assertEquals(splits, { a: ["A B C D E F G H", "I", "J"], b: ["F E D C B", "", "A"] });
  assertEquals(counts, [13, 1, 2]);
  // However few they are, one is for training
  assertEquals((await splitsOf([`a,x,1`, `b,x,1`, `b,y,2`], { split: "ratio=1,1,8" })).splits, {
    a: ["x", "", ""],
    b: ["x", "", "y"],
  });
});

Deno.test("a log without times holds out items at random, which the seed alone draws", async () => {
  const lines = Array.from({ length: 40 }, (_, user) => [..."ABCDEFGH"].map((item) => `u${user},${item},`)).flat();
  const untimed = { timestamp: undefined, missing: [], user: "1", item: "2" };
  const plain = lines.map((line) => line.slice(0, -1));
  const dir = await Deno.makeTempDir();
  try {
    const run = async (text: string, seed: number) => {
      await Deno.writeTextFile(`${dir}/log.csv`, `user,item\n${text}`);
      const out = `${dir}/out`;
      const options = { files: [`${dir}/log.csv`], out, overwrite: true, seed, ...untimed };
      const { summary, warnings } = await prepare(options);
      assertEquals(
        summary.split,
        `leave-one-out at random: of each user one item for testing and one for validation, seed ${seed}`,
      );
      assert(warnings.some((warning) => warning.startsWith("The log has no time, so items at random are held out")));
      const { items, test, train } = await readDataset(out);
      // What is trained on stays in the order of the file
      for (let user = 0; user < 40; user++) {
        const own = [...train.items.subarray(train.offsets[user], train.offsets[user + 1])];
        assertEquals(own, own.toSorted((a, b) => a - b));
      }
      return [...test.items].map((item) => items[item]).join("");
    };
    const first = await run(plain.join("\n"), 0);
    assertEquals(await run(plain.join("\n"), 0), first);
    assert(await run(plain.join("\n"), 1) !== first);
    // Another user in the log changes nothing for the others
    assertEquals(first.length, 40);
    assert(new Set(first).size === 8, `items of all places are drawn, not only the last: ${first}`);
    assert(!first.match(/^H+$/));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("--order file trusts the lines", async () => {
  const { splits, words } = await splitsOf(TEN, { order: "file" });
  assertEquals(splits["a"], ["G C J A E I B H", "D", "F"]);
  assertEquals(words, "leave-one-out: the last item of a user is for testing, the one before for validation");
});

Deno.test("a split that files give is kept, and nothing is filtered", async () => {
  const test = `user,item,timestamp\na,Z,${day(20)}\nb,Z,${day(20)}\n`, valid = `user,item,timestamp\na,Y,${day(11)}\n`;
  const given = await splitsOf(TEN, { valid: "valid.csv", test: "test.csv", minUser: undefined, minItem: undefined }, {
    "valid.csv": valid,
    "test.csv": test,
  });
  assertEquals(given.splits, { a: ["A B C D E F G H I J", "Y", "Z"], b: ["F E D C B A", "", "Z"] });
  const untold = await splitsOf(TEN, { test: "test.csv" }, { "test.csv": test });
  assertEquals(untold.splits, { a: ["A B C D E F G H I", "J", "Z"], b: ["F E D C B", "A", "Z"] });
  assert(untold.words.endsWith("the last is for validation"), untold.words);
});

Deno.test("a split that a column gives is kept", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const file = `${dir}/log.csv`, out = `${dir}/out`;
    const run = async (names: readonly string[]) => {
      const rows = names.flatMap((name, at) => [`a,x${at},${at},${name}`, `b,y${at},${at},${name}`]);
      await Deno.writeTextFile(file, ["user,item,timestamp,fold", ...rows].join("\n"));
      await prepare({ files: [file], out, splitColumn: "fold", overwrite: true });
      const { train, valid, test } = await readDataset(out);
      return [train, valid, test].map(({ items }) => items.length);
    };
    assertEquals(await run(["train", "test", "train", "VALID"]), [4, 2, 2]);
    assertEquals(await run(["0", "2", "0", "1"]), [4, 2, 2]);
    const error = await assertRejects(() => run(["train", "test", "maybe"]), PrepareError);
    assert(error.message.endsWith("its split column holds 'maybe' in a line: expected train, valid or test"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a split that cannot be read is refused with what it may be", () => {
  const cases: [string, string][] = [
    ["random", "the splits are leave-one-out, time=..., ratio=... and given: current value is 'random'"],
    ["ratio=80,20", "a ratio is three numbers, for training, validation and test, such as ratio=80,10,10"],
    ["ratio=0,10,90", "a ratio is three numbers"],
    ["ratio=a,b,c", "a ratio is three numbers"],
    ["time=100%", "a share of the interactions is more than 0 % and less than 100 %"],
    ["time=1,2,3", "there are at most two points in time"],
  ];
  for (const [text, why] of cases) {
    const error = assertThrows(() => splitRuleOf(text), RangeError);
    assert(error.message.startsWith(`Cannot split as ${why}`), error.message);
  }
});

Deno.test("a split in two ways, or a given one that nothing gives, is refused", async () => {
  const two = await assertRejects(
    () => splitsOf(TEN, { split: "time=80%", test: "test.csv" }, { "test.csv": "" }),
    Error,
  );
  assert(/is empty|in two ways/.test(two.message), two.message);
  const none = await assertRejects(() => splitsOf(TEN, { split: "given" }), RangeError);
  assertEquals(
    none.message,
    "Cannot split as given as nothing says how: expected --test FILE, --valid FILE or --split-column NAME",
  );
});

Deno.test("repeats are kept, or one of them stays", async () => {
  const lines = ["a,x,1", "a,y,2", "a,x,3", "b,y,1", "b,y,2", "b,x,3"];
  const kept = async (repeats: "keep" | "first" | "last") => (await splitsOf(lines, { repeats })).splits;
  assertEquals(await kept("keep"), { a: ["x y x", "", ""], b: ["y y x", "", ""] });
  assertEquals(await kept("first"), { a: ["x y", "", ""], b: ["y x", "", ""] });
  assertEquals(await kept("last"), { a: ["y x", "", ""], b: ["y x", "", ""] });
});
