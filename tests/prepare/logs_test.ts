/**
 * Logs of well-known datasets and exports, given as a user would type it first: what comes out is right, or what is said
 * leads on.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { PrepareError, type PrepareOptions } from "../../src/prepare/prepare.ts";
import { type Look, prepared } from "./_prepared.ts";

async function of(text: string, options: Partial<PrepareOptions> = {}): Promise<Look> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, text);
    return await prepared({ ...options, files: [file] });
  } finally {
    await Deno.remove(file);
  }
}

async function refusal(text: string, options: Partial<PrepareOptions> = {}): Promise<string> {
  const { message } = await assertRejects(() => of(text, options), PrepareError);
  return message.replace(/^Cannot prepare '[^']*' as /, "");
}

/** Two users who take the items 1 to 4, the first in the order 3 1 4 2 and the second in the order 1 2 3 4. */
const ORDERS = [["7", [3, 1, 4, 2]], ["8", [1, 2, 3, 4]]] as const;
const EXPECTED = { 7: "3 1 4 2", 8: "1 2 3 4" };

/** A text whose lines are in the order of the items and not of the times. */
function textOf(line: (user: string, item: number, place: number) => string, head = ""): string {
  const lines = ORDERS.flatMap(([user, items]) => items.map((item, place) => [item, line(user, item, place)] as const));
  return head + lines.toSorted(([a], [b]) => a - b).map(([, text]) => `${text}\n`).join("");
}

for (
  const [what, text, options] of [
    [
      "Yoochoose's clicks",
      textOf((user, item, at) => `${user},2014-04-07T10:5${at}:09.277Z,${item},0`),
      { item: "3", timestamp: "2" },
    ],
    [
      "Gowalla's check-ins",
      textOf((user, item, at) => `${user}\t2010-10-19T23:5${at}:27Z\t30.2\t-97.7\t${item}`),
      { item: "5", timestamp: "2" },
    ],
    [
      "Foursquare's check-ins",
      textOf((user, item, at) => `${user}\t${item}\t4bf58\tBar\t40.7\t-74.0\t-240\tTue Apr 03 18:0${at}:09 +0000 2012`),
      { timestamp: "8" },
    ],
    ["Taobao's behaviour", textOf((user, item, at) => `${user},${item},2520377,pv,${1511544070 + at}`), {
      timestamp: "5",
    }],
    ["KONECT", textOf((user, item, at) => `${user} ${item} 5 ${1100000000 + at}`, "% bip weighted\n% 8 2 4\n"), {
      timestamp: "4",
    }],
    [
      "Yelp's reviews",
      textOf((user, item, at) =>
        JSON.stringify({ user_id: user, business_id: `${item}`, date: `2018-07-07 22:0${at}:11` })
      ),
      {},
    ],
    [
      "Goodreads' reviews",
      textOf((user, item, at) =>
        JSON.stringify({ user_id: user, book_id: `${item}`, date_added: `Mon Aug 0${at + 1} 13:41:57 -0700 2011` })
      ),
      {},
    ],
    [
      "Steam's reviews",
      textOf((user, item, at) =>
        `{u'username': u'${user}', u'product_id': u'${item}', u'date': u'2017-12-1${at}', u'x': u"it's"}`
      ),
      {},
    ],
    [
      "pandas with its index",
      textOf((user, item, at) => `${item * 10},${user},${item},${1300000000 + at}`, ",user_id,item_id,timestamp\n"),
      {},
    ],
    [
      "a spreadsheet with decimal commas",
      textOf((user, item, at) => `${user};${item};4,5;${13 + at}.01.2014`, "user;item;rating;date\n"),
      {},
    ],
    [
      "numbers with thousands separators in another column",
      textOf((user, item, at) => `${user},${item},"1,${at}00",${1300000000 + at}`, "user,item,views,time\n"),
      {},
    ],
    [
      "quoted numbers",
      textOf((user, item, at) => `"${user}","${item}","${1300000000 + at}"`, `"userId","itemId","time"\n`),
      {},
    ],
    [
      "American dates with a clock of twelve hours",
      textOf((user, item, at) => `${user},${item},11/1${at + 3}/2019 9:05:58 PM`, "user,item,time\n"),
      {},
    ],
  ] as const
) {
  Deno.test(`a log as of ${what} is read in the order of its times`, async () => {
    assertEquals((await of(text, options)).sequences, EXPECTED);
  });
}

Deno.test("a log without times is tested at random, and says which column looks like one", async () => {
  const taobao = await of(textOf((user, item, at) => `${user},${item},2520377,pv,${1511544070 + at}`));
  assertStringIncludes(taobao.warnings, "Column '5' looks like a time and is not used");
  assertStringIncludes(taobao.warnings, "pass --timestamp 5 to sort by it");
  const epinions = await of(textOf((user, item) => `${user} ${item} 3`));
  assertStringIncludes(epinions.warnings, "if its lines are in the order of time, pass --order file");
});

