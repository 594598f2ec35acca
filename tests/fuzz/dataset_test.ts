import { assert, assertEquals } from "@std/assert";
import fc from "../_fast_check.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { DatasetError, readDataset } from "../../src/files/read_dataset.ts";
import { prepare } from "../../src/prepare/prepare.ts";
import { runSql } from "../files/_duckdb.ts";
import { byteEdits, editedBytes, editedJson, fuzz, jsonEdits } from "./_fuzz.ts";

const FOLDER = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(FOLDER, { recursive: true }));
const PREPARED = `${FOLDER}/prepared`, SPOILT = `${FOLDER}/spoilt`;
const FILES = ["interactions.parquet", "items.parquet", "users.parquet"];

/** How other programs write Parquet. */
const OPTIONS = [
  "COMPRESSION zstd",
  "COMPRESSION snappy, PARQUET_VERSION v2",
  "COMPRESSION uncompressed",
  "COMPRESSION gzip",
];

await Deno.writeTextFile(
  `${FOLDER}/log`,
  Array.from(
    { length: 40 },
    (_, user) => `${user} ${[1, 2, 3, 4, 5].map((at) => (user * at) % 23 + 30 * at).join(" ")}\n`,
  )
    .join(""),
);
await prepare({ files: [`${FOLDER}/log`], out: PREPARED, format: "sequences", minUser: 1, minItem: 1 });
/** Bytes of each file, as each program writes it. */
const PARQUET = await Promise.all(
  FILES.flatMap((file) =>
    OPTIONS.map(async (options, at) => {
      const path = `${FOLDER}/${at}-${file}`;
      const more = file === "items.parquet"
        ? `, CASE WHEN item % 3 = 0 THEN NULL ELSE 't' || item END AS title, [item] AS list`
        : "";
      await runSql(`COPY (SELECT *${more} FROM '${PREPARED}/${file}') TO '${path}' (FORMAT parquet, ${options})`);
      return { file, bytes: await Deno.readFile(path) };
    })
  ),
);
const JSON_TEXT = await Deno.readTextFile(`${PREPARED}/dataset.json`);
const WHOLE = await readDataset(PREPARED);

/** Reads the dataset with one file replaced, and checks that it does not contradict itself. */
async function readWith(file: string, content: Uint8Array): Promise<Dataset> {
  await Deno.mkdir(SPOILT, { recursive: true });
  for (const name of [...FILES, "dataset.json"]) await Deno.copyFile(`${PREPARED}/${name}`, `${SPOILT}/${name}`);
  await Deno.writeFile(`${SPOILT}/${file}`, content);
  const dataset = await readDataset(SPOILT), { userCount, itemCount, users, items, itemColumns } = dataset;
  assertEquals([users.length, items.length], [userCount, itemCount]);
  assertEquals([new Set(users).size, new Set(items).size], [userCount, itemCount]);
  for (const values of Object.values(itemColumns)) assertEquals(values.length, itemCount);
  for (const { offsets, items } of [dataset.train, dataset.valid, dataset.test]) {
    assertEquals([offsets[0], offsets[userCount]], [0, items.length]);
    assert(items.every((item) => item < itemCount));
  }
  return dataset;
}

fuzz("Parquet files with other bytes are read or refused", {
  mutants: fc.tuple(fc.constantFrom(...PARQUET), byteEdits)
    .map(([{ file, bytes }, edits]) => ({ file, bytes: editedBytes(bytes, edits) })),
  refusals: [DatasetError],
  read: ({ file, bytes }) => readWith(file, bytes),
});

fuzz("a dataset.json that says something else is read or refused", {
  mutants: jsonEdits.map((edits) => editedJson(JSON_TEXT, edits)),
  refusals: [DatasetError],
  async read(text) {
    const { train, valid, test, users, items } = await readWith("dataset.json", new TextEncoder().encode(text));
    assertEquals({ train, valid, test, users, items }, {
      train: WHOLE.train,
      valid: WHOLE.valid,
      test: WHOLE.test,
      users: WHOLE.users,
      items: WHOLE.items,
    });
  },
});

fuzz("a dataset.json with other bytes is read or refused", {
  mutants: byteEdits.map((edits) => editedBytes(new TextEncoder().encode(JSON_TEXT), edits)),
  refusals: [DatasetError],
  read: (bytes) => readWith("dataset.json", bytes),
});
