/**
 * Logs of well-known datasets and exports, given as a user would type it first: what comes out is right, or what is said
 * leads on.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { assertLike, type Content, type Options, preparedLog, refusal } from "./_prepared.ts";

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
    assertEquals((await preparedLog(text, options)).sequences, EXPECTED);
  });
}

Deno.test("a log without times is tested at random, and says which column looks like one", async () => {
  const taobao = await preparedLog(textOf((user, item, at) => `${user},${item},2520377,pv,${1511544070 + at}`));
  assertStringIncludes(taobao.warnings, "Column '5' looks like a time and is not used");
  assertStringIncludes(taobao.warnings, "pass --timestamp 5 to sort by it");
  const epinions = await preparedLog(textOf((user, item) => `${user} ${item} 3`));
  assertStringIncludes(epinions.warnings, "if its lines are in the order of time, pass --order file");
});

Deno.test("a column of times that is empty is refused with a way to do without", async () => {
  const text = "user,item,timestamp\na,x,\na,y,\nb,x,\nb,y,\n";
  assertStringIncludes(
    await refusal(text),
    "there is no time in any line; --order file or --order random does without it",
  );
  assertEquals((await preparedLog(text, { order: "file" })).sequences, { a: "x y", b: "x y" });
});

Deno.test("what is no log of interactions is refused with a way on", async () => {
  const matrix = Array.from({ length: 9 }, (_, at) => `${at}.5,99,-2.13,3.5`).join("\n");
  assertStringIncludes(await refusal(matrix), "numbers with a fraction, which are no ids");
  assertStringIncludes(await refusal("anna,shoe\nberta,hat\n"), "pass --no-header if the first line is an interaction");
  assertEquals((await preparedLog("anna,shoe\nberta,hat\n", { header: false })).sequences, {
    anna: "shoe",
    berta: "hat",
  });
  const orders = "order_id,product_id,add_to_cart_order\n1,5,1\n1,6,2\n2,5,1\n";
  assertStringIncludes(await refusal(orders), "which column holds the users: its columns are order_id, product_id,");
});

for (
  const [what, content, options, sequences, leftOut] of [
    [
      "Tmall's log, whose times are month and day",
      textOf((user, item, at) => `${user},${item},8,2,2,082${at},0`, "user_id,item_id,cat_id,a,b,time_stamp,action\n"),
      {},
      EXPECTED,
      {},
    ],
    [
      "Spotify's sessions, ordered by two columns",
      textOf((user, item, at) => `${user},${at + 1},5,${item},2018-07-15`, "session_id,position,length,track,date\n"),
      { item: "track", timestamp: "date,position" },
      EXPECTED,
      {},
    ],
    [
      "kinds of Taobao's behaviour",
      textOf((user, item, at) => `${user},${item},25203,${item === 4 ? "buy" : "pv"},151154407${at}`),
      { events: ["pv", "cart"], event: "4", timestamp: "5", where: "#3 = 25203 and #2 != '2'" },
      { 7: "3 1", 8: "1 3" },
      { "events of other kinds": 2, "not meeting the condition": 2 },
    ],
    [
      "pairs of Last.fm 360K, some without an id",
      textOf((user, item) => `${user}\t${item === 4 ? "" : item}\tbetty "x" ${item}\t21`),
      { order: "file" },
      { 7: "1 2 3", 8: "1 2 3" },
      { "without an item": 2 },
    ],
    [
      "a sparse matrix of Matrix Market",
      textOf((user, item) => `${user} ${item} 3`, "%%MatrixMarket matrix coordinate real general\n%\n8 4 8\n"),
      { order: "file" },
      { 7: "1 2 3 4", 8: "1 2 3 4" },
      { "comment lines": 2 },
    ],
    [
      "Epinions' ratings, with spaces all over",
      textOf((user, item) => ` ${user}   ${item}  3 `),
      { order: "file" },
      { 7: "1 2 3 4", 8: "1 2 3 4" },
      {},
    ],
    [
      "days as a spreadsheet counts them",
      textOf((u, i, at) => `${u},${i},4512${at}.25`, "user,item,date\n"),
      {},
      EXPECTED,
      {},
    ],
  ] as readonly (readonly [string, string, Options, object, object])[]
) {
  Deno.test(`a log as of ${what} is read`, async () => {
    const look = await preparedLog(content, options);
    assertEquals([look.sequences, look.prepared.summary.leftOut], [sequences, leftOut]);
  });
}

const library = textOf((user) => `{'user_id': 'u${user}', 'count': 1, 'items': [{'item_id': '10', 'playtime': 3}]}`);
const news = textOf((user, item, at) =>
  `${10 * item + at}\tU${user}\t11/1${at + 3}/2019 10:22:32 AM\tN10 N7141${item} N8\tN5-0`
);
const matrix = textOf((user, item) =>
  Array.from({ length: 101 }, (_, at) => Number(user) * item * at % 20 - 9.5).join(",")
);
const retail = textOf(
  (user, item, at) => `5363${item},85${item}A,"WHITE, x",6,12/1/2010 8:2${at},2.55,1785${user}.0,UK`,
  "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n",
);
for (
  const [what, content, options, why] of [
    [
      "Steam's libraries, a list of items for each user",
      library,
      {},
      "it does not say which column holds the items: its columns are user_id, count, items; name it by --item",
    ],
    [
      "a list of objects for an item",
      library,
      { item: "items" },
      "its key 'items' holds lists of objects: write an object for each interaction first",
    ],
    [
      "Gowalla's check-ins, whose second column is a time",
      textOf((user, item, at) => `${user}\t2010-10-19T23:5${at}:27Z\t30.2\t-97.7\t${item}`),
      {},
      "its column 2, which would be that of the items, holds times: --user, --item and --timestamp say which column is " +
      "which",
    ],
    [
      "Yoochoose's clicks, whose second column is a time",
      textOf((user, item, at) => `${user},2014-04-07T10:5${at}:09.277Z,${item},0`),
      { timestamp: "2" },
      "its column 2, which would be that of the items, holds times: --user, --item and --timestamp say which column is " +
      "which",
    ],
    [
      "Foursquare's check-ins, which are no UTF-8",
      Uint8Array.from(textOf((user, item) => `${user}\t${item}\tCaf\xe9`), (char) => char.charCodeAt(0)),
      {},
      "it is not text in utf-8: name its encoding by --encoding, such as latin1",
    ],
    [
      "kinds of events without their column",
      textOf((user, item) => `${user},${item},buy`),
      { events: ["buy"] },
      "it has no column of events: name it by --event",
    ],
    [
      "columns of names that are not usual",
      retail,
      {},
      "it does not say which column holds the items: its columns are InvoiceNo, StockCode, Description, Quantity, " +
      "InvoiceDate, UnitPrice, CustomerID, Country; name it by --item, or pass --no-header if the first line is an " +
      "interaction",
    ],
    [
      "dates whose order nobody knows",
      retail,
      { item: "StockCode", timestamp: "InvoiceDate" },
      "column 'InvoiceDate' cannot be read in line 2: '12/1/2010 8:21' could be the 12th of January or December 1st: say " +
      'which by --time-format "%d/%m/%Y %H:%M" or --time-format "%m/%d/%Y %H:%M"',
    ],
    [
      "MIND's impressions, each with a number of its own",
      news,
      { minUser: 5, minItem: 5 },
      "nothing is left of its 8 users, 2 items and 8 interactions by --min-user 5 and --min-item 5; every line has a user " +
      "of its own in column '1': --user names another",
    ],
    [
      "MIND's histories, each a list in a cell",
      news,
      { user: "2", item: "4", timestamp: "3" },
      "its items are lists, such as 'N10 N71411 N8': write a line for each item of a list first",
    ],
    [
      "lists of JSON",
      textOf((user, item) => JSON.stringify({ user, item: [item, item + 1, 9] })),
      {},
      "its items are lists, such as '1|2|9': write a line for each item of a list first",
    ],
    [
      "sequences separated by commas",
      "1,2,3,4\n2,3\n3,4,5\n",
      { format: "sequences" },
      "its lines hold no spaces: expected a user and its items, separated by spaces",
    ],
    [
      "Jester's matrix",
      matrix,
      {},
      "it holds 101 numbers a line and does not say what they are: if they are a user and its items, say --format " +
      "sequences or adjacency; of a matrix of ratings, write a line for each rating first; if only some of them count, " +
      "--user and --item say which",
    ],
  ] as readonly (readonly [string, Content, Options, string])[]
) {
  Deno.test(`a log as of ${what} is refused with a way on`, async () => {
    assertEquals(await refusal(content, options), why);
  });
}

Deno.test("a matrix that names a user and each of its items is refused with a way on", async () => {
  const head = `user,${Array.from({ length: 101 }, (_, at) => at + 1).join(",")}\n`;
  assertLike(
    await refusal(head + matrix.replace(/^(?=.)/gm, "1,")),
    /holds the items: its columns are user, 1, 2, .*, 19 and 82 more; .*; if every item has a column of its own, write a/,
  );
});
