import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../_fast_check.ts";
import { Database } from "../../src/prepare/_database.ts";
import { parseWhere } from "../../src/prepare/where/where.ts";

const db = await Database.open(await Deno.makeTempDir());

type Cell = string | null;
const literal = (cell: Cell) => cell === null ? "NULL::VARCHAR" : `'${cell.replaceAll("'", "''")}'`;

/** Runs a condition over rows of cells, by their names. */
async function run(condition: string, rows: readonly Readonly<Record<string, Cell>>[]): Promise<(boolean | null)[]> {
  const names = Object.keys(rows[0]!);
  const values = rows.map((row) => `(${names.map((name) => literal(row[name]!)).join(", ")})`).join(", ");
  const sql = parseWhere(condition).sql((column) => {
    const at = names.indexOf(column);
    return `c${at < 0 ? Number(column) - 1 : at}`;
  });
  const reader = await db.rows(
    `SELECT ${sql} AS held FROM (VALUES ${values}) AS t(${names.map((_, at) => `c${at}`).join(", ")})`,
  );
  return reader.map((row) => row["held"] as boolean | null);
}

/** Cells that satisfy a condition on column `x`. */
async function satisfied(condition: string, cells: readonly Cell[]): Promise<Cell[]> {
  const held = await run(condition, cells.map((x) => ({ x })));
  assert(held.every((value) => value !== null), "it is never NULL");
  return cells.filter((_, at) => held[at]);
}

const CELLS: Cell[] = ["3", "4", "4.0", "4.5", "10", "-1", "1e1", "four", "nan", "1_000", "infinity", null];

const CONDITIONS: readonly (readonly [string, readonly Cell[], readonly Cell[]])[] = [
  ["x = 4", CELLS, ["4", "4.0"]],
  ["x == 4.0", CELLS, ["4", "4.0"]],
  ["x != 4", CELLS, ["3", "4.5", "10", "-1", "1e1"]],
  ["x <> 4", CELLS, ["3", "4.5", "10", "-1", "1e1"]],
  ["not x = 4", CELLS, ["3", "4.5", "10", "-1", "1e1"]],
  ["x < +4", CELLS, ["3", "-1"]],
  ["x<=4", CELLS, ["3", "4", "4.0", "-1"]],
  ["x > 4", CELLS, ["4.5", "10", "1e1"]],
  ["x >= 4.5e0", CELLS, ["4.5", "10", "1e1"]],
  ["x<-.5", CELLS, ["-1"]],
  ["x in (4, 10)", CELLS, ["4", "4.0", "10", "1e1"]],
  ["x in (4, 'four')", CELLS, ["4", "4.0", "four"]],
  ["x not in (4, 10)", CELLS, ["3", "4.5", "-1"]],
  ["x NOT IN ('4', '10')", ["4", "4.0", null], ["4.0"]],
  ["x = '4'", CELLS, ["4"]],
  ['x = "4"', CELLS, ["4"]],
  ["x is missing", CELLS, [null]],
  ["x Is Not Missing", CELLS, CELLS.filter((cell) => cell !== null)],
  ["not x is missing and not x > -100", CELLS, []],
  ["x is missing or x = 3", CELLS, ["3", null]],
  ["x = 3 or x = 4 and x = 10", CELLS, ["3"]],
  ["(x = 3 or x = 4) and x = '4'", CELLS, ["4"]],
  ["not not x = 3", CELLS, ["3"]],
  ["not (x = 3 or x > 4)", CELLS, ["4", "4.0", "-1"]],
  ["#1 = 3", CELLS, ["3"]],
  ["x >= '2014-01-05' and x < '2015'", ["2014-01-05", "2013-12-31", "2014-12-31 10:00", "2015-01-01"], [
    "2014-01-05",
    "2014-12-31 10:00",
  ]],
  ["x < 'ﬀ'", ["z", "ﬀ", "é", "🦊"], ["z", "é"]],
  ["x = 'it''s'", ["it's", "its"], ["it's"]],
  ['x = "a ""b"" \'c\'"', ["a \"b\" 'c'"], ["a \"b\" 'c'"]],
  ["x = ''';DROP TABLE t;--'", ["';DROP TABLE t;--", "x"], ["';DROP TABLE t;--"]],
  ["x = 'a\\' or x = '%'", ["a\\", "%", "b"], ["a\\", "%"]],
  ["x = '$1' or x = '/* */'", ["$1", "/* */", "b"], ["$1", "/* */"]],
];

