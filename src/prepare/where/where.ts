/**
 * Conditions on the columns of a file, such as `rating >= 4 and not genre in ('Drama', 'War')`.
 *
 * A condition compares a column with a number or a text, the column first. It is read here and written anew as SQL, with
 * every name and text quoted, so nothing that a user writes is SQL.
 *
 * @module
 */
import { isOneOf, quoted } from "../_database.ts";
import { NUMBER, numberSql } from "../_numbers.ts";
import { isComparison, type Token, tokensOf, WhereError } from "./tokens.ts";

/** A condition on the columns of a file. */
export interface Where {
  /** Columns that it needs, each once: names, or positions from 1 where it says `#1`. */
  readonly columns: readonly string[];
  /**
   * The condition as SQL.
   *
   * @param reference Gives the SQL of a column's text, NULL where it is missing.
   * @returns SQL of a boolean that is never NULL.
   */
  sql(reference: (column: string) => string): string;
}

type Value = number | string;
type Write = (reference: (column: string) => string) => string;

/** Parentheses and negations within one another, at most. */
const DEEPEST = 50;

function valueSql(value: Value): string {
  return typeof value === "number" ? `${quoted(String(value))}::DOUBLE` : quoted(value);
}

const sideSql = (text: string, value: Value) => typeof value === "number" ? numberSql(text) : text;

class Parser {
  readonly columns = new Set<string>();
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  parse(): Write {
    const write = this.#chain("or");
    if (this.#next.kind !== "end") this.#fail("expected and, or or its end");
    return write;
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #fail(expected: string): never {
    throw new WhereError(this.#text, this.#next.start, expected);
  }

  #take(kind: Token["kind"], text?: string): boolean {
    const { kind: found, text: word } = this.#next;
    if (found !== kind || (text !== undefined && word !== text)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take("sign", text)) this.#fail(`expected ${text}`);
  }

  #chain(word: "and" | "or"): Write {
    const part = () => word === "or" ? this.#chain("and") : this.#negation();
    const parts = [part()];
    while (this.#take("keyword", word)) parts.push(part());
    if (parts.length === 1) return parts[0]!;
    return (reference) => `(${parts.map((write) => write(reference)).join(` ${word.toUpperCase()} `)})`;
  }

  #negation(): Write {
    if (this.#depth >= DEEPEST) this.#fail(`expected at most ${DEEPEST} parentheses within one another`);
    this.#depth++;
    try {
      if (this.#take("keyword", "not")) {
        const inner = this.#negation();
        return (reference) => `(NOT ${inner(reference)})`;
      }
      if (!this.#take("sign", "(")) return this.#comparison();
      const inner = this.#chain("or");
      this.#expect(")");
      return inner;
    } finally {
      this.#depth--;
    }
  }

  #column(): string {
    const { kind, text } = this.#next;
    if (kind !== "name" && kind !== "double" && kind !== "position") {
      this.#fail("expected a column (one whose name is no word stands in double quotes)");
    }
    this.#at++;
    this.columns.add(text);
    return text;
  }

  #value(): Value {
    const { kind, text } = this.#next;
    if (kind === "name") this.#fail("expected a number or a text (texts stand in single quotes)");
    if (kind !== "number" && kind !== "single" && kind !== "double") this.#fail("expected a number or a text");
    if (kind !== "number") {
      this.#at++;
      return text;
    }
    // JavaScript alone would take 0x10 too.
    const number = new RegExp(`^${NUMBER}$`).test(text) ? Number(text) : NaN;
    if (!Number.isFinite(number)) this.#fail("expected a number or a text (dates stand in single quotes)");
    this.#at++;
    return number;
  }

  #comparison(): Write {
    const column = this.#column();
    if (this.#take("keyword", "is")) {
      const present = this.#take("keyword", "not");
      if (!this.#take("keyword", "missing")) this.#fail("expected missing or not missing");
      return (reference) => `(${reference(column)} IS ${present ? "NOT " : ""}NULL)`;
    }
    if (this.#take("keyword", "in")) return this.#list(column);
    if (this.#take("keyword", "not")) {
      if (!this.#take("keyword", "in")) this.#fail("expected in");
      const list = this.#list(column);
      return (reference) => `(NOT ${list(reference)})`;
    }
    const { kind, text } = this.#next;
    if (kind !== "sign" || !isComparison(text)) this.#fail("expected a comparison (=, !=, <, <=, >, >=, in, is)");
    this.#at++;
    const value = this.#value(), operator = text === "==" ? "=" : text === "!=" ? "<>" : text;
    return (reference) => `(${sideSql(reference(column), value)} ${operator} ${valueSql(value)})`;
  }

  #list(column: string): Write {
    this.#expect("(");
    const values = [this.#value()];
    while (this.#take("sign", ",")) values.push(this.#value());
    if (!this.#take("sign", ")")) this.#fail("expected , or )");
    const kinds = [
      values.filter((value) => typeof value === "number"),
      values.filter((value) => typeof value === "string"),
    ].filter((some) => some.length > 0);
    return (reference) => {
      const text = reference(column);
      const lists = kinds.map((some) => isOneOf(sideSql(text, some[0]!), some.map(valueSql)));
      return `(${lists.join(" OR ")})`;
    };
  }
}

/**
 * Reads a condition.
 *
 * - `rating >= 4` compares numbers: what is no number satisfies nothing, not even `!=`.
 * - `genre = 'Drama'` compares texts: they are ordered by code point, and so are dates that start with the year.
 * - The comparisons are `=`, `==`, `!=`, `<>`, `<`, `<=`, `>`, `>=`, `in (1, 2)` and `not in (1, 2)`.
 * - `rating is missing` and `rating is not missing` ask for an empty cell, which satisfies nothing else.
 * - `and`, `or`, `not` and parentheses join conditions; `and` binds more tightly than `or`.
 * - A column is a name, a name in double quotes (`"my rating"`), or a position (`#3`). Double quotes after a comparison
 *   are a text, as single quotes are. A quote within quotes is written twice.
 *
 * @param text The condition.
 * @returns The condition, read.
 * @throws {SyntaxError} If it cannot be read.
 */
export function parseWhere(text: string): Where {
  const parser = new Parser(text), write = parser.parse();
  // A comparison of what is missing is NULL, and so is its negation: neither is satisfied.
  return { columns: [...parser.columns], sql: (reference) => `coalesce(${write(reference)}, false)` };
}
