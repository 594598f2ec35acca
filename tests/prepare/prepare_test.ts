import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { packSequences, sequenceAt } from "../../src/data/sequences.ts";
import { readDataset } from "../../src/files/read_dataset.ts";
import { prepare as prepareFiles, PrepareError, type PrepareOptions } from "../../src/prepare/prepare.ts";

const REAL = new URL("../../../shared/data/", import.meta.url);
const SKIPPED = (() => {
  try {
    return !Deno.statSync(REAL).isDirectory;
  } catch {
    return true;
  }
})();
const real = (name: string) => SKIPPED ? `${name} (skipped: ../shared/data is not here)` : name;

const BASE = { minUser: 1, minItem: 1, order: "file" } as const;

type OneFile = Omit<PrepareOptions, "files"> & { readonly file: string };

/** Prepares one file. */
const prepare = ({ file, ...options }: OneFile) => prepareFiles({ files: [file], ...options });

/** Runs in a new folder, with a file there, and says what is left in the folder afterwards. */
async function withFile<T>(
  content: string | Uint8Array,
  use: (file: string, dir: string) => Promise<T>,
): Promise<T> {
  const dir = await Deno.makeTempDir();
  try {
    const file = `${dir}/log`;
    await Deno.writeFile(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    return await use(file, dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function listing(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map((entry) => entry.name).sort();
}

async function sequencesOf(out: string) {
  const { train, valid, test, users, items } = await readDataset(out);
  return users.map((user, u) => {
    const own = [train, valid, test].flatMap((part) => [...sequenceAt(part, u)]);
    return [user, ...own.map((item) => items[item])].join(" ");
  });
}

const csv = { ...BASE, order: undefined, format: "csv" } as const;
const sequences = { ...BASE, format: "sequences" } as const;

Deno.test("prepare() reads sequences, and numbers ids as numbers", async () => {
  await withFile("10 7 30 7 2\r\n\n 9  2 30\n2 100 7 30 2 7", async (file, dir) => {
    const out = `${dir}/out`;
    const { provenance, summary: { order } } = await prepare({ ...sequences, file, out });
    const dataset = await readDataset(out);
    assertEquals(dataset.users, ["2", "9", "10"]);
    assertEquals(dataset.items, ["2", "7", "30", "100"]);
    assertEquals(dataset.train, packSequences([[3, 1, 2], [0, 2], [1, 2]]));
    // A sequence of three or fewer is for training whole; an item that comes twice stays twice.
    assertEquals(dataset.valid, packSequences([[0], [], [1]]));
    assertEquals(dataset.test, packSequences([[1], [], [0]]));
    assertEquals(provenance.counts, { users: 3, items: 4, interactions: 11, train: 7, valid: 2, test: 2 });
    assertEquals(dataset.provenance, provenance);
    assertEquals(order, "the order of the line");
    assertEquals(dataset.name, "out");
    assertEquals(listing(dir), ["log", "out"]);
    assertEquals(listing(out), ["dataset.json", "interactions.parquet", "items.parquet", "users.parquet"]);
  });
});

Deno.test("prepare() sorts interactions by user and time, and keeps the order of the file where times are equal", async () => {
  const text = "who,what,when\nb,x,2\na,y,1.5\nb,y,1\na,x,1.25\nb,z,2\n";
  await withFile(text, async (file, dir) => {
    const out = `${dir}/out`;
    const { summary: { order } } = await prepare({ ...csv, file, out, user: "who", item: "what", timestamp: "when" });
    assertEquals(await sequencesOf(out), ["a x y", "b y x z"]);
    assertEquals(order, "column 'when' (numbers)");
  });
});

Deno.test("prepare() takes dates, quotes and any id, and numbers such ids by string", async () => {
  const text = `user,item,timestamp\n"u, 1",b 2,2014-01-02\n"u, 1",10,2014-01-01\nö,10,2014-01-01 10:00:00\n`;
  await withFile(text, async (file, dir) => {
    const out = `${dir}/out`;
    await prepare({ ...csv, file, out });
    assertEquals(await sequencesOf(out), ["u, 1 10 b 2", "ö 10"]);
    assertEquals((await readDataset(out)).items, ["10", "b 2"]);
  });
});

Deno.test("prepare() tells a file without a header, its delimiter, and columns by their position", async () => {
  for (
    const [delimiter, name] of [["\t", undefined], ["::", undefined], ["|", "pipe"], ["~~", "~~"], [" ", undefined]]
  ) {
    const text = [["5", "8", "3", "20"], ["5", "9", "1", "10"], ["6", "9", "1", "10"]].map((line) =>
      line.join(delimiter)
    );
    await withFile(text.join("\n"), async (file, dir) => {
      const out = `${dir}/out`;
      await prepare({ ...csv, file, out, user: "1", item: "2", timestamp: "4", delimiter: name });
      assertEquals(await sequencesOf(out), ["5 9 8", "6 9"], `delimiter '${delimiter}'`);
    });
  }
});

for (
  const [what, text, options, kept, columns] of [
    [
      "words for ids",
      "u1,i1,2\nu1,i2,3\nu2,i2,1\n",
      { user: "1", item: "2" },
      ["u1 i1 i2", "u2 i2"],
      { user: "1", item: "2" },
    ],
    [
      "words for ids and times",
      "u1,i2,2,2014-01-02\nu1,i1,3,2014-01-01\nu2,i2,1,2014-01-01\n",
      { user: "1", item: "2", timestamp: "4" },
      ["u1 i1 i2", "u2 i2"],
      { user: "1", item: "2", timestamp: "4" },
    ],
    [
      "a word for a time first",
      "who,what,n,when\nu1,i2,2,2\nu1,i1,3,1.5\nu2,i2,1,1\n",
      { user: "1", item: "2", timestamp: "4" },
      ["u1 i1 i2", "u2 i2"],
      { user: "who", item: "what", timestamp: "when" },
    ],
    [
      "a header by name",
      "n,user,item\n1,u1,i1\n3,u1,i2\n2,u2,i2\n",
      {},
      ["u1 i1 i2", "u2 i2"],
      { user: "user", item: "item" },
    ],
    [
      "a header that is asked for, and positions",
      "who,what,3\nu1,i1,9\nu1,i2,9\nu2,i2,9\n",
      { user: "1", item: "2", header: true },
      ["u1 i1 i2", "u2 i2"],
      { user: "who", item: "what" },
    ],
    [
      "names that are numbers, where there are no such positions",
      "2020,who,2021\ni1,u1,9\ni2,u1,9\ni2,u2,9\n",
      { user: "2", item: "2020" },
      ["u1 i1 i2", "u2 i2"],
      { user: "who", item: "2020" },
    ],
    [
      "a first line of words that is said to be none",
      "userId\titemId\n1\t5\n",
      { user: "1", item: "2", header: false },
      ["1 5", "userId itemId"],
      { user: "1", item: "2" },
    ],
  ] as const
) {
  Deno.test(`prepare() tells a header from a first interaction: ${what}`, async () => {
    await withFile(text, async (file, dir) => {
      const out = `${dir}/out`;
      const prepared = await prepare({ ...csv, ...options, file, out });
      assertEquals(await sequencesOf(out), [...kept]);
      assertEquals(prepared.summary.read.columns, columns);
    });
  });
}

Deno.test("prepare() filters users and items until nothing changes", async () => {
  // Without user 4, item 9 is seen once; without item 9, user 3 has one item left; the rest is its own core.
  const text = "1 5 6 7\n2 5 6 7\n3 5 9\n4 9\n";
  await withFile(text, async (file, dir) => {
    const out = `${dir}/out`;
    const { summary, provenance } = await prepare({ ...sequences, file, out, minUser: 2, minItem: 2 });
    assertEquals(await sequencesOf(out), ["1 5 6 7", "2 5 6 7"]);
    assertEquals(summary.before, { users: 4, items: 4, interactions: 9 });
    assertEquals(summary.leftOut, { "rarely seen users and items": 3 });
    assertEquals(provenance.counts.interactions, 6);
  });
});

Deno.test("prepare() reads gzip, of several members too, and other encodings", async () => {
  const packed = [gzipSync("1 5 6\n"), gzipSync("2 5 6\n")];
  const joined = new Uint8Array([...packed[0]!, ...packed[1]!]);
  await withFile(joined, async (file, dir) => {
    await prepare({ ...sequences, file, out: `${dir}/out` });
    assertEquals(await sequencesOf(`${dir}/out`), ["1 5 6", "2 5 6"]);
  });
  await withFile(Uint8Array.from("user,item\né,1\nb,2\n", (c) => c.charCodeAt(0)), async (file, dir) => {
    await prepare({ ...csv, file, out: `${dir}/out`, encoding: "iso-8859-1" });
    assertEquals((await readDataset(`${dir}/out`)).users, ["b", "é"]);
  });
});

Deno.test("prepare() adds what an items file says", async () => {
  await withFile("1 5 6\n2 6 7\n", async (file, dir) => {
    await Deno.writeTextFile(`${dir}/items.tsv`, 'item\tid\ttitle\n6\tx6\t"Six" it is\n5\tx5\t\n99\tx\tOther\n');
    const out = `${dir}/out`;
    await prepare({ ...sequences, file, out, items: `${dir}/items.tsv` });
    assertEquals((await readDataset(out)).itemColumns, { id_: ["x5", "x6", null], title: [null, '"Six" it is', null] });
    await Deno.writeTextFile(`${dir}/items.txt`, "6|Six|01\n7|Seven|02\n");
    const itemsText = { columns: "item,title" };
    await prepare({ ...sequences, file, out, overwrite: true, items: `${dir}/items.txt`, itemsText });
    assertEquals((await readDataset(out)).itemColumns, { title: [null, "Six", "Seven"] });
  });
});

Deno.test("prepare() writes the same bytes twice", async () => {
  await withFile("1 5 6 7 8\n2 5 6 8\n3 8 5\n", async (file, dir) => {
    for (const out of ["a/out", "b/out"]) await prepare({ ...sequences, file, out: `${dir}/${out}` });
    for (const name of listing(`${dir}/a/out`)) {
      assertEquals(await Deno.readFile(`${dir}/a/out/${name}`), await Deno.readFile(`${dir}/b/out/${name}`), name);
    }
  });
});

Deno.test("prepare() replaces a dataset only if asked, and never anything else", async () => {
  await withFile("1 5 6\n2 5 6\n", async (file, dir) => {
    const out = `${dir}/out`;
    await prepare({ ...sequences, file, out });
    const again = () => prepare({ ...sequences, file, out });
    assertEquals(
      (await assertRejects(again, PrepareError)).message,
      `Cannot prepare '${file}' as '${out}' exists already: --overwrite replaces it`,
    );
    await Deno.writeTextFile(file, "1 5 6 7\n2 5 6\n");
    await prepare({ ...sequences, file, out, overwrite: true });
    assertEquals((await readDataset(out)).itemCount, 3);
    assertEquals(
      (await assertRejects(() => prepare({ ...sequences, file, out: dir, overwrite: true }), PrepareError)).message,
      `Cannot prepare '${file}' as '${dir}' is not a dataset: --overwrite replaces only a dataset`,
    );
    assertEquals(listing(dir), ["log", "out"]);
  });
});

Deno.test("prepare() puts the old dataset back if the new one cannot take its place", async () => {
  await withFile("1 5 6\n2 5 6\n", async (file, dir) => {
    const out = `${dir}/out`, rename = Deno.rename;
    const replace = async (fails: (from: string) => boolean) => {
      Deno.rename = (from, to) => fails(String(from)) ? Promise.reject(new Error("disk on fire")) : rename(from, to);
      try {
        return await assertRejects(() => prepare({ ...sequences, file, out, overwrite: true }), Error);
      } finally {
        Deno.rename = rename;
      }
    };
    await prepare({ ...sequences, file, out });
    await Deno.writeTextFile(file, "1 5 6 7\n2 5 6\n");
    assertEquals((await replace((from) => from.endsWith("/dataset"))).message, "disk on fire");
    assertEquals((await readDataset(out)).itemCount, 2);
    assertEquals(listing(dir), ["log", "out"]);

    const { message } = await replace((from) => from.includes("/.prepare-"));
    const [work, ...others] = listing(dir);
    assertEquals(others, ["log"]);
    const there = `${dir}/${work}/replaced`;
    assertEquals(
      message,
      `Cannot prepare '${file}' as '${out}' cannot be replaced: the dataset that was there is now '${there}'`,
    );
    assertEquals((await readDataset(there)).itemCount, 2);
  });
});

const packed = gzipSync(Array.from({ length: 50 }, (_, user) => `${user} 5 6\n`).join(""));
const damaged = Uint8Array.from(packed);
damaged[packed.length - 6]! ^= 1;

for (
  const [what, content, options, why] of [
    ["an empty file", "", {}, "it is empty"],
    ["a blank file", "\n  \n", {}, "it is empty"],
    ["an empty gzip", gzipSync(""), {}, "it is empty"],
    ["a truncated gzip", packed.subarray(0, -4), {}, "its gzip data ends early"],
    ["a damaged gzip", damaged, {}, "its gzip data is damaged: incorrect data check"],
    ["a damaged zip", Uint8Array.of(80, 75, 3, 4, 0, 0), {}, "its zip data is damaged"],
    [
      "a binary file",
      Uint8Array.of(1, 75, 3, 4, 0, 0),
      {},
      "it is binary: expected text or Parquet, plain or packed with gzip, zstd or zip",
    ],
    [
      "a file of another packer",
      Uint8Array.of(0x42, 0x5a, 0x68, 0x39),
      {},
      "it is packed with bzip2: unpack it first; gzip, zstd and zip are read as they are",
    ],
    [
      "another encoding",
      Uint8Array.of(49, 32, 0xe9),
      {},
      "it is not text in utf-8: name its encoding by --encoding, such as latin1",
    ],
    [
      "an unknown encoding",
      "1 2",
      { encoding: "x" },
      "no encoding is called 'x': try utf-8, utf-16le, latin1 or windows-1252",
    ],
    ["a user of two lines", "1 5 6\n2 5\n1 7\n", {}, "line 3 is the second of user 1: the first is line 1"],
    ["one user", "1 5 6 7 8\n", {}, "a recommender needs at least 2 users: current value is 1"],
    ["one item", "1 5\n2 5\n", {}, "a recommender needs at least 2 items: current value is 1"],
    ["users without items", "1\n2\n", {}, "it holds no interactions"],
    [
      "nothing left by the filter",
      "1 5 6\n2 7 8\n",
      { minUser: 5, minItem: 4 },
      "nothing is left of its 2 users, 4 items and 4 interactions by --min-user 5 and --min-item 4",
    ],
    [
      "one user left by the filter",
      "1 5 6\n2 7\n",
      { minUser: 2 },
      "a recommender needs at least 2 users: 1 of 2 are left by --min-user 2 and --min-item 1",
    ],
    ["a header alone", "user,item\n", { format: "csv" }, "it holds no interactions"],
    [
      "an unknown column",
      "who,item,when\na,b,1\n",
      { format: "csv" },
      "it does not say which column holds the users: its columns are who, item, when; name it by --user, or pass " +
      "--no-header if the first line is an interaction",
    ],
    [
      "a position that is not there",
      "1\t2\t3\n",
      { format: "csv", user: "4" },
      "there is no column '4': its columns have no names and are numbered 1 to 3",
    ],
    [
      "one column for both",
      "1\t2\t3\n",
      { format: "csv", user: "2" },
      "users and items are both in column '2': see --user and --item",
    ],
    [
      "a word for a timestamp",
      "user,item,timestamp\na,b,1\n\nb,b,soon\n",
      { format: "csv" },
      "line 4 holds the time 'soon': the others are whole numbers; --on-bad skip leaves out such lines, " +
      "--time-format says how times are written",
    ],
    [
      "a missing timestamp",
      "user,item,timestamp\na,b,1\nb,b,\n",
      { format: "csv" },
      "line 3 has no time in column 'timestamp'; --on-bad skip leaves out such lines, " +
      "--time-format says how times are written",
    ],
    [
      "a short line",
      "user,item,n\na,b,1\nb,c\n",
      { format: "csv" },
      "line 3 has 2 columns: expected 3: 'b,c'; --on-bad skip leaves out such lines",
    ],
    [
      "a long line",
      "user,item\na,b\nb,c,d\n",
      { format: "csv" },
      "line 3 has 3 columns: expected 2: 'b,c,d'; --on-bad skip leaves out such lines",
    ],
    [
      "an open quote",
      'user,item\na,"b\nb,c\n',
      { format: "csv" },
      "line 2 has a quote that does not end: 'a,\"b\\nb,c'; --quote none reads quotes as other characters",
    ],
  ] as const
) {
  Deno.test(`prepare() refuses ${what} and leaves nothing behind`, async () => {
    await withFile(content, async (file, dir) => {
      const run = () => prepare({ ...sequences, order: undefined, ...options, file, out: `${dir}/new/out` });
      const { message } = await assertRejects(run, PrepareError);
      assertEquals(message, `Cannot prepare '${file}' as ${why}`);
      assertEquals(listing(dir), ["log"]);
    });
  });
}

Deno.test("prepare() refuses a file that is not there, and a folder", async () => {
  await withFile("", async (file, dir) => {
    await Deno.mkdir(`${dir}/none`);
    for (
      const [path, why] of [[`${file}s`, "there is no such file"], [
        `${dir}/none`,
        "the folder holds no files",
      ]] as const
    ) {
      const { message } = await assertRejects(
        () => prepare({ ...sequences, file: path, out: `${dir}/out` }),
        PrepareError,
      );
      assertEquals(message, `Cannot prepare '${path}' as ${why}`);
    }
    assertEquals(listing(dir), ["log", "none"]);
  });
});

Deno.test("prepare() refuses an items file that is about other items", async () => {
  await withFile("1 5 6\n2 5 6\n", async (file, dir) => {
    const items = `${dir}/items.csv`;
    await Deno.writeTextFile(items, "id,title\na,A\n");
    const { message } = await assertRejects(
      () => prepare({ ...sequences, file, items, out: `${dir}/out` }),
      PrepareError,
    );
    assertEquals(
      message,
      `Cannot prepare '${file}' as none of its items is in '${items}': its first id is '5', that of '${items}' is 'a'; ` +
        "--items-id names the column of the ids",
    );
    assertEquals(listing(dir), ["items.csv", "log"]);
  });
});

Deno.test("prepare() takes the first words of an items file without a header for titles", async () => {
  await withFile("1 5 6\n2 5 6\n", async (file, dir) => {
    const items = `${dir}/items.txt`, out = `${dir}/out`;
    await Deno.writeTextFile(items, "5|1995|Five (1995)|\n6|1996|Six (1996)|\n");
    const { summary } = await prepare({ ...sequences, file, items, out });
    assertEquals(summary.items, { described: 2, columns: ["column_2", "title", "column_4"], leftOut: 0 });
    assertEquals((await readDataset(out)).itemColumns["title"], ["Five (1995)", "Six (1996)"]);
  });
});

for (
  const [what, cells, found] of [
    ["seconds", ["881250949", "891717742"], "4"],
    ["milliseconds", ["1381250949000", "1391717742123"], "4"],
    ["dates", ["2020-01-02", "2021-12-31 10:00:00"], "4"],
    ["ratings", ["3", "5"], null],
    ["words", ["buy", "view"], null],
    ["times and a word", ["881250949", "never"], null],
  ] as const
) {
  Deno.test(`prepare() says whether a column of ${what} looks like a time that is not used`, async () => {
    const lines = [0, 1, 2, 3].map((at) => `${at % 2 + 1}\t${(at >> 1) + 5}\t4\t${cells[at % 2]}`);
    await withFile(lines.join("\n"), async (file, dir) => {
      const columns = { format: "csv", header: false, user: "1", item: "2" } as const;
      const options = { ...csv, ...columns, file, out: `${dir}/out` };
      const { warnings } = await prepare(options);
      assertEquals(warnings.some((warning) => warning.startsWith("Column '4' looks like a time")), found !== null);
      if (found === null) return;
      const sorted = await prepare({ ...options, overwrite: true, timestamp: found });
      assertEquals(sorted.warnings.filter((warning) => warning.includes("looks like a time")), []);
      assert(sorted.summary.order.startsWith("column '4'"), sorted.summary.order);
    });
  });
}

for (
  const [file, options, counts] of [
    ["Beauty.seq.txt.gz", {}, { users: 22363, items: 12101, interactions: 198502, train: 153776 }],
    ["Toys_and_Games.seq.txt.gz", {}, { users: 19412, items: 11924, interactions: 167597, train: 128773 }],
    [
      "ml-1m.seq.txt.gz",
      { items: new URL("ml-1m.items.tsv.gz", REAL).pathname },
      { users: 6040, items: 3416, interactions: 999611, train: 987531 },
    ],
    [
      "ml-100k.u.data.gz",
      { format: "csv", user: "1", item: "2", timestamp: "4" },
      { users: 943, items: 1349, interactions: 99287, train: 97401 },
    ],
  ] as const
) {
  Deno.test({
    name: real(`prepare() gives the published counts for ${file}`),
    ignore: SKIPPED,
    fn: async () => {
      await withFile("", async (_, dir) => {
        const out = `${dir}/out`;
        const { summary } = await prepare({
          ...sequences,
          minUser: 5,
          minItem: 5,
          ...options,
          file: new URL(file, REAL).pathname,
          out,
        });
        const dataset = await readDataset(out);
        const { users, items, interactions, train } = dataset.provenance.counts;
        assertEquals({ users, items, interactions, train }, counts);
        assertEquals(dataset.train.items.length, counts.train);
        for (const { offsets } of [dataset.valid, dataset.test]) {
          assertEquals(offsets, Uint32Array.from(offsets.keys()));
        }
        if (file !== "ml-100k.u.data.gz") assertEquals(summary.leftOut, {});
        if (file === "ml-1m.seq.txt.gz") {
          assertEquals(dataset.itemColumns["title"]?.[0], "Raiders of the Lost Ark (1981)");
        }
      });
    },
  });
}