Deno.test("a column of times that is empty is refused with a way to do without", async () => {
  const text = "user,item,timestamp\na,x,\na,y,\nb,x,\nb,y,\n";
  assertStringIncludes(
    await refusal(text),
    "there is no time in any line; --order file or --order random does without it",
  );
  assertEquals((await of(text, { order: "file" })).sequences, { a: "x y", b: "x y" });
});

Deno.test("what is no log of interactions is refused with a way on", async () => {
  const matrix = Array.from({ length: 9 }, (_, at) => `${at}.5,99,-2.13,3.5`).join("\n");
  assertStringIncludes(await refusal(matrix), "numbers with a fraction, which are no ids");
  assertStringIncludes(await refusal("anna,shoe\nberta,hat\n"), "pass --no-header if the first line is an interaction");
  assertEquals((await of("anna,shoe\nberta,hat\n", { header: false })).sequences, { anna: "shoe", berta: "hat" });
  const orders = "order_id,product_id,add_to_cart_order\n1,5,1\n1,6,2\n2,5,1\n";
  assertStringIncludes(await refusal(orders), "which column holds the users: its columns are order_id, product_id,");
});

Deno.test("lines that cannot be read are left out where that is asked for, counted and shown", async () => {
  const text = `# by hand\nuser,item,time\n\na,x,1\na,y\n"a","z\nz",3\na,w,4,5\nb,x,soon\nb,y,2\nb,"z,3\n`;
  const options = { comment: "#", onBad: "skip" } as const;
  const { sequences, prepared: { summary, bad } } = await of(text, options);
  assertEquals(sequences, { a: "x z\nz", b: "y" });
  assertEquals(summary.leftOut, { "lines that cannot be read": 4, "comment lines": 1 });
  assertEquals(bad.map(({ line, why }) => `${line} ${why}`), [
    "5 has 2 columns: expected 3",
    "8 has 4 columns: expected 3",
    "11 has a quote that does not end",
  ]);
  assertStringIncludes(await refusal(text, { comment: "#" }), "line 5 has 2 columns: expected 3: 'a,y'");
  assertStringIncludes(await refusal(text, { ...options, maxBad: 2 }), "3 lines cannot be read and --max-bad is 2");
  assertStringIncludes(await refusal(text, { ...options, maxBad: 3 }), "4 lines cannot be read and --max-bad is 3");
});

Deno.test("a bad time is named by its line, after blank lines, quoted line ends and other bad lines too", async () => {
  const text = `user,item,time\n\na,"x\n\nx",1\nbad\nb,y,2\n\nb,z,soon\n`;
  const skipping = await of(text, { onBad: "skip" });
  assertEquals(skipping.prepared.summary.leftOut, { "lines that cannot be read": 2 });
  const good = text.replace("bad\n", "");
  assertStringIncludes(await refusal(good), "line 8 holds the time 'soon'");
  assertStringIncludes(await refusal(good.replace("soon", "")), "line 8 has no time in column 'time'");
});

Deno.test("missing values are no ids, and other words may stand for them", async () => {
  const words = ["", "NA", "N/A", "NULL", "null", "NaN", "nan", "None", "\\N"];
  const text = `user,item\n${words.map((word) => `${word},x\n`).join("")}a,x\na,y\nb,x\nb,-\n`;
  const { sequences, prepared: { summary } } = await of(text);
  assertEquals([sequences["b"]!.split(" ").toSorted(), summary.leftOut], [["-", "x"], { "without a user": 9 }]);
  const other = await of(text.replace(/^(?!user|a|b).*\n/gm, ""), { missing: ["-"] });
  assertEquals(other.prepared.summary.leftOut, { "without an item": 1 });
});

Deno.test("a condition keeps the lines that meet it", async () => {
  const text = "user,item,country,price\na,x,DE,5\na,y,AT,12\nb,x,,7\nb,y,DE,\nb,z,FR,9\n";
  const kept = async (where: string) => {
    const { sequences, prepared: { summary } } = await of(text, { where, order: "file" });
    return [sequences, summary.leftOut["not meeting the condition"]];
  };
  assertEquals(await kept("country in ('DE', 'FR')"), [{ a: "x", b: "y z" }, 2]);
  assertEquals(await kept("price >= 7 or country is missing"), [{ a: "y", b: "x z" }, 2]);
  assertEquals(await kept("#4 < 10 and (#3 is missing or not country = 'AT')"), [{ a: "x", b: "x z" }, 2]);
});
