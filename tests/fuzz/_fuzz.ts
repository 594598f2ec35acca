/**
 * Files that are spoilt by chance, from a seed: each is read as it was, or refused in words, in bounded time and memory.
 *
 * `SEVO_FUZZ_CASES` is the number of cases of all tests here together, 1,000 by default: a long run is
 * `SEVO_FUZZ_CASES=100000 deno task fuzz`.
 *
 * @module
 */
import { assert, assertLess } from "@std/assert";
import fc from "../_fast_check.ts";

/** Tests that share the cases. */
const TARGETS = 13;

/** What a case may take: far more than any takes, and far less than what a file that is believed would. */
const MOST_SECONDS = 3, MOST_BYTES = 500e6;

/** Words of the language that are none of this package's. */
const INTERNAL =
  /of (undefined|null) \(|Invalid (typed )?array length|is not (a function|iterable)|call stack|primitive value/;

const { state } = Deno.permissions.querySync({ name: "env", variable: "SEVO_FUZZ_CASES" });
const CASES = Number((state === "granted" && Deno.env.get("SEVO_FUZZ_CASES")) || 1000);

/** What is done with spoilt files. */
export interface Attempt<T> {
  /** The spoilt files. */
  readonly mutants: fc.Arbitrary<T>;
  /** Errors that may be thrown. */
  readonly refusals: readonly (new (...args: never[]) => Error)[];
  /** Reads a file, and checks what is read. */
  read(mutant: T): unknown;
}

/**
 * Declares a test of spoilt files.
 *
 * @param name Its name.
 * @param attempt What is done with them.
 */
export function fuzz<T>(name: string, { mutants, refusals, read }: Attempt<T>): void {
  Deno.test(name, async () => {
    const property = fc.asyncProperty(mutants, async (mutant) => {
      const start = performance.now(), before = ownMemory();
      try {
        await read(mutant);
      } catch (error) {
        if (!(error instanceof Error) || !refusals.some((refusal) => error instanceof refusal)) throw error;
        assert(error.message.startsWith("Cannot ") && !INTERNAL.test(error.message), Deno.inspect(error));
      }
      assertLess((performance.now() - start) / 1000, MOST_SECONDS);
      assertLess(ownMemory() - before, MOST_BYTES);
    });
    await fc.assert(property, { seed: 11, numRuns: Math.ceil(CASES / TARGETS), endOnFailure: CASES > 5000 });
  });
}

/** Memory of this test alone: others run beside it in the same process. */
function ownMemory(): number {
  const { heapTotal, external } = Deno.memoryUsage();
  return heapTotal + external;
}

/** Numbers that a program may trip over. */
const NUMBERS = [0, -1, 0.5, 1, 3, 255, 1e8, 2 ** 31 - 1, 2 ** 31, 4e9, 2 ** 32, 2 ** 53, 1e300, -1e300];

/** A change of bytes. */
export interface ByteEdit {
  readonly kind: "flip" | "fill" | "cut" | "insert" | "remove" | "repeat" | "number";
  readonly at: number;
  readonly length: number;
  readonly value: number;
  readonly number: number;
}

/** A number of [begin, end), each as likely as another: fast-check prefers the first ones. */
const evenly = (begin: number, end: number) =>
  fc.noBias(fc.nat({ max: 2 ** 30 - 1 })).map((value) => begin + (end - begin) * value / 2 ** 30);

/** Where in a file something is, of 1: most that can go wrong is said at its beginning or its end. */
const place = fc.oneof(evenly(0, 1), evenly(0, 0.1), evenly(0.7, 1));

/** Changes of the bytes of a file. */
export const byteEdits: fc.Arbitrary<ByteEdit[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("flip", "flip", "fill", "cut", "insert", "remove", "repeat", "number"),
    at: place,
    length: fc.integer({ min: 1, max: 40 }),
    value: fc.nat({ max: 255 }),
    number: fc.constantFrom(...NUMBERS),
  }),
  { minLength: 1, maxLength: 3 },
);

/**
 * Changes bytes.
 *
 * @param bytes The bytes, which stay as they are.
 * @param edits The changes.
 * @returns Other bytes.
 */
