import { assertEquals, assertThrows } from "@std/assert";
import { parseJson } from "../src/json.ts";

Deno.test("parseJson() reads what JSON.parse reads, up to 64 levels", () => {
  for (
    const value of [1, null, "[[[", { 'a"[': ["\\", '"', "{"] }, { ["__proto__"]: [] }, [[], [{}]]]
  ) {
    assertEquals(parseJson(JSON.stringify(value)), JSON.parse(JSON.stringify(value)));
  }
  const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  assertEquals(parseJson(nested(64)), JSON.parse(nested(64)));
  assertEquals(
    parseJson(`[${"[],{},".repeat(100)}"${"[".repeat(100)}"]`),
    JSON.parse(`[${"[],{},".repeat(100)}"${"[".repeat(100)}"]`),
  );
  const message = "Cannot read JSON as it is nested more than 64 levels deep";
  for (const text of [nested(65), nested(100_000), `{"a":${nested(64)}}`]) {
    assertEquals(assertThrows(() => parseJson(text), SyntaxError).message, message);
  }
  for (const text of ["", "{", '"', '"\\"', "[1,]"]) assertThrows(() => parseJson(text), SyntaxError);
});
