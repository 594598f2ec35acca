/**
 * The same content through every format, container and encoding gives the same dataset, byte for byte.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { TextReader, Uint8ArrayWriter, ZipWriter } from "npm:@zip.js/zip.js@^2.24.0";
import type { PrepareOptions } from "../../src/prepare/prepare.ts";
import { runSql } from "../files/_duckdb.ts";
import { type Look, prepared, titlesIn } from "./_prepared.ts";

/** An interaction of a log. */
interface Line {
  readonly user: string;
  readonly item: string;
  readonly rating: number;
  /** Seconds since 1970. */
  readonly time: number;
}

/** Sixty interactions of some users and items, in no order, none at the time of another of its user. */
function linesOf(users: readonly string[], items: readonly string[]): Line[] {
  const lines = users.flatMap((user, u) =>
    Array.from({ length: 7 }, (_, at): Line => ({
      user,
      item: items[(u * 3 + at * (1 + u % 2)) % items.length]!,
      rating: 1 + (u + at) % 5,
      time: 1_300_000_000 + ((at * 5 + u) % 7) * 86_400 * 40 + u * 60,
    }))
  );
  return lines.toSorted((a, b) => (a.time * 7919) % 1000 - (b.time * 7919) % 1000);
}

const TEXTS = linesOf(["007", "u 1", "Zoë", "x", "y-2", "z.3", "a", "b"], [
  "é",
  "0",
  "00",
  "i 1",
  "B,2",
  "c",
  "d",
  "e",
]);
const PLAIN = linesOf(["007", "u1", "zoe", "x", "y-2", "z.3", "a", "b"], ["f", "0", "00", "i1", "B2", "c", "d", "e"]);
const NUMBERS = linesOf(["1", "2", "3", "10", "20", "30", "7", "8"], ["5", "6", "50", "60", "500", "9", "90", "1"]);
const AMAZON = linesOf(
  Array.from({ length: 8 }, (_, at) => `A${at}B2C3D4E5F6G`),
  Array.from({ length: 8 }, (_, at) => `B00000000${at}`),
);

const iso = (time: number) => new Date(time * 1000).toISOString();

/** A delimited text. */
function csv(
  lines: readonly Line[],
  { delimiter = ",", quote = (cell: string) => cell, head = ["user", "item", "rating", "timestamp"], end = "\n" } = {},
): string {
  const rows = [head, ...lines.map(({ user, item, rating, time }) => [user, item, `${rating}`, `${time}`])];
  return rows.filter((row) => row.length > 0).map((row) => row.map(quote).join(delimiter) + end).join("");
}