export function editedBytes(bytes: Uint8Array, edits: readonly ByteEdit[]): Uint8Array<ArrayBuffer> {
  let out = bytes.slice() as Uint8Array<ArrayBuffer>;
  for (const { kind, at, length, value, number } of edits) {
    const begin = Math.min(out.length, Math.floor(at * out.length)), end = Math.min(out.length, begin + length);
    const part = out.slice(begin, end);
    const spliced = (without: number, put: Uint8Array) =>
      Uint8Array.from([...out.subarray(0, begin), ...put, ...out.subarray(begin + without)]);
    if (kind === "flip" && begin < out.length) out[begin]! ^= 1 << (value & 7);
    if (kind === "fill") out.fill(value, begin, end);
    if (kind === "cut") out = out.slice(0, begin);
    if (kind === "insert") out = spliced(0, new Uint8Array(length).fill(value));
    if (kind === "remove") out = spliced(part.length, new Uint8Array());
    if (kind === "repeat") out = spliced(0, part);
    if (kind === "number" && begin + 8 <= out.length) {
      new DataView(out.buffer).setBigInt64(
        begin,
        BigInt(Math.max(-(2 ** 62), Math.min(2 ** 62, Math.trunc(number)))),
        true,
      );
    }
  }
  return out;
}

/** A change of a value of JSON. */
interface JsonEdit {
  readonly kind: "replace" | "remove" | "rename" | "add";
  readonly pick: number;
  readonly value: unknown;
  readonly name: string;
}

const nested = (levels: number): unknown => levels === 0 ? 0 : [nested(levels - 1)];
const VALUES: readonly unknown[] = [
  ...NUMBERS,
  null,
  true,
  "",
  "x",
  "__proto__",
  [],
  {},
  [null],
  { ["__proto__"]: 1 },
  { toString: 1 },
  nested(200),
  ["a", "a"],
  "\ud800",
];

/** Changes of what JSON says. */
export const jsonEdits: fc.Arbitrary<JsonEdit[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("replace", "replace", "replace", "remove", "rename", "add"),
    pick: evenly(0, 1),
    value: fc.constantFrom(...VALUES),
    name: fc.constantFrom("__proto__", "constructor", "", "7", "x", "__metadata__", "length"),
  }),
  { minLength: 1, maxLength: 2 },
);

/** A place in a value of JSON. */
interface Slot {
  readonly holder: Record<string, unknown>;
  readonly key: string;
  commit(): void;
}

/**
 * Changes what JSON says, within texts that are JSON themselves too.
 *
 * @param json The JSON.
 * @param edits The changes.
 * @returns Other JSON.
 */
export function editedJson(json: string, edits: readonly JsonEdit[]): string {
  const root = { root: JSON.parse(json) as unknown };
  for (const { kind, pick, value, name } of edits) {
    const slots = slotsOf(root, () => {}), slot = slots[Math.floor(pick * slots.length)];
    if (!slot) continue;
    const { holder, key, commit } = slot;
    if (kind === "replace") define(holder, key, structuredClone(value));
    if (kind === "remove") delete holder[key];
    if (kind === "add") define(holder, Array.isArray(holder) ? `${holder.length}` : name, structuredClone(value));
    if (kind === "rename") {
      define(holder, Array.isArray(holder) ? `${holder.length}` : name, holder[key]);
      if (!Array.isArray(holder)) delete holder[key];
    }
    commit();
  }
  return JSON.stringify(root.root) ?? "";
}

function slotsOf(holder: Record<string, unknown>, commit: () => void): Slot[] {
  return Object.keys(holder).flatMap((key) => {
    const own: Slot = { holder, key, commit }, value = holder[key];
    const inner = typeof value === "string" && /^[[{]/.test(value) ? parsed(value) : value;
    if (typeof inner !== "object" || inner === null) return [own];
    const above = () => {
      if (inner !== value) define(holder, key, JSON.stringify(inner));
      commit();
    };
    return [own, ...slotsOf(inner as Record<string, unknown>, above)];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function define(holder: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}
