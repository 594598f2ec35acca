import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { PrepareError } from "../../src/prepare/prepare.ts";
import { prepared, titlesIn } from "./_prepared.ts";

/** Small logs in the shapes of public datasets and exports that users have trouble with. */
const CASES = new URL("cases/", import.meta.url).pathname;

Deno.test("MovieLens' movies.dat has bars inside of its genres", async () => {
  const folder = `${CASES}01_movies_dat`;
  const named = await prepared({ files: [`${folder}/ratings.dat`], items: `${folder}/movies.dat` });
  assertEquals(named.items, {
    11: { title: "Paper Boat (1990)", genres: "Animation|Children's|Comedy" },
    12: { title: "Two Harbours (1991)", genres: "Adventure|Children's|Fantasy" },
    13: { title: "Old Mill, The (1992)", genres: "Comedy|Romance" },
    14: { title: "Waiting Room (1993)", genres: "Comedy|Drama" },
  });
  assertEquals(named.sequences, { 1: "11 12 13 14", 2: "11 12 14 13" });
  assertEquals((await prepared({ files: [folder] })).tables, named.tables);
});

Deno.test("Book-Crossing: latin-1, semicolons, quotes after a backslash, leading zeros", async () => {
  const folder = `${CASES}02_bookcrossing`;
  const look = await prepared({
    files: [`${folder}/ratings.csv`],
    items: `${folder}/books.csv`,
    itemsText: { encoding: "latin1" },
    order: "file",
  });
  assertEquals(titlesIn(look, "Title"), {
    "0012345674": 'The "Quiet" House',
    "012345678X": "Die Blüte",
    "055555555X": "Fish; Chips",
    "0987654321": "Plain",
  });
  assertEquals(look.sequences["1"], "012345678X 0012345674 0987654321 055555555X");
  const unnamed = await assertRejects(
    () => prepared({ files: [`${folder}/ratings.csv`], items: `${folder}/books.csv` }),
    PrepareError,
  );
  assertStringIncludes(
    unnamed.message,
    "it is not text in utf-8: name its encoding by --items-encoding, such as latin1",
  );
});

Deno.test("Last.fm: ids that are empty are left out and counted, lone quotes are text", async () => {
  const files = [`${CASES}03_lastfm1k/log.tsv`];
  const { sequences, prepared: { summary } } = await prepared({ files, user: "1", item: "5", timestamp: "2" });
  assertEquals(sequences, { user_1: "t-4 t-3 t-1", user_2: "t-1 t-3 t-4" });
  assertEquals([summary.leftOut, summary.read.lines], [{ "without an item": 1 }, 7]);
  const artists = await prepared({ files, user: "1", item: "4", timestamp: "2", repeats: "first" });
  assertEquals(artists.sequences["user_1"], `Ann's 12" Mix Deep "Blue" Sea`);
});

Deno.test("Diginetica: two columns order a session, and NA is no user", async () => {
  const files = [`${CASES}05_diginetica/views.csv`];
  const look = await prepared({ files, user: "sessionId", timestamp: "eventdate,timeframe" });
  assertEquals(look.sequences, { 1: "704 703 701 702", 2: "702 704 701 703" });
  const { message } = await assertRejects(() => prepared({ files, timestamp: "eventdate,timeframe" }), PrepareError);
  assertStringIncludes(message, "7 lines without one in column 'userId' are left out: --user names another");
});

Deno.test("JSON lines with times in milliseconds", async () => {
  const { sequences, prepared: { summary } } = await prepared({ files: [`${CASES}08_jsonl/reviews.jsonl`] });
  assertEquals(sequences, { AAA: "B002 B001 B003", BBB: "B001" });
  assertEquals(summary.order, "column 'timestamp' (milliseconds since 1970)");
});

for (const file of ["quoted.tsv", "rownames.csv", "rownames2.csv"]) {
  Deno.test(`an export of R, ${file}: quotes are no part of ids, and row names no column`, async () => {
    const { sequences } = await prepared({ files: [`${CASES}10_r_export/${file}`] });
    assertEquals(sequences, { a: "x y", b: "x y" });
  });
}

for (
  const file of [
    "bom.csv",
    "lf_then_crlf.csv",
    "mac.csv",
    "mixed.csv",
    "one_cr.tsv",
    "sep.csv",
    "trailing.csv",
    "trailing2.csv",
  ]
) {
  Deno.test(`an export of Excel, ${file}`, async () => {
    const { sequences, prepared: { summary } } = await prepared({ files: [`${CASES}11_excel/${file}`] });
    assertEquals(sequences, { a: "x y", b: "x y" });
    assertEquals([summary.read.lines, summary.leftOut], [4, {}]);
  });
}

Deno.test("columns by position: a header is no interaction, and a time by its usual name is used", async () => {
  const look = await prepared({ files: [`${CASES}12_header_positions/ratings.csv`], user: "1", item: "2" });
  assertEquals(look.sequences, { 1: "20 40 30 10", 2: "10 20 30 40" });
  const unused = await prepared({
    files: [`${CASES}12_header_positions/ratings.csv`],
    user: "1",
    item: "2",
    order: "file",
  });
  assertEquals(unused.sequences["1"], "10 20 30 40");
});

