/**
 * Lines that cannot be read, are missing something, or are not to be read.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  assertLike,
  inFolder,
  type Options,
  prepared,
  preparedLog,
  refusal,
  usersIn,
  writeFiles,
} from "./_prepared.ts";

const HEAD = "user,item,timestamp\n";
const GOOD = "u1,a,1\nu1,b,2\nu2,a,1\nu2,b,2\n";

for (
  const [what, text, options, why] of [
    ["at the beginning", `${HEAD}u1,a\n${GOOD}`, {}, "line 2 has 2 columns: expected 3: 'u1,a'"],
    ["at the end, without a line end", `${HEAD}${GOOD}u1,a`, {}, "line 6 has 2 columns: expected 3: 'u1,a'"],
    [
      "after blank lines",
      `\n\n${HEAD}\n${GOOD}\n\n  \n\nu1,a,1,2\n`,
      {},
      "line 13 has 4 columns: expected 3: 'u1,a,1,2'",
    ],
    ["after a quoted line end", `${HEAD}u1,"a\nb",1\n${GOOD}u3\n`, {}, "line 8 has 1 columns: expected 3: 'u3'"],
    ["after comments", `# one\n#two,x\n${HEAD}# three\n${GOOD}u3\n`, {}, "line 9 has 1 columns: expected 3: 'u3'"],
    [
      "after skipped lines",
      `Preface\n\n${HEAD}${GOOD}u3\n`,
      { skipLines: 2 },
      "line 8 has 1 columns: expected 3: 'u3'",
    ],
    ["of CR alone", `${HEAD}${GOOD}u3\n`.replaceAll("\n", "\r"), {}, "line 6 has 1 columns: expected 3: 'u3'"],
    ["without a time", `${HEAD}${GOOD}u3,a,\n`, {}, "line 6 has no time in column 'timestamp'"],
    [
      "with another time",
      `${HEAD}\n${GOOD}\nu3,"a\nb",soon\n`,
      {},
      "line 8 holds the time 'soon': the others are whole numbers",
    ],
    [
      "with another time after lone quotes",
      `${HEAD}u0,5" disk,1\n\n${GOOD}u3,a,soon\n`,
      {},
      "line 8 holds the time 'soon': the others are whole numbers",
    ],
    [
      "with another time after backslashes",
      `${HEAD}u0,"a \\" b",1\n\n${GOOD}u3,a,soon\n`,
      { escape: "\\" },
      "line 8 holds the time 'soon': the others are whole numbers",
    ],
    ["with another time, cells separated by ::", `u1::"x::1\n\nu1::b::2\nu2::"x::1\nu2::"y::soon\n`, {
      user: "1",
      item: "2",
      timestamp: "3",
    }, "line 5 holds the time 'soon': the others are whole numbers"],
    ["of JSON", `\n{"user":1,"item":2}\n\n{"user":2,"item":3}\n[1]\n`, {}, "line 5 is no JSON object: '[1]'"],
    [
      "of JSON that ends early",
      `{"user":1,"item":2}\n{"user":2,"item":3}\n{"user":1,`,
      {},
      `line 3 is no JSON object: '{"user":1,'`,
    ],
    [
      "of JSON with another time",
      `{"user":1,"item":2,"time":1}\n\n{"user":2,"item":3,"time":2}\n{"user":1,"item":3,"time":"x"}`,
      {},
      "line 4 holds the time 'x': the others are whole numbers",
    ],
  ] as readonly (readonly [string, string, Options, string])[]
) {
  Deno.test(`prepare() says which line it is ${what}`, async () => {
    const said = await refusal(text, options);
    const hint = "; --on-bad skip leaves out such lines" +
      (/time/.test(why) ? ", --time-format says how times are written" : "");
    assertEquals(said, why + hint);
    // And goes on without it where it is told to
    const { prepared: { summary, bad } } = await preparedLog(text, { ...options, onBad: "skip" });
    assertEquals(summary.leftOut["lines that cannot be read"], 1);
    if (!/time/.test(why)) {
      assertEquals(bad.map(({ line, text, why }) => `line ${line} ${why}: '${text}'`), [why]);
    }
  });
}

Deno.test("prepare() says which file a line is in", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, { a: HEAD + GOOD, b: `${HEAD}\n${GOOD}u3,a,soon\n`, c: `${HEAD}u3\n` });
    const of = (names: readonly string[], options: Options = {}) =>
      prepared({ files: names.map((name) => `${folder}/${name}`), ...options });
    const why = (...names: string[]) => of(names).then(() => "", ({ message }) => message);
    assertLike(await why("a", "b"), /^Cannot prepare '[^']*\/b' as line 7 holds the time 'soon'/);
    assertLike(await why("a", "c"), /^Cannot prepare '[^']*\/c' as line 2 has 1 columns/);
    const { prepared: { bad, summary } } = await of(["a", "b", "c"], { onBad: "skip" });
    assertEquals(bad.map(({ file, line }) => [file.slice(-1), line]), [["c", 2]]);
    assertEquals(summary.leftOut, { "lines that cannot be read": 2 });
    assertEquals(summary.read.lines, 10);
  }));

Deno.test("prepare() leaves out no more bad lines than it may", async () => {
  const text = `${HEAD}${GOOD}u3\nu3,a,soon\nu3,a\n`;
  assertEquals((await preparedLog(text, { onBad: "skip", maxBad: 3 })).prepared.summary.leftOut, {
    "lines that cannot be read": 3,
  });
  assertEquals(
    await refusal(text, { onBad: "skip", maxBad: 1 }),
    "2 lines cannot be read and --max-bad is 1: line 6 has 1 columns: expected 3: 'u3'",
  );
  assertLike(
    await refusal(text, { onBad: "skip", maxBad: 2 }),
    /^3 lines cannot be read and --max-bad is 2: line 7 holds/,
  );
  const many = HEAD + GOOD + "x\n".repeat(1001);
  assertLike(await refusal(many, { onBad: "skip" }), /^1001 lines cannot be read and --max-bad is 1000: line 6 /);
  assertEquals((await preparedLog(many, { onBad: "skip", maxBad: 5000 })).prepared.bad.length, 3);
});

Deno.test("prepare() shows lines that are long in short", async () => {
  const said = await refusal(`${HEAD}${GOOD}${"x".repeat(100_000)}\n`);
  assertEquals(said, `line 6 has 1 columns: expected 3: '${"x".repeat(60)}...'; --on-bad skip leaves out such lines`);
});

Deno.test("prepare() leaves out what has no user or no item, whatever stands for it", async () => {
  const words = ["", "NA", "N/A", "NULL", "null", "NaN", "nan", "None", "\\N", '""', "  "];
  const text = `${HEAD}${GOOD}${words.map((word) => `${word},a,1\nu1,${word},1\n`).join("")}`;
  const look = await preparedLog(text);
  assertEquals(usersIn(look), ["u1 a b", "u2 a b"]);
  assertEquals(look.prepared.summary.leftOut, { "without a user": words.length, "without an item": words.length });
  // The words are the user's to choose
  const said = await preparedLog(`${HEAD}${GOOD}-,a,1\nNA,a,1\nNULL,a,1\n`, { missing: ["-", "NULL"] });
  assertEquals(usersIn(said), ["NA a", "u1 a b", "u2 a b"]);
  assertEquals(said.prepared.summary.leftOut, { "without a user": 2 });
});

Deno.test("prepare() leaves out comment lines as it is told", async () => {
  for (
    const [text, options, count] of [
      [`# x\n${HEAD}${GOOD}# y\n`, {}, 2],
      [`// x, y\n${HEAD}// z\n${GOOD}`, { comment: "//" }, 2],
      [`${HEAD}#1,a,1\n${GOOD}`, { comment: "#" }, 1],
      [
        `{"user":"u1","item":"a","timestamp":1}\n#\n${
          GOOD.replace(/^(.*),(.*),(.*)$/gm, '{"user":"$1","item":"$2","timestamp":$3}')
        }`,
        { comment: "#" },
        1,
      ],
      [`#comment\nu1 a b\nu2 a b\n`, { comment: "#", format: "sequences" }, 1],
    ] as readonly (readonly [string, Options, number])[]
  ) {
    const { prepared: { summary }, sequences } = await preparedLog(text, options);
    assertEquals(summary.leftOut, { "comment lines": count }, text);
    assertEquals(Object.keys(sequences), ["u1", "u2"], text);
  }
  // An id may begin so
  assertEquals(usersIn(await preparedLog("#1,a\n#1,b\n#2,a\n#2,b\n", { order: "file", header: false })), [
    "#1 a b",
    "#2 a b",
  ]);
  assertEquals(usersIn(await preparedLog(`${HEAD}#1,a,1\n${GOOD}`, { comment: "none" }))[0], "#1 a");
});

Deno.test("prepare() reads quotes as it is told", async () => {
  const lone = 'u1,"a,1\nu1,b",2\nu2,"a,1\nu2,b",2\n';
  assertEquals(usersIn(await preparedLog(HEAD + lone, { quote: "none" })), ['u1 "a b"', 'u2 "a b"']);
  const single = "u1,'a,x',1\nu1,'b''c',2\nu2,'a,x',1\n";
  assertEquals(usersIn(await preparedLog(HEAD + single, { quote: "'" })), ["u1 a,x b'c", "u2 a,x"]);
  const escaped = 'u1,"a \\"x\\", y",1\nu1,"b\\\\",2\nu2,"a \\"x\\", y",1\n';
  assertEquals(usersIn(await preparedLog(HEAD + escaped, { escape: "\\" }))[1], 'u2 a "x", y');
});

Deno.test("prepare() keeps the interactions that meet all conditions, and counts each that does not once", async () => {
  const text = "user,item,rating,kind,timestamp\n" +
    ["u1,a,5,buy,1", "u1,b,2,buy,2", "u1,c,4,view,3", "u2,a,,buy,1", "u2,b,3,BUY,2", "u2,c,4,buy,3", ",a,5,buy,9"].join(
      "\n",
    );
  const base = { event: "kind" } as const;
  const counts = async (options: Options) => {
    const look = await preparedLog(`${text}\nu1,d,5,buy,8\n`, { ...base, ...options });
    return [usersIn(look), look.prepared.summary.leftOut];
  };
  const without = { "without a user": 1 };
  assertEquals(await counts({ minRating: 4 }), [["u1 a c d", "u2 c"], { ...without, "ratings below 4": 3 }]);
  assertEquals(await counts({ events: ["buy"] }), [["u1 a b d", "u2 a c"], { ...without, "events of other kinds": 2 }]);
  assertEquals(await counts({ events: ["buy"], minRating: 4 }), [["u1 a d", "u2 c"], {
    ...without,
    "events of other kinds": 2,
    "ratings below 4": 2,
  }]);
  assertEquals(await counts({ where: "rating is not missing and timestamp < 8" }), [["u1 a b c", "u2 b c"], {
    ...without,
    "not meeting the condition": 2,
  }]);
  assertEquals(await counts({ where: "#4 in ('buy', 'view') and not item = 'a'" }), [["u1 b c d", "u2 c"], {
    ...without,
    "not meeting the condition": 3,
  }]);
  assertLike(
    await refusal(text, { ...base, minRating: 9 }),
    /^no interaction is left of its 7: 6 are left out as ratings below 9 \(user=user, item=item, /,
  );
  assertEquals(
    await refusal(text, { where: "price > 1" }),
    "there is no column 'price': its columns are user, item, rating, kind, timestamp",
  );
  assertEquals(await refusal(HEAD + GOOD, { minRating: 1 }), "it has no column of ratings: name it by --rating");
});

Deno.test("prepare() says of ratings that are no numbers that they are none", async () => {
  const text = "user,item,rating\nu1,a,5 stars\nu1,b,4 stars\nu2,a,3 stars\n";
  assertLike(
    await refusal(text, { minRating: 4 }),
    /^no interaction is left of its 3: 3 are left out as ratings that are no numbers \(user=user, /,
  );
  const some = await preparedLog(`${text}u1,c,4\nu1,d,3\nu2,e,5\n`, { minRating: 4 });
  assertEquals(some.prepared.summary.leftOut, { "ratings that are no numbers": 3, "ratings below 4": 1 });
});

Deno.test("prepare() reads numbers with a decimal comma, or with commas between thousands, in ratings and conditions", async () => {
  const of = async (cells: readonly string[], options: Options) => {
    const text = cells.map((cell, at) => `u${1 + at % 2};i${at};${cell}\n`).join("");
    return usersIn(await preparedLog(`user;item;rating\n${text}`, { order: "file", ...options }));
  };
  const halves = ["4,5", "3,5", "4", "4.5", "+4,0", "-4,5"];
  for (const options of [{ minRating: 4 }, { where: "rating >= 4" }]) {
    assertEquals(await of(halves, options), ["u1 i0 i2 i4", "u2 i3"]);
  }
  const thousands = ["1,234", "999", "12,345,678.5", "1,000", "1,2,3", "1e4"];
  for (const options of [{ minRating: 1000 }, { where: "rating >= 1000" }]) {
    assertEquals(await of(thousands, options), ["u1 i0 i2", "u2 i3 i5"]);
  }
});

Deno.test("prepare() says which line it is wherever the pieces end in which a file is read", async () => {
  const piece = 65_536, tricky = `u1,"a ""b""\n\nc",2\n\nu2,"x",3\n`;
  for (let at = 0; at <= tricky.length; at++) {
    const lines = `${HEAD}u1,${"x".repeat(piece - at - HEAD.length - 6)},1\n`;
    assertEquals(lines.length, piece - at);
    assertLike(await refusal(`${lines}${tricky}u2,y,soon\n`), /^line 8 holds the time 'soon'/);
    assertLike(await refusal(`${lines}${tricky}u2,y\n`), /^line 8 has 2 columns/);
  }
});

Deno.test("prepare() says which line it is of a log that is larger than the memory", () =>
  inFolder(async (folder) => {
    {
      using file = await Deno.open(`${folder}/log`, { write: true, create: true });
      const lines = new TextEncoder().encode(
        GOOD.replaceAll(",", `,${"x".repeat(97)}`).replace(/x+(?=\d)/gm, "").repeat(1000),
      );
      await file.write(new TextEncoder().encode(HEAD));
      for (let at = 0; at < 250; at++) await file.write(lines);
      await file.write(new TextEncoder().encode("u1,a,soon\n"));
    }
    assert((await Deno.stat(`${folder}/log`)).size > 100e6);
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      // A heap that has no room for the text
      args: ["run", "-A", "--quiet", "--no-check", "--v8-flags=--max-old-space-size=80", "tasks/prepare.ts"].concat(
        `${folder}/log`,
        "--out",
        `${folder}/out`,
      ),
      cwd: new URL("../../", import.meta.url),
      env: { NO_COLOR: "1" },
    }).output();
    assertLike(
      new TextDecoder().decode(stderr),
      /^error: Cannot prepare '[^']*' as line 1000002 holds the time 'soon': [^\n]*\n$/,
    );
  }));

Deno.test("prepare() keeps the order of the lines of a long log, whatever is asked of them", async () => {
  const count = 500_000, kinds = Array.from({ length: 12 }, (_, at) => `kind${at}`);
  const lines = Array.from(
    { length: count },
    (_, at) => `u${at % 50},i${at % 977},${kinds[at % 12]},${"x".repeat(60)},1\n`,
  );
  const text = `user,item,event,text,time\n${lines.join("")}`;
  const expected = (keep: (at: number) => boolean) =>
    Array.from({ length: count }, (_, at) => at).filter((at) => at % 50 === 7 && keep(at)).map((at) => `i${at % 977}`)
      .join(" ");
  // Lists of so many values are what a database makes joins of
  const some = kinds.slice(0, 10), least = Array.from({ length: 40 }, (_, at) => `'i${at}'`).join(", ");
  for (
    const [options, keep] of [
      [{}, () => true],
      [{ events: some }, (at: number) => at % 12 < 10],
      [{ where: `item not in (${least})` }, (at: number) => at % 977 >= 40],
    ] as const
  ) {
    // All times are the same
    const { sequences } = await preparedLog(text, options);
    assert(sequences["u7"] === expected(keep), JSON.stringify(options).slice(0, 40));
  }
  assertLike(await refusal(`${text}u1,i1,kind1,x,soon\n`), /^line 500002 holds the time 'soon'/);
});
