import { assertEquals } from "@std/assert";
import { itemCategories } from "../../src/data/item_categories.ts";

/** The categories of each item. */
function listed(values: readonly (string | null)[]): string[][] {
  const { items, categories } = itemCategories(values), lists: string[][] = values.map(() => []);
  items.forEach((item, at) => lists[item]!.push(categories[at]!));
  return lists;
}

Deno.test("itemCategories() splits texts at the mark that the column has", () => {
  assertEquals(listed(["Action|War, cold", "War, cold", null, "", "| Drama |"]), [
    ["Action", "War, cold"],
    ["War, cold"],
    [],
    [],
    ["Drama"],
  ]);
  assertEquals(listed(["a; b", "b,c"]), [["a", "b"], ["b,c"]]);
  assertEquals(listed(["a, b", "b,c", "d"]), [["a", "b"], ["b", "c"], ["d"]]);
  assertEquals(listed(["rock", "(no genres listed)"]), [["rock"], []]);
});

Deno.test("itemCategories() takes lists as JSON, nested too, and texts that only look like one as they are", () => {
  assertEquals(listed(['["a, b","c"]', '[["c","d"],["e"]]', "[1,null]", "[]", "[oops", "c|d"]), [
    ["a, b", "c"],
    ["c", "d", "e"],
    ["1"],
    [],
    ["[oops"],
    ["c", "d"],
  ]);
  assertEquals(listed([]), []);
});