for (
  const [file, expected] of [
    ["tz", "w z y x"],
    ["dmy4", "x y z w"],
    ["compact", "x w y z"],
    ["mon", "x w y z"],
    ["ns", "z y x w"],
  ] as const
) {
  Deno.test(`times of the kind ${file} are sorted by instant`, async () => {
    assertEquals((await prepared({ files: [`${CASES}13_dates/${file}.csv`] })).sequences, { a: expected, b: "w" });
  });
}

Deno.test("times that may mean two dates, or none, are refused with a hint, and read where their format is said", async () => {
  const short = [`${CASES}13_dates/dmy2.csv`];
  const { message } = await assertRejects(() => prepared({ files: short }), PrepareError);
  assertStringIncludes(
    message,
    `'03/02/14' has a year of two digits: say how it is written by --time-format "%d/%m/%y"`,
  );
  assertEquals((await prepared({ files: short, timeFormat: "%d/%m/%y" })).sequences["a"], "x y z w");
  assertEquals((await prepared({ files: short, timeFormat: "%m/%d/%y" })).sequences["a"], "x z w y");
  const special = await assertRejects(() => prepared({ files: [`${CASES}13_dates/special.csv`] }), PrepareError);
  assertStringIncludes(special.message, "line 2 holds the time 'infinity'");
  assertStringIncludes(special.message, "--time-format");
});

Deno.test("repeats: all interactions of a user with an item, the first, or the last", async () => {
  const files = [`${CASES}14_repeats/plays.tsv`];
  const of = async (repeats: "keep" | "first" | "last") => {
    const { sequences, prepared: { summary } } = await prepared({ files, repeats });
    return { own: sequences["u0"]!, summary };
  };
  const all = await of("keep");
  assertEquals(all.own.split(" ").length, 20);
  assertEquals(all.summary.repeats, 960 / 1200);
  const first = await of("first");
  assertEquals([first.own, first.summary.leftOut, first.summary.repeats], ["i0 i1 i2 i3", { repeats: 960 }, 0]);
  const heavy = await prepared({ files: [`${CASES}14_repeats/heavy.tsv`], repeats: "last" });
  assert(Object.values(heavy.sequences).every((items) => new Set(items.split(" ")).size === items.split(" ").length));
});

Deno.test("events: all kinds count unless some are named, or each item once", async () => {
  const files = [`${CASES}16_events/events.csv`];
  const all = await prepared({ files });
  assertEquals(all.sequences, { 7001: "501 501 501 502 503 504", 7002: "501 502 503 503" });
  assertStringIncludes(all.warnings, "All kinds of events count alike, 'view' (7), 'transaction' (2), 'addtocart' (1)");
  const views = await prepared({ files, events: ["view"] });
  assertEquals(views.sequences, { 7001: "501 502 503 504", 7002: "501 502 503" });
  assertEquals([views.prepared.summary.leftOut, views.warnings.includes("events")], [
    { "events of other kinds": 3 },
    false,
  ]);
  assertEquals((await prepared({ files, repeats: "first" })).sequences["7002"], "501 502 503");
});

Deno.test("ratings: all count as positive, which is said, unless a threshold leaves low ones out", async () => {
  const files = [`${CASES}17_threshold/r.csv`];
  const all = await prepared({ files });
  assertStringIncludes(
    all.warnings,
    "All ratings count as positive, and 4 are in the lower half of their range, -1 to 5",
  );
  assertEquals(all.prepared.summary.ratings, { least: -1, greatest: 5, low: 4 });
  for (const threshold of [{ minRating: 4 }, { where: "rating >= 4" }]) {
    const high = await prepared({ files, ...threshold });
    assertEquals(high.sequences, { a: "x z", b: "x z" });
    assertEquals(Object.values(high.prepared.summary.leftOut), [4]);
    assert(!high.warnings.includes("positive"));
  }
});

for (
  const [file, options, titles, leftOut] of [
    ["items_comma_title.txt", {}, ["Hello, World, again, and, again", "Two", "Three", "Four"], 0],
    ["items_first.csv", {}, ["One", "Two", "Three", "Four"], 0],
    ["items_float.csv", {}, ["One", "Two", "Three", "Four"], 0],
    ["items_latin.txt", { encoding: "latin1" }, ["Amélie", "Two", "Three", "Four"], 0],
    ["items_nl.csv", {}, ["One\nsecond line", 'Two, "too"', "Three", "again"], 0],
    ["items_pipe_title.tsv", {}, ["A|B|C|D", "Two", "Three", "Four"], 0],
    ["items_short.csv", {}, ["One", null, null, "Four"], 2],
  ] as const
) {
  Deno.test(`an items file of its own kind, ${file}: titles as they are written`, async () => {
    const folder = `${CASES}31_items_file`;
    const look = await prepared({ files: [`${folder}/log.csv`], items: `${folder}/${file}`, itemsText: options });
    assertEquals(Object.values(titlesIn(look)), [...titles]);
    assertEquals(look.prepared.summary.items?.leftOut, leftOut);
    assertEquals(Object.keys(look.sequences), ["Bob", "Zoë"]);
  });
}

Deno.test("a log that has grown has the users and items of the old one, and new ones", async () => {
  const [old, grown] = [`${CASES}34_grown/old.csv`, `${CASES}34_grown/new.csv`];
  const [before, after] = [await prepared({ files: [old] }), await prepared({ files: [grown] })];
  for (const [user, items] of Object.entries(before.sequences)) assert(after.sequences[user]!.startsWith(items));
  assert(Object.keys(after.sequences).length > Object.keys(before.sequences).length);
});
