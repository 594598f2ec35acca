/**
 * What a log may hold to do harm: nothing is read or written outside what was named, and every refusal is one clear line.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { TextReader, Uint8ArrayWriter, ZipWriter } from "npm:@zip.js/zip.js@^2.24.0";
import { readDataset } from "../../src/files/read_dataset.ts";
import { prepare, PrepareError, type PrepareOptions } from "../../src/prepare/prepare.ts";
import { summaryLines } from "../../tasks/prepare/summary_lines.ts";

const SQL = `'); DROP TABLE text; COPY (SELECT 1) TO 'evil.csv'; --`;
const ESCAPE = "\u001b[2J\u0007";

/** Words of the database and of the language that are no words for a user. */
const INTERNAL = /DuckDB|LINE 1|Binder|Catalog|Conversion Error|Invalid Input|undefined|is not a function|\n/;

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function listing(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** Prepares a log in a folder of its own, beside which nothing may appear. */
async function tried(
  content: string | Uint8Array,
  options: Partial<PrepareOptions> = {},
  name = "log",
): Promise<{ message: string } | Awaited<ReturnType<typeof prepare>>> {
  return await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/in`);
    const file = `${folder}/in/${name}`, out = `${folder}/out`;
    await Deno.writeFile(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    try {
      const made = await prepare({ files: [file], out, minUser: 1, minItem: 1, ...options });
      await readDataset(out);
      assertEquals(listing(folder), ["in", "out"]);
      return made;
    } catch (error) {
      assert(error instanceof Error);
      assert(/^Cannot .+ as /.test(error.message), error.stack);
      assert(!INTERNAL.test(error.message), error.message);
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x08\x0b-\x1f\x7f]/.test(error.message), JSON.stringify(error.message));
      assertEquals(listing(folder), ["in"]);
      return { message: error.message };
    } finally {
      assertEquals(listing(`${folder}/in`), [name]);
    }
  });
}

const LOG = "user,item,timestamp\na,x,1\na,y,2\nb,x,1\nb,y,3\n";

for (
  const value of [SQL, ESCAPE, `"`, `""`, "'", ";", "..", "../../etc/passwd", "s3://bucket/x", "%s", "\\", "$1", "`ls`"]
) {
  const shown = JSON.stringify(value);
  Deno.test(`ids, titles and names of columns may be ${shown}`, async () => {
    const cell = `"${value.replaceAll('"', '""')}"`,
      text = `${cell},item,timestamp\n${cell},x,1\n${cell},y,2\nb,${cell},1\nb,y,2\n`;
    const made = await tried(text, { user: value, item: "item", timestamp: "timestamp" });
    assert("provenance" in made, JSON.stringify(made));
    assertEquals(made.provenance.counts, { users: 2, items: 3, interactions: 4, train: 4, valid: 0, test: 0 });
    const lines = summaryLines(made, "out", undefined).join("\n");
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x08\x0b-\x1f\x7f]/.test(lines), JSON.stringify(lines));
  });

  Deno.test(`flags may be ${shown}: what is not there is refused in one line`, async () => {
    for (const options of [{ user: value }, { timestamp: value }, { splitColumn: value }, { where: value }]) {
      assert("message" in await tried(LOG, options), JSON.stringify(options));
    }
    for (const options of [{ events: [value] }, { delimiter: value }, { quote: value }, { comment: value }]) {
      await tried(LOG, options);
    }
    await tried(LOG, { missing: [value] });
    await tried(LOG, { timeFormat: value });
  });
}

for (
  const name of [
    "a'b.csv",
    `a"b.csv`,
    "a;b.csv",
    "*.csv",
    "[x]?.csv",
    "a b.csv",
    "..csv",
    "-rf",
    "a\u001bb.csv",
    "ü.csv",
    "a%20b",
  ]
) {
  Deno.test(`a file may be called ${JSON.stringify(name)}`, async () => {
    assert("provenance" in await tried(LOG, {}, name));
    const { message } = await tried("user,item\na\n", {}, name) as { message: string };
    assertStringIncludes(message, "line 2 has 1 columns: expected 2");
  });
}

