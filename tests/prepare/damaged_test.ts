/**
 * Logs that are damaged, or are not what they are said to be: each is read, or refused in one line that says what it is.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { parquetWriteBuffer } from "hyparquet-writer";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { FORMATS } from "../../src/prepare/formats/formats.ts";
import {
  assertLike,
  type Content,
  endsWell,
  inFolder,
  type Options,
  preparedLog,
  usersIn,
  writeFiles,
} from "./_prepared.ts";

/** Lines of three users and five items. */
const rows = (line: (user: number, item: number) => string) =>
  Array.from({ length: 15 }, (_, at) => `${line(at % 3, at % 5)}\n`).join("");
const LOG = `user,item,timestamp\n${rows((user, item) => `${user},${item},${item}`)}`;

const oneFile = (content: Content, options: Options = {}) =>
  inFolder(async (dir) => {
    await writeFiles(dir, { log: content });
    return await endsWell(dir, [`${dir}/log`], options);
  });

Deno.test("lines, cells and tables may be large", async () => {
  const long = "x".repeat(400_000);
  assertEquals(Object.keys((await preparedLog(`user,item\n1,${long}\n2,y\n1,y\n`)).items), [long, "y"]);
  const wide = ",x".repeat(3000);
  assertEquals(usersIn(await preparedLog(`user,item${wide}\n1,2${wide}\n2,3${wide}\n`)), ["1 2", "2 3"]);
  const longest = "y".repeat(17_000_000);
  assertLike(await oneFile(`user,item\n1,2\n1,${longest}\n`), /^line 3 is longer than 16777216 bytes: '1,yyy/);
  assertEquals(
    await oneFile(`{"user":1,"item":2}\n\n{"user":1,"x":"${longest}"}\n`),
    "line 3 is longer than 16777216 bytes",
  );
  assertEquals(await oneFile(`[{"user":1,"item":2},{"user":2,"x":"${longest}","item":3}]`), "1 2 | 2 3");
});

Deno.test("a quote that never ends is refused, even where bad lines are left out", async () => {
  for (const onBad of ["refuse", "skip"] as const) {
    assertLike(
      await oneFile(`user,item,timestamp\n\n1,"2,3\n${LOG.repeat(1000)}`, { onBad }),
      /^line 3 has a quote that does not end: '1,"2,3\\nuser,item.*; --quote none reads quotes as other characters$/,
    );
  }
});

for (
  const [what, content, options, answer] of [
    ["NUL bytes far behind", LOG + "x".repeat(300_000) + "\0", {}, /^it is binary/],
    [
      "bytes that are no text, far behind",
      new Uint8Array([...new TextEncoder().encode(LOG.repeat(2000)), 0xff]),
      {},
      /^it is not text in utf-8/,
    ],
    [
      "numbers beyond all types",
      `user,item,timestamp\n${rows((u, i) => `${"9".repeat(40)}${u},${i},9${"9".repeat(40)}${i}`)}`,
      { timestamp: undefined, order: "file" },
      /^9{40}0 0 3 1 4 2/,
    ],
    ["floats beyond all types", `user,item,timestamp,rating\n${rows((u, i) => `${u},${i},1e30${i},1e999`)}`, {
      minRating: 0,
    }, /^0 0 1 2 3 4|no interaction/],
    [
      "JSON within JSON",
      `{"user":1,"item":2,"x":${"[".repeat(100_000)}${"]".repeat(100_000)}}\n{"user":2,"item":3}\n`,
      {},
      /^1 2 \| 2 3$/,
    ],
    ["a list of JSON within lists", "[".repeat(100_000), {}, /./],
    ["objects of JSON within objects", '{"a":'.repeat(100_000), {}, /./],
    [
      "a list of JSON that ends early",
      '[{"user":1,"item":2},{"user":2,"item":3},{"user":',
      {},
      /^its JSON is damaged at object \d: expected a list of objects/,
    ],
    [
      "a list of JSON with a comma missing",
      '[{"user":1,"item":2} {"user":2,"item":3}]',
      {},
      /^its JSON is damaged at object \d/,
    ],
    [
      "the separator of cells that hold lines",
      '{"user":1,"item":"a\x02b"}\n{"user":2,"item":"c"}\n',
      {},
      /^1 a\ufffdb|line 1 is no JSON object|1 /,
    ],
    ["another format than its name", "PAR1,user\n1,2\n", {}, /^its Parquet data is damaged/],
    ["half a zip archive", "PK\x03\x04 and so on", {}, /^its zip data is damaged/],
    ["a python that is none", "{'user': __import__('os').system('x'), 'item': 1}\n", {}, /./],
    ["a header alone", "user,item,timestamp", {}, /^it holds no interactions$/],
    ["a delimiter alone", "\t", {}, /./],
    ["what is no log", "<!DOCTYPE html>\n<html><head><title>Not found, sorry</title></head></html>", {}, /./],
    ["zstd that ends early", new Uint8Array(zstdCompressSync(LOG)).slice(0, -3), {}, /^its zstd data ends early$/],
    [
      "zstd and more",
      new Uint8Array([...zstdCompressSync(LOG), 1, 2, 3, 4]),
      {},
      /^its zstd data is damaged: it goes on with what is no frame$/,
    ],
    ["gzip that is damaged", new Uint8Array(gzipSync(LOG)).fill(7, 20, 40), {}, /^its gzip data is damaged/],
  ] as readonly (readonly [string, Content, Options, RegExp])[]
) {
  Deno.test(`prepare() ends well with ${what}`, async () => assertLike(await oneFile(content, options), answer));
}

for (
  const [options, why] of [
    [
      { delimiter: "" },
      "its delimiter separates no cells: expected 1 to 4 bytes that end no line, current value is ''",
    ],
    [
      { delimiter: "€€" },
      "its delimiter separates no cells: expected 1 to 4 bytes that end no line, current value is '€€'",
    ],
    [
      { delimiter: "\n" },
      "its delimiter separates no cells: expected 1 to 4 bytes that end no line, current value is '\\n'",
    ],
    [{ quote: "ab" }, `its quotes are no single character: expected one such as ", current value is 'ab'`],
    [{ quote: "é" }, `its quotes are no single character: expected one such as ", current value is 'é'`],
    [{ quote: "," }, "its quotes are in its delimiter: expected another character, current value is ','"],
    [{ escape: "\n" }, `its escapes are no single character: expected one such as ", current value is '\\n'`],
    [{ comment: "" }, "all lines would be comments: expected how such lines begin, or none, current value is ''"],
  ] as const
) {
  Deno.test(`prepare() refuses text laid out so: ${JSON.stringify(options)}`, async () => {
    assertEquals(await oneFile(LOG, options), `Cannot read the text as ${why}`);
  });
}

const KINDS: Readonly<Record<string, string>> = {
  csv: "user,item,t\n1,2,3\n2,3,4\n",
  json: '{"user":1,"item":2}\n{"user":2,"item":3}\n',
  list: '[{"user":1,"item":2},{"user":2,"item":3}]',
  sequences: "1 2 3\n2 3 4 5\n",
  recbole: "user_id:token\titem_id:token\n1\t2\n2\t3\n",
  "u.data": "1\t2\t3\t881250949\n2\t3\t4\t881250949\n",
  "movies.dat": "1::A::B\n2::C::D\n",
  "u.item": `1|a|b||u${"|0".repeat(19)}\n`,
  netflix: "1:\n5,3,2005-09-06\n2:\n6,3,2005-09-06\n",
  amazon: "AAAAAAAAAAAA,B000000001,5,1388534400\nAAAAAAAAAAAB,B000000002,5,1388534400\n",
  blank: "\n\n",
  brace: "{",
  words: "hello world\nhi you\n",
};
for (const { name } of FORMATS) {
  Deno.test(`prepare() ends well with what is not of the format that is named: ${name}`, () =>
    inFolder(async (dir) => {
      await writeFiles(dir, { ...KINDS, log: "user,item\n1,1\n2,2\n" });
      for (const kind of Object.keys(KINDS)) {
        await endsWell(dir, [`${dir}/${kind}`], { format: name });
        await endsWell(dir, [`${dir}/log`], { items: `${dir}/${kind}`, itemsText: { format: name } });
      }
    }));
}

Deno.test("damaged Parquet is refused, wherever it is damaged", async () => {
  const whole = new Uint8Array(parquetWriteBuffer({
    columnData: [
      { name: "user", data: ["a", "b", "c", "a"], type: "STRING" },
      { name: "item", data: ["x", "y", "x", "y"], type: "STRING" },
      { name: "timestamp", data: [1, 2, 3, 4], type: "INT32" },
    ],
  }));
  assertEquals(await oneFile(whole), "a x y | b y | c x");
  for (const end of [4, 12, 50, whole.length - 9, whole.length - 1]) {
    assertLike(await oneFile(whole.slice(0, end)), /^its Parquet data is damaged/);
  }
  // A footer, or a page, of which a byte is another one
  for (let at = 5; at < whole.length; at += 5) {
    await oneFile(whole.map((byte, place) => place === at ? byte ^ 0xff : byte));
  }
});

Deno.test("Parquet that says it has 10^12 rows ends soon", async () => {
  const whole = new Uint8Array(parquetWriteBuffer({
    columnData: [
      { name: "user", data: ["a", "b", "c"], type: "STRING" },
      { name: "item", data: ["x", "y", "x"], type: "STRING" },
    ],
  }));
  const length = new DataView(whole.buffer).getUint32(whole.length - 8, true), start = whole.length - 8 - length;
  // num_rows, an i64 of Thrift's compact protocol, is 3 as a zigzag number: the field's head is 0x16
  const many: number[] = [];
  for (let rest = 2n * 10n ** 12n; rest > 0n; rest >>= 7n) many.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
  const footer = [...whole.subarray(start, whole.length - 8)];
  const places = footer.flatMap((byte, at) => byte === 0x16 && footer[at + 1] === 6 ? [at + 1] : []);
  assert(places.length > 0);
  for (const at of places.toReversed()) footer.splice(at, 1, ...many);
  const end = new Uint8Array(8);
  new DataView(end.buffer).setUint32(0, footer.length, true);
  end.set(whole.subarray(-4), 4);
  const before = performance.now();
  assertLike(await oneFile(new Uint8Array([...whole.subarray(0, start), ...footer, ...end])), /Parquet|a x/);
  assert(performance.now() - before < 20_000);
});