const quoteAll = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
const quoteSome = (cell: string) => /[,;"]/.test(cell) ? quoteAll(cell) : cell;

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Prepares files that lie in a folder of their own. */
async function look(files: Files, options: Partial<PrepareOptions> = {}): Promise<Look> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    const paths = (options.files ?? Object.keys(files)).map((name) => name === "" ? folder : `${folder}/${name}`);
    const items = options.items === undefined ? {} : { items: `${folder}/${options.items}` };
    return await prepared({ ...options, ...items, files: paths });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const baselines = new Map<readonly Line[], Look>();

/** What every other form of the content has to give. */
async function baselineOf(lines: readonly Line[]): Promise<Look> {
  const known = baselines.get(lines) ?? await look({ "log.csv": csv(lines, { quote: quoteSome }) });
  baselines.set(lines, known);
  return known;
}

async function assertSame(lines: readonly Line[], actual: Look): Promise<void> {
  const expected = await baselineOf(lines);
  assertEquals(actual.sequences, expected.sequences);
  assertEquals(actual.tables, expected.tables);
  const figures = ({ prepared: { provenance, summary } }: Look) => {
    const { lengths, density, repeats, span, before } = summary;
    const { "comment lines": _, ...leftOut } = summary.leftOut;
    return { counts: provenance.counts, lengths, density, repeats, span, before, leftOut };
  };
  assertEquals(figures(actual), figures(expected));
}

const utf16 = (text: string, little: boolean) => {
  const bytes = new Uint8Array(2 * text.length + 2), view = new DataView(bytes.buffer);
  view.setUint16(0, 0xfeff, little);
  for (let at = 0; at < text.length; at++) view.setUint16(2 * at + 2, text.charCodeAt(at), little);
  return bytes;
};
const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

Deno.test("the content that all forms share is sorted by time and split", async () => {
  const { sequences, prepared: { provenance } } = await baselineOf(TEXTS);
  assertEquals(provenance.counts, { users: 8, items: 8, interactions: 56, train: 40, valid: 8, test: 8 });
  const own = TEXTS.filter(({ user }) => user === "007").toSorted((a, b) => a.time - b.time);
  assertEquals(sequences["007"], own.map(({ item }) => item).join(" "));
});

const named = csv(TEXTS, { quote: quoteSome });
for (
  const [what, content, options] of [
    ["quotes everywhere", csv(TEXTS, { quote: quoteAll }), {}],
    ["semicolons", csv(TEXTS, { delimiter: ";", quote: quoteSome }), {}],
    ["tabs", csv(TEXTS, { delimiter: "\t" }), {}],
    ["tabs and quotes", csv(TEXTS, { delimiter: "\t", quote: quoteAll }), {}],
    ["bars", csv(TEXTS, { delimiter: "|" }), {}],
    ["colons", csv(TEXTS, { delimiter: "::" }), {}],
    ["a delimiter of its own", csv(TEXTS, { delimiter: "~^~" }), { delimiter: "~^~" }],
    ["no header", csv(TEXTS, { quote: quoteSome, head: [] }), { timestamp: "4", rating: "3" }],
    ["positions under a header", named, { user: "1", item: "2", timestamp: "4" }],
    ["names of its own", csv(TEXTS, { quote: quoteSome, head: ["who", "what", "n", "when"] }), {
      user: "who",
      item: "what",
      timestamp: "when",
    }],
    ["spaces around cells", csv(TEXTS, { delimiter: " , ", quote: quoteAll }), {}],
    ["CRLF", csv(TEXTS, { quote: quoteSome, end: "\r\n" }), {}],
    ["CR", csv(TEXTS, { quote: quoteSome, end: "\r" }), {}],
    ["mixed line ends", named.replace(/\n/g, (_, at: number) => ["\n", "\r\n", "\r"][at % 3]!), {}],
    ["no line end at the end", named.trimEnd(), {}],
    ["blank lines", `\n\n${named.replaceAll("\n", "\n\n")}\n`, {}],
    ["lines of blanks", named.replaceAll("\n", "\n  \n"), {}],
    ["spaces at the ends of lines", named.replaceAll("\n", "  \n"), {}],
    ["a byte order mark", `\ufeff${named}`, {}],
    ["a line that names the delimiter", `sep=;\n${csv(TEXTS, { delimiter: ";", quote: quoteSome })}`, {}],
    ["UTF-16, little end first", utf16(named, true), {}],
    ["UTF-16, big end first", utf16(named, false), {}],
    ["UTF-16 without a mark", utf16(named, true).subarray(2), { encoding: "utf-16le" }],
    ["latin-1", latin1(named), { encoding: "latin1" }],
    ["Windows-1252", latin1(named), { encoding: "windows-1252" }],
    ["gzip", gzipSync(named), {}],
    ["gzip of several members", new Uint8Array([...gzipSync(named.slice(0, 100)), ...gzipSync(named.slice(100))]), {}],
    ["zstd", new Uint8Array(zstdCompressSync(named)), {}],
    [
      "zstd of several frames",
      new Uint8Array([...zstdCompressSync(named.slice(0, 100)), ...zstdCompressSync(named.slice(100))]),
      {},
    ],
    ["JSON lines", TEXTS.map((line) => `${JSON.stringify(line)}\n`).join(""), {}],
    ["a list of JSON", JSON.stringify(TEXTS, null, 1), {}],
    ["objects of JSON over several lines", TEXTS.map((line) => `${JSON.stringify(line, null, 2)}\n`).join(""), {}],
    [
      "a first line that is long",
      TEXTS.map((line) => `${JSON.stringify({ ...line, text: line === TEXTS[0] ? "x".repeat(400_000) : "" })}\n`).join(
        "",
      ),
      {},
    ],
    [
      "dictionaries of Python",
      TEXTS.map(({ user, item, rating, time }) =>
        `{u'user': u'${user}', 'item': '${item}', 'x': None, 'rating': ${rating}.0, 'timestamp': ${time}, ` +
        `'ok': True, 'tags': ('a', "b's",)}\n`
      ).join(""),
      {},
    ],
    [
      "nested JSON",
      TEXTS.map(({ user, item, rating, time }) => `${JSON.stringify({ by: { id: user }, item, rating, time })}\n`).join(
        "",
      ),
      { user: "by.id" },
    ],
    [
      "times in milliseconds",
      csv(TEXTS, { quote: quoteSome }).replace(/,(\d{10})\n/g, ",$1000\n"),
      {},
    ],
    ["times in microseconds", named.replace(/,(\d{10})\n/g, ",$1000000\n"), {}],
    ["times in nanoseconds", named.replace(/,(\d{10})\n/g, ",$1000000000\n"), {}],
    ["times with a point", named.replace(/,(\d{10})\n/g, ",$1.0\n"), {}],
    ["times as dates", named.replace(/,(\d{10})\n/g, (_, time) => `,${iso(Number(time))}\n`), {}],
    [
      "times as dates with an offset",
      named.replace(/,(\d{10})\n/g, (_, time) => `,${iso(Number(time) + 7200).replace("Z", "+0200")}\n`),
      {},
    ],
  ] as const
) {
  Deno.test(`the same content with ${what} gives the same dataset`, async () => {
    await assertSame(TEXTS, await look({ "log": content }, options));
  });
}

for (
  const [what, sql] of [
    ["texts and integers", `COPY log TO '$' (FORMAT parquet)`],
    ["zstd and small row groups", `COPY log TO '$' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048)`],
    [
      "timestamps",
      `COPY (SELECT user, item, rating::DOUBLE AS rating, make_timestamp_ns(timestamp * 1000000000) AS timestamp FROM log)
        TO '$' (FORMAT parquet)`,
    ],
    [
      "timestamps with a zone",
      `COPY (SELECT user, item, rating, make_timestamp_ns(timestamp * 1000000000)::TIMESTAMPTZ AS timestamp FROM log)
        TO '$' (FORMAT parquet)`,
    ],
    [
      "floats for times",
      `COPY (SELECT user, item, rating, timestamp::DOUBLE AS timestamp FROM log) TO '$' (FORMAT parquet)`,
    ],
  ] as const
) {
  Deno.test(`the same content as Parquet with ${what} gives the same dataset`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/log.csv`, named);
      const types = "columns = {'user': 'VARCHAR', 'item': 'VARCHAR', 'rating': 'INTEGER', 'timestamp': 'BIGINT'}";
      await runSql(
        `SET TimeZone = 'UTC'`,
        `CREATE TABLE log AS SELECT * FROM read_csv('${folder}/log.csv', header = true, ${types})`,
        sql.replace("$", `${folder}/log.parquet`),
      );
      await assertSame(TEXTS, await prepared({ files: [`${folder}/log.parquet`] }));
      const packed = gzipSync(await Deno.readFile(`${folder}/log.parquet`));
      await assertSame(TEXTS, await look({ "log.parquet.gz": packed }));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("integer ids that a program made floats of are integers", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/log.csv`, csv(NUMBERS));
    await runSql(
      `CREATE TABLE log AS SELECT * FROM read_csv('${folder}/log.csv', header = true)`,
      `COPY (SELECT user::DOUBLE AS user_id, item::FLOAT AS item_id, timestamp FROM log UNION ALL
        SELECT 'nan'::DOUBLE, 5, 1) TO '${folder}/log.parquet' (FORMAT parquet)`,
    );
    const actual = await prepared({ files: [`${folder}/log.parquet`] });
    assertEquals(actual.tables, (await baselineOf(NUMBERS)).tables);
    assertEquals(actual.prepared.summary.leftOut, { "without a user": 1 });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const spaced = csv(PLAIN, { delimiter: " ", head: ["user", "item", "rating", "timestamp"] });
const films = Array.from({ length: 90 }, (_, at) => at + 1);
const uItem = films.map((id) => `${id}|Film é ${id}|01-Jan-1995||http://x|${"0|".repeat(5)}1|${"0|".repeat(11)}1|0`);
const moviesDat = films.map((id) => `${id}::Film é ${id}::Comedy|Thriller`);
const moviesCsv = ["movieId,title,genres", ...films.map((id) => `${id},"Film é ${id}",Comedy|Thriller`)];

async function zip(files: Files): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  for (const [at, [name, content]] of Object.entries(files).entries()) {
    await writer.add(name, new TextReader(content as string), { level: at % 2 === 0 ? 5 : 0 });
  }
  return await writer.close();
}

const ratings = {
  "u.data": csv(NUMBERS, { delimiter: "\t", head: [] }),
  "ratings.dat": csv(NUMBERS, { delimiter: "::", head: [] }),
  "ratings.csv": csv(NUMBERS, { head: ["userId", "movieId", "rating", "timestamp"] }),
};
const netflixDay = (time: number) => iso(time).slice(0, 10);
const DAYS = NUMBERS.map((line) => ({ ...line, time: Date.parse(netflixDay(line.time)) / 1000 }));
const blocks = [...Map.groupBy(DAYS, ({ item }) => item)].map(([item, lines]) =>
  `${item}:\n${lines.map(({ user, rating, time }) => `${user},${rating},${netflixDay(time)}\n`).join("")}`
).join("");

for (
  const [what, lines, files, options] of [
    ["spaces", PLAIN, { log: spaced }, {}],
    ["several spaces", PLAIN, { log: spaced.replaceAll(" ", "   ") }, {}],
    ["R's write.table", PLAIN, { log: csv(PLAIN, { delimiter: " ", quote: quoteAll }) }, {}],
    ["comments", PLAIN, { log: `# made by hand\n# on a day\n${csv(PLAIN)}` }, { comment: "#" }],
    ["lines before it", PLAIN, { log: `Export of 2011\n\n${csv(PLAIN)}` }, { skipLines: 1 }],
    ["u.data of MovieLens", NUMBERS, { "u.data": ratings["u.data"] }, {}],
    ["ratings.dat of MovieLens", NUMBERS, { "ratings.dat": ratings["ratings.dat"] }, {}],
    ["ratings.csv of MovieLens", NUMBERS, { "ratings.csv": ratings["ratings.csv"] }, {}],
    ["an atomic file of RecBole", NUMBERS, {
      "x.inter": csv(NUMBERS, {
        delimiter: "\t",
        head: ["user_id:token", "item_id:token", "rating:float", "timestamp:float"],
      }).replace(/\t(\d{10})\n/g, "\t$1.0\n"),
    }, {}],
    ["blocks of Netflix", DAYS, { "combined_data_1.txt": blocks }, {}],
    ["Amazon's reviews of 2014", AMAZON, {
      "reviews.json": AMAZON.map(({ user, item, rating, time }) =>
        `${
          JSON.stringify({
            reviewerID: user,
            asin: item,
            overall: rating,
            reviewTime: "01 2, 2011",
            unixReviewTime: time,
          })
        }\n`
      ).join(""),
    }, {}],
    ["Amazon's reviews of 2023", AMAZON, {
      "Beauty.jsonl": AMAZON.map(({ user, item, rating, time }) =>
        `${
          JSON.stringify({
            rating,
            title: 'Good, "really"',
            asin: `${item}X`,
            parent_asin: item,
            user_id: user,
            timestamp: time * 1000,
          })
        }\n`
      ).join(""),
    }, {}],
    ["Amazon's ratings of 2014", AMAZON, { "ratings_Beauty.csv": csv(AMAZON, { head: [] }) }, {}],
    ["Amazon's ratings of 2018", AMAZON, {
      "Beauty.csv": AMAZON.map(({ user, item, rating, time }) => `${item},${user},${rating}.0,${time}\n`).join(""),
    }, {}],
  ] as const
) {
  Deno.test(`the same content as ${what} gives the same dataset`, async () => {
    await assertSame(lines, await look(files as Files, options));
  });
}

for (
  const [what, files, titles] of [
    ["of 1998", { "u.data": ratings["u.data"], "u.item": latin1(uItem.join("\n")), "README": "about" }, "u.item"],
    ["of 2003", { "ratings.dat": ratings["ratings.dat"], "movies.dat": latin1(moviesDat.join("\n")) }, "movies.dat"],
    ["of today", { "ratings.csv": ratings["ratings.csv"], "movies.csv": moviesCsv.join("\n"), "tags.csv": "x" }, "csv"],
  ] as const
) {
  Deno.test(`a folder of MovieLens ${what} has titles and genres`, async () => {
    const actual = await look(files as unknown as Files, { files: [""] });
    const { interactions, users } = (await baselineOf(NUMBERS)).tables;
    assertEquals([actual.tables["interactions"], actual.tables["users"]], [interactions, users]);
    assertEquals(actual.items["60"]?.["title"], "Film é 60");
    assertEquals(actual.items["60"]?.["genres"], titles === "u.item" ? "Comedy|War" : "Comedy|Thriller");
  });
}

Deno.test("several files, a folder, a pattern and archives are one log", async () => {
  const [head, ...lines] = csv(PLAIN).trimEnd().split("\n");
  const part = (from: number, to?: number) => `${head}\n${lines.slice(from, to).join("\n")}\n`;
  const files = { "part-9.csv": part(0, 20), "part-10.csv": part(20, 40), "part-11.csv": part(40) };
  const order = Object.keys(files);
  await assertSame(PLAIN, await look(files, { files: order }));
  await assertSame(PLAIN, await look(files, { files: [""] }));
  await assertSame(PLAIN, await look(files, { files: ["part-*.csv"] }));
  await assertSame(PLAIN, await look({ "all.zip": await zip(files) }));
  await assertSame(
    PLAIN,
    await look({ "all.zip": await zip({ "deep/er/log.csv": csv(PLAIN), "deep/README.txt": "x" }) }),
  );
  // Only the first of the files that were cut from one has its header
  const cut = { "a.csv": part(0, 20), "b.csv": `${lines.slice(20).join("\n")}\n` };
  await assertSame(PLAIN, await look(cut, { files: ["a.csv", "b.csv"] }));
});

Deno.test("an address and standard input are read", async () => {
  const log = csv(PLAIN);
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    if (new URL(request.url).pathname !== "/log.csv.gz") return new Response("no", { status: 404 });
    return new Response(new Uint8Array(gzipSync(log)));
  });
  const address = `http://127.0.0.1:${server.addr.port}`;
  await assertSame(PLAIN, await prepared({ files: [`${address}/log.csv.gz`] }));
  let message = "";
  await prepared({ files: [`${address}/other`] }).catch((error) => message = error.message);
  assertStringIncludes(message, "as its address answers 404");

  const folder = await Deno.makeTempDir();
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "tasks/prepare.ts", "-", "--out", `${folder}/out`, "--min-user", "1", "--min-item", "1"],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(log));
    await writer.close();
    assertEquals((await child.status).code, 0);
    const bytes = await Deno.readFile(`${folder}/out/interactions.parquet`);
    assertEquals(bytes, (await baselineOf(PLAIN)).tables["interactions"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("sequences keep the order of the line, adjacency has none", async () => {
  const sorted = [...Map.groupBy(NUMBERS, ({ user }) => user)].map(([user, lines]) =>
    [user, ...lines.toSorted((a, b) => a.time - b.time).map(({ item }) => item)].join(" ")
  ).join("\n");
  const expected = (await baselineOf(NUMBERS)).sequences;
  assertEquals((await look({ log: sorted }, { format: "sequences" })).sequences, expected);
  assertEquals((await look({ "x.seq.txt": sorted })).sequences, expected);
  const adjacent = await look({ log: sorted }, { format: "adjacency" });
  assertEquals(adjacent.prepared.summary.split.startsWith("leave-one-out at random"), true);
  for (const [user, items] of Object.entries(adjacent.sequences)) {
    assertEquals(items.split(" ").toSorted(), expected[user]!.split(" ").toSorted());
  }
});

Deno.test("LightGCN's folder and RecBole's three files bring their split along", async () => {
  const gcn = { "train.txt": "0 1 2 3 4 5\n1 2 3 4\n2\n", "test.txt": "0 6\n1 5 6\n2\n", "README.md": "x" };
  const { prepared: { provenance, summary }, sequences } = await look(gcn, { files: [""], minUser: undefined });
  assertEquals([provenance.counts.train, provenance.counts.valid, provenance.counts.test], [8 - 1, 1, 3]);
  assertEquals(Object.keys(sequences), ["0", "1"]);
  assert(summary.split.startsWith("given"), summary.split);

  const head = "user_id:token\titem_id:token\ttimestamp:float\n";
  const recbole = {
    "x.train.inter": `${head}a\ti1\t1\na\ti2\t2\nb\ti1\t1\nb\ti3\t2\n`,
    "x.valid.inter": `${head}a\ti3\t3\nb\ti2\t3\n`,
    "x.test.inter": `${head}a\ti4\t4\nb\ti4\t4\n`,
    "x.item": "item_id:token\tmovie_title:token_seq\tclass:token_seq\ni1\tOne of them\tComedy War\ni4\tFour\t\n",
  };
  const kept = await look(recbole, { files: [""] });
  assertEquals(kept.sequences, { a: "i1 i2 i3 i4", b: "i1 i3 i2 i4" });
  assertEquals(kept.prepared.provenance.counts, { users: 2, items: 4, interactions: 8, train: 4, valid: 2, test: 2 });
  assertEquals(titlesIn(kept), { i1: "One of them", i2: null, i3: null, i4: "Four" });
});

for (
  const [year, metadata] of [
    [
      "2014",
      `{'asin': 'B000000000', 'title': "It's \\"here\\"", 'price': None, 'categories': [['Beauty', "Men's"]], 'x': u'\\xe9'}
{'asin': 'B000000001', 'title': 'Say "yes"', 'related': {'also': ['1']}, 'categories': [['Beauty']]}
`,
    ],
    [
      "2018",
      `{"category": ["Beauty", "Men's"], "title": "It's \\"here\\"", "asin": "B000000000", "feature": ["long"]}
{"category": ["Beauty"], "title": "Say \\"yes\\"", "asin": "B000000001"}
`,
    ],
    [
      "2023",
      `{"main_category": "All", "title": "It's \\"here\\"", "categories": ["Beauty", "Men's"], "parent_asin": "B000000000"}
{"main_category": "All", "title": "Say \\"yes\\"", "categories": ["Beauty"], "parent_asin": "B000000001", "price": null}
`,
    ],
  ] as const
) {
  Deno.test(`Amazon's metadata of ${year} has titles and categories`, async () => {
    const actual = await look({ "log.csv": csv(AMAZON), "meta.json": metadata }, {
      files: ["log.csv"],
      items: "meta.json",
    });
    assertEquals(actual.items["B000000000"]?.["title"], `It's "here"`);
    assertEquals(actual.items["B000000001"]?.["title"], `Say "yes"`);
    const { categories, category } = actual.items["B000000000"]!;
    assertEquals(categories ?? category, "Beauty|Men's");
  });
}