Deno.test("conditions hold where they should", async () => {
  for (const [condition, cells, expected] of CONDITIONS) {
    assertEquals(await satisfied(condition, cells), expected, condition);
  }
});

Deno.test("columns are names of any script, quoted names and positions", () => {
  const columns = (text: string) => parseWhere(text).columns;
  assertEquals(columns("rating >= 4 AND rating < 5 or genre = 'rating'"), ["rating", "genre"]);
  assertEquals(columns("user-id = 1 or user.id = 1 or _x2 = 1 or rating:float > 3"), [
    "user-id",
    "user.id",
    "_x2",
    "rating:float",
  ]);
  assertEquals(columns("評価 > 3 or été is missing or оценка = 'a'"), ["評価", "été", "оценка"]);
  assertEquals(columns('"my ""own"" rating" > 3 or "and" = 1 or "" is missing'), ['my "own" rating', "and", ""]);
  assertEquals(columns("#12 = 'x' or Missing_ = 1 or inn = 1"), ["12", "Missing_", "inn"]);
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ["rating >> 4", "'> 4'", "expected a number or a text"],
  ["", "its end", "expected a column (one whose name is no word stands in double quotes)"],
  ["  ", "its end", "expected a column (one whose name is no word stands in double quotes)"],
  ["rating", "its end", "expected a comparison (=, !=, <, <=, >, >=, in, is)"],
  ["rating >=", "its end", "expected a number or a text"],
  ["rating > 4 and", "its end", "expected a column (one whose name is no word stands in double quotes)"],
  ["rating > 4 rating < 5", "'rating < 5'", "expected and, or or its end"],
  ["4 < rating", "'4 < rating'", "expected a column (one whose name is no word stands in double quotes)"],
  ["genre = Drama", "'Drama'", "expected a number or a text (texts stand in single quotes)"],
  ["day >= 2014-01-05", "'2014-01-05'", "expected a number or a text (dates stand in single quotes)"],
  ["x = 1e999", "'1e999'", "expected a number or a text (dates stand in single quotes)"],
  ["x = 0x10 or y = 1", "'0x10 or y = 1'", "expected a number or a text (dates stand in single quotes)"],
  ["x = 'open", "''open'", "expected an end of the quotes"],
  ['"open = 1', "'\"open = 1'", "expected an end of the quotes"],
  ["(x = 1", "its end", "expected )"],
  ["x = 1)", "')'", "expected and, or or its end"],
  ["x in 1", "'1'", "expected ("],
  ["x in ()", "')'", "expected a number or a text"],
  ["x in (1, )", "')'", "expected a number or a text"],
  ["x in (1 2)", "'2)'", "expected , or )"],
  ["x is null", "'null'", "expected missing or not missing"],
  ["x not like 'a'", "'like 'a''", "expected in"],
  ["x like 'a'", "'like 'a''", "expected a comparison (=, !=, <, <=, >, >=, in, is)"],
  ["x = 1; DROP TABLE t", "'; DROP TABLE t'", "expected a column, a number, a text or a comparison"],
  ["x = 1 -- c", "'-- c'", "expected a column, a number, a text or a comparison"],
  ["x = 1 /* c */", "'/* c */'", "expected a column, a number, a text or a comparison"],
  ["x = (select 1)", "'(select 1)'", "expected a number or a text"],
  ["#0 = 1", "'#0 = 1'", "expected a position such as #3"],
  ["#3a = 1", "'#3a = 1'", "expected a position such as #3"],
  ["x = 'a\0b'", "''a?b''", "expected no character NUL"],
  ["x\0 = 1", "'? = 1'", "expected a column, a number, a text or a comparison"],
  ["x =\n\n'open", "''open'", "expected an end of the quotes"],
];

Deno.test("conditions that cannot be read are refused at the place where they break off", () => {
  for (const [text, place, expected] of REFUSED) {
    const error = assertThrows(() => parseWhere(text), SyntaxError);
    assert(error.message.endsWith(` as it breaks off at ${place}: ${expected}`), `${text}: ${error.message}`);
    assert(!/[\0\n]/.test(error.message), "one line");
  }
  const { message } = assertThrows(() => parseWhere("rating >> 4"), SyntaxError);
  assertEquals(
    message,
    "Cannot read the condition 'rating >> 4' as it breaks off at '> 4': expected a number or a text",
  );
});

Deno.test("long and deep conditions are refused, and those just within the bounds run", async () => {
  const deep = (levels: number) => `${"(".repeat(levels)}x = 3${")".repeat(levels)}`;
  assertEquals(await satisfied(deep(49), CELLS), ["3"]);
  assertEquals(await satisfied(`${"not ".repeat(48)}x = 3`, CELLS), ["3"]);
  for (const text of [deep(50), deep(4000), `${"not ".repeat(2000)}x = 3`, "(".repeat(9999)]) {
    const { message } = assertThrows(() => parseWhere(text), SyntaxError);
    assert(message.endsWith("expected at most 50 parentheses within one another") && message.length < 300, message);
  }
  const long = (word: string) => Array(1000).fill("x = 3").join(word).slice(0, 10_000).replace(/3[^3]*$/, "3");
  assertEquals(await satisfied(long(" or "), CELLS), ["3"]);
  assertEquals(await satisfied(long(" and "), CELLS), ["3"]);
  assertEquals(await satisfied(`x in (${Array(3000).fill("3").join(",")})`, CELLS), ["3"]);
  assertThrows(() => parseWhere(`x = '${"a".repeat(20_000)}'`), SyntaxError, "expected at most 10000 characters");
});

type Node =
  | { kind: "compare"; column: string; operator: string; value: number | string }
  | { kind: "in"; column: string; values: (number | string)[]; negated: boolean }
  | { kind: "missing"; column: string; negated: boolean }
  | { kind: "not"; inner: Node }
  | { kind: "and" | "or"; left: Node; right: Node };

const COLUMNS = ["x", "my y", "été"];

const writeValue = (value: number | string) =>
  typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;

function write(node: Node): string {
  const column = "column" in node ? (node.column.includes(" ") ? `"${node.column}"` : node.column) : "";
  switch (node.kind) {
    case "compare":
      return `${column}${node.operator}${writeValue(node.value)}`;
    case "in":
      return `${column} ${node.negated ? "NOT " : ""}in (${node.values.map(writeValue).join(",")})`;
    case "missing":
      return `${column} is ${node.negated ? "not " : ""}missing`;
    case "not":
      return `not (${write(node.inner)})`;
    default:
      return `(${write(node.left)}) ${node.kind} (${write(node.right)})`;
  }
}

const points = (text: string) => Array.from(text, (character) => character.codePointAt(0)!);

/** Negative, 0 or positive as `a` is before, at or after `b`. */
function order(a: number | string, b: number | string): number {
  if (typeof a === "number") return a < (b as number) ? -1 : a > (b as number) ? 1 : 0;
  const [left, right] = [points(a), points(b as string)];
  const at = left.findIndex((point, index) => point !== right[index]);
  return at < 0 ? left.length - right.length : left[at]! - (right[at] ?? -1);
}

/** True, false, or null for what cannot be said of a missing cell. */
function evaluate(node: Node, row: Record<string, Cell>): boolean | null {
  const compare = (column: string, value: number | string, holds: (sign: number) => boolean): boolean | null => {
    const cell = row[column]!;
    if (cell === null) return null;
    if (typeof value === "string") return holds(order(cell, value));
    return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(cell) ? holds(order(Number(cell), value)) : null;
  };
  const any = (values: (boolean | null)[]) => values.includes(true) ? true : values.includes(null) ? null : false;
  const negated = (value: boolean | null) => value === null ? null : !value;
  const SIGNS: Record<string, (sign: number) => boolean> = {
    "=": (sign) => sign === 0,
    "==": (sign) => sign === 0,
    "!=": (sign) => sign !== 0,
    "<>": (sign) => sign !== 0,
    "<": (sign) => sign < 0,
    "<=": (sign) => sign <= 0,
    ">": (sign) => sign > 0,
    ">=": (sign) => sign >= 0,
  };
  switch (node.kind) {
    case "compare":
      return compare(node.column, node.value, SIGNS[node.operator]!);
    case "in": {
      const found = any(node.values.map((value) => compare(node.column, value, SIGNS["="]!)));
      return node.negated ? negated(found) : found;
    }
    case "missing":
      return (row[node.column] === null) !== node.negated;
    case "not":
      return negated(evaluate(node.inner, row));
    case "or":
      return any([evaluate(node.left, row), evaluate(node.right, row)]);
    case "and":
      return negated(any([negated(evaluate(node.left, row)), negated(evaluate(node.right, row))]));
  }
}

const column = fc.constantFrom(...COLUMNS);
const text = fc.oneof(
  fc.constantFrom("a", "b", "4", "10", "'", '"', "--", "é", "🦊", "ﬀ", "a'b", "; drop", "%", "\\"),
  fc.string({ unit: "grapheme", maxLength: 5 }).map((some) => some.replaceAll("\0", "")),
);
const number = fc.oneof(fc.integer({ min: -12, max: 12 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const value = fc.oneof(number, text);
const { condition } = fc.letrec<{ condition: Node }>((tie) => ({
  condition: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({
      kind: fc.constant("compare" as const),
      column,
      operator: fc.constantFrom("=", "==", "!=", "<>", "<", "<=", ">", ">="),
      value,
    }),
    fc.record({
      kind: fc.constant("in" as const),
      column,
      values: fc.array(value, { minLength: 1, maxLength: 4 }),
      negated: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("missing" as const), column, negated: fc.boolean() }),
    fc.record({ kind: fc.constant("not" as const), inner: tie("condition") }),
    fc.record({
      kind: fc.constantFrom("and" as const, "or" as const),
      left: tie("condition"),
      right: tie("condition"),
    }),
  ),
}));
const cell = fc.option(
  fc.oneof(text, number.map(String), fc.constantFrom("4.0", "1e1", "+4", "nan", "infinity", "1_0", "-0")),
);
const rows = fc.array(fc.record(Object.fromEntries(COLUMNS.map((name) => [name, cell]))), {
  minLength: 1,
  maxLength: 8,
});

Deno.test("any condition holds in DuckDB where it holds by the rules", async () => {
  await fc.assert(
    fc.asyncProperty(condition, rows, async (node, drawn) => {
      const cells = drawn as Record<string, Cell>[];
      const expected = cells.map((row) => evaluate(node, row) ?? false);
      assertEquals(await run(write(node), cells), expected);
    }),
    { numRuns: 300 },
  );
});

Deno.test("any text is either read or refused in one line, and what is read runs", async () => {
  const words = fc.constantFrom(
    "x",
    "and",
    "or",
    "not",
    "in",
    "is",
    "missing",
    "(",
    ")",
    ",",
    "=",
    ">",
    "4",
    "'a'",
    '"b"',
    "#1",
    ";",
    "--",
    "'",
    "\0",
  );
  const anything = fc.oneof(fc.string(), fc.array(words, { maxLength: 12 }).map((some) => some.join(" ")));
  await fc.assert(
    fc.asyncProperty(anything, async (some) => {
      let where;
      try {
        where = parseWhere(some);
      } catch (error) {
        assert(error instanceof SyntaxError && error.message.startsWith("Cannot read the condition"), String(error));
        return;
      }
      await db.run(`SELECT ${where.sql(() => "c0")} FROM (VALUES ('a')) AS t(c0)`);
    }),
    { numRuns: 500 },
  );
});

Deno.test("where: closes the database", () => {
  db[Symbol.dispose]();
});