for (
  const [what, content, options] of [
    ["a NUL", "user,item\na,x\0\nb,y\n", {}],
    ["a quote that never ends", `user,item\na,"x\n${"b,y\n".repeat(1000)}`, {}],
    ["a cell of 20 MB", `user,item\na,${"x".repeat(20_000_000)}\nb,y\n`, {}],
    ["a million columns", `${"c,".repeat(1_000_000)}c\n${"1,".repeat(1_000_000)}1\n`, { user: "1", item: "2" }],
    ["JSON that is deep", `{"user":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)},"item":"x"}\n`, {}],
    ["JSON that is cut", `{"user":"a","item":"x"}\n{"user":"a","item":\n`, {}],
    ["JSON of another kind", `[1,2,3]\n[4,5,6]\n`, {}],
    ["JSON with a key twice", `{"user":"a","user":"b","item":"x"}\n{"user":"c","item":"y"}\n`, {}],
    ["JSON with a hostile key", `{"__proto__":{"x":1},"user":"a","item":"x"}\n{"user":"b","item":"y"}\n`, {}],
    ["numbers beyond all", `user,item,timestamp\na,x,${"9".repeat(400)}\nb,y,1e308\n`, {}],
    ["numbers that are none", `user,item,rating,timestamp\na,x,nan,1\nb,y,inf,2\n`, { minRating: 1 }],
    ["Parquet that is cut", new Uint8Array([...new TextEncoder().encode("PAR1"), ...Array(200).fill(7)]), {}],
    ["Parquet that is only a name", "PAR1PAR1", {}],
    ["gzip in gzip", new Uint8Array(gzipSync(gzipSync(LOG))), {}],
    ["a tar archive", `${"x".repeat(257)}ustar${"x".repeat(300)}`, {}],
    ["surrogates alone", new Uint8Array([0xed, 0xa0, 0x80, 44, 49, 10]), {}],
    ["only delimiters", ",,,\n,,,\n,,,\n", { user: "1", item: "2" }],
    ["only quotes", `"\n"\n"\n`, { delimiter: ",", user: "1", item: "2" }],
    ["carriage returns alone", "\r\r\r\r", {}],
    ["a format that it is not", LOG, { format: "parquet" }],
    ["a format that is not there", LOG, { format: "excel" }],
    ["blocks without a film", "5,3,2005-09-06\n1:\n5,3,2005-09-06\n", { format: "netflix" }],
    ["lines for recbole without types", LOG, { format: "recbole" }],
    ["lines for amazon", LOG, { format: "amazon" }],
    ["lines for movielens", LOG, { format: "movielens" }],
    ["lines for json-lines", LOG, { format: "json-lines" }],
  ] as const
) {
  Deno.test(`a log with ${what} is read, or refused in one line`, async () => {
    await tried(content as string, options);
  });
}

Deno.test("a log packed a thousandfold is streamed, not held", async () => {
  const line = "u1,i1,1300000000\n",
    packed = gzipSync(`user,item,timestamp\n${line.repeat(3_000_000)}u2,i2,1300000000\n`);
  const before = Deno.memoryUsage().rss;
  const made = await tried(new Uint8Array(packed));
  assert("provenance" in made);
  assertEquals(made.provenance.counts.interactions, 3_000_001);
  assert(Deno.memoryUsage().rss - before < 1.5e9, `${Deno.memoryUsage().rss - before}`);
});

