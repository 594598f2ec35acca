/**
 * What an items file says of the items.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { zstdCompressSync } from "node:zlib";
import { type Content, inFolder, prepared, refusal, titlesIn, writeFiles } from "./_prepared.ts";

const LOG = "user,item\n1,1\n1,2\n1,3\n2,1\n2,2\n2,3\n";
const latin = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** The columns that an items file gives to the items 1, 2 and 3. */
async function columnsOf(items: Content): Promise<readonly Readonly<Record<string, string | null>>[]> {
  return await inFolder(async (folder) => {
    await writeFiles(folder, { "log.csv": LOG, items });
    const look = await prepared({ files: [`${folder}/log.csv`], items: `${folder}/items` });
    assertEquals(look.prepared.summary.items!.leftOut, 0);
    assertEquals(Object.keys(titlesIn(look)), ["1", "2", "3"]);
    return Object.values(look.items);
  });
}

Deno.test("u.item of MovieLens may have quotes, unknown genres, and films without any", async () => {
  const flags = (...on: number[]) => Array.from({ length: 19 }, (_, at) => on.includes(at) ? 1 : 0).join("|");
  const items = latin(
    `1|Misérables, Les (1995)|01-Jan-1995||http://us.imdb.com/M/title-exact?Mis%E9rables|${flags(8, 12)}\n` +
      `2|"Quoted" (1996)|||http://x|${flags(0)}\n3|unknown||||${flags()}\n`,
  );
  assertEquals(await columnsOf(items), [
    { title: "Misérables, Les (1995)", release_date: "01-Jan-1995", genres: "Drama|Musical" },
    { title: '"Quoted" (1996)', release_date: null, genres: "unknown" },
    { title: "unknown", release_date: null, genres: null },
  ]);
});

Deno.test("movies.dat of MovieLens may have colons inside of its titles", async () => {
  const items = latin("1::Léon: The Professional (1994)::Crime|Drama\n2::A: B (1995)::Comedy\n3::C::Sci-Fi\n");
  assertEquals((await columnsOf(items)).map(({ title }) => title), [
    "Léon: The Professional (1994)",
    "A: B (1995)",
    "C",
  ]);
});

Deno.test("movies.csv of MovieLens has quotes within quotes", async () => {
  const items = 'movieId,title,genres\n1,"American President, The (1995)",Comedy|Drama\n' +
    '2,"""Great"" One, The (2001)",(no genres listed)\n3,Léon (1994),Crime\n';
  const titles = (await columnsOf(items)).map(({ title }) => title);
  assertEquals(titles, ["American President, The (1995)", '"Great" One, The (2001)', "Léon (1994)"]);
});

Deno.test("lists of JSON are texts and numbers as they are written, whatever their escapes", async () => {
  const lines = [
    { category: ["Books", 'A "b" \\ é'], title: "One", asin: "1", price: "$5.00" },
    { category: [], title: "Two", asin: "2", price: 7.5 },
    { category: [["Toys", "Kid's"], ["Dolls"]], title: "Three", asin: "3", price: null },
  ].map((object) => JSON.stringify(object).replaceAll("é", "\\u00e9")).join("\n");
  assertEquals(await columnsOf(lines), [
    { category: 'Books|A "b" \\ é', title: "One", price: "$5.00" },
    { category: null, title: "Two", price: "7.5" },
    { category: "Toys|Kid's|Dolls", title: "Three", price: null },
  ]);
});

Deno.test("dictionaries of Python have texts of both quotes, escapes and None", async () => {
  const items =
    `{'asin': '1', 'title': "It's a \\"Test\\"", 'price': 6.5, 'brand': None, 'categories': [['Toys', "Kid's"], ['Dolls']]}\n` +
    `{'categories': [['Toys']], 'asin': '2', 'title': u'Caf\\xe9 \\u2014 \\'x\\'', 'price': None}\n` +
    `{'asin': '3', 'categories': [], 'title': 'True None'}\n`;
  assertEquals(await columnsOf(items), [
    { title: `It's a "Test"`, price: "6.5", brand: null, categories: "Toys|Kid's|Dolls" },
    { title: "Café — 'x'", price: null, brand: null, categories: "Toys" },
    { title: "True None", price: null, brand: null, categories: null },
  ]);
});

Deno.test("an items file may be packed and have its ids in another order", async () => {
  const items = new Uint8Array(zstdCompressSync("id;name\n3;Three\n1;One\n2;Two\n"));
  assertEquals(await columnsOf(items), [{ name: "One" }, { name: "Two" }, { name: "Three" }]);
});

Deno.test("an items file without lines that can be read is refused", () =>
  inFolder(async (folder) => {
    assertEquals(await refusal(LOG, { items: "/dev/null" }), "it is empty");
    await writeFiles(folder, { items: "a,b\n" });
    assertEquals(await refusal(LOG, { items: `${folder}/items` }), "it holds no items: is its only line a header?");
  }));