for (const name of ["../../evil.csv", "/etc/evil.csv", "a/../../evil.csv"]) {
  Deno.test(`an archive whose name ${name} leads out of it is refused`, async () => {
    await withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/a/b`, { recursive: true });
      const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
      await writer.add(name, new TextReader(LOG));
      const file = `${folder}/a/b/log.zip`;
      await Deno.writeFile(file, await writer.close());
      const { message } = await assertRejects(() => prepare({ files: [file], out: `${folder}/a/b/out` }), PrepareError);
      assertEquals(message, `Cannot prepare '${file}' as a name in it leads out of the archive`);
      assertEquals([listing(folder), listing(`${folder}/a`), listing(`${folder}/a/b`)], [["a"], ["b"], ["log.zip"]]);
    });
  });
}

Deno.test("an address as a place to write is refused", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/log.csv`, LOG);
    for (const out of ["s3://bucket/data", "https://example.com/data", "gcs://x/y"]) {
      const { message } = await assertRejects(() => prepare({ files: [`${folder}/log.csv`], out }), RangeError);
      assertEquals(message, `Cannot write a dataset to '${out}' as it is an address: expected a folder`);
    }
    assertEquals(listing(folder), ["log.csv"]);
  });
});

Deno.test("the task is refused what it has no permission for, and loads no extension", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const permissions = (tasks.prepare as string).split(" ").filter((word) => word.startsWith("--allow"));
  assertEquals(permissions, ["--allow-read", "--allow-write", "--allow-ffi", "--allow-env=SEVO_*"]);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      ...permissions,
      "tasks/prepare.ts",
      "http://127.0.0.1:8123/log.csv",
      "--out",
      "/nowhere",
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const error = new TextDecoder().decode(stderr);
  assertEquals(code, 3);
  assertStringIncludes(
    error,
    "this task has no permission for the network: run it as deno run --allow-net=127.0.0.1:8123",
  );
});

const TERMINAL = "\x1b[31mred\x1b]0;title\x07\u009b2J\u202e";

Deno.test("names of columns and cells never reach a terminal as they are", async () => {
  const named = LOG.replaceAll(/(?<=^[^,]*),[^,]*(?=,)/gm, (cell) => `${cell === ",item" ? `,${TERMINAL}` : cell},1`);
  for (
    const [text, options, pattern] of [
      [
        named,
        {},
        /its columns are user, \\x1b\[31mred\\x1b\]0;title\\x07\\x9b2J\\u202e, 1, timestamp; name it by --item/,
      ],
      [named, { item: "other" }, /there is no column 'other'/],
      [LOG, { item: TERMINAL }, /there is no column '\\x1b/],
      [`${LOG}a,x,${TERMINAL}\n`, {}, /holds the time '\\x1b/],
      [`${LOG}${TERMINAL},2\n`, {}, /has 2 columns: expected 3: '\\x1b/],
      [LOG, { encoding: TERMINAL }, /no encoding is called '\\x1b/],
      [LOG, { where: TERMINAL }, /breaks off/],
      [LOG, { split: TERMINAL }, /\\x1b/],
      [JSON.stringify({ [TERMINAL]: 1 }), {}, /\\x1b/],
    ] as const
  ) {
    const made = await tried(text, options);
    assert("message" in made && pattern.test(made.message), JSON.stringify(made));
  }
});

Deno.test("the task prints nothing that a terminal obeys", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/log${TERMINAL}`;
    await Deno.writeTextFile(
      file,
      `user,${TERMINAL},event\na,x,${TERMINAL}\na,y,view\nb,x,${TERMINAL}\nb,y,view\n1,2\n`,
    );
    const run = async (out: string) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", "tasks/prepare.ts", file, "--item", TERMINAL, "--on-bad", "skip", "--out", out]
          .concat(
            ["--min-user", "1", "--min-item", "1"],
          ),
        env: { NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(text), JSON.stringify(text));
      return { code, text };
    };
    const made = await run(`${folder}/out${TERMINAL}`);
    assertEquals(made.code, 0, made.text);
    assert(/red.*\n.*left out.*has 2 columns/s.test(made.text), made.text);
    const refused = await run(`${folder}/out${TERMINAL}`);
    assert(/^error: [^\n]* exists already[^\n]*\n$/.test(refused.text), refused.text);
  });
});
