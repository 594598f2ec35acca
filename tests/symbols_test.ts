import { assert, assertEquals } from "@std/assert";

/** What is used here of what `deno doc --json` says of a symbol. */
interface Declaration {
  readonly kind: string;
  readonly location: { readonly filename: string };
  readonly jsDoc?: { readonly tags?: readonly { readonly kind: string; readonly doc?: string }[] };
}

interface Documentation {
  readonly nodes: Readonly<
    Record<
      string,
      { readonly symbols: readonly { readonly name: string; readonly declarations: readonly Declaration[] }[] }
    >
  >;
}

const { exports } = JSON.parse(await Deno.readTextFile("deno.json")) as { exports: Record<string, string> };

async function documentationOf(path: string): Promise<Documentation> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), { args: ["doc", "--json", path] }).output();
  assert(success, path);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Whether an example runs, which `deno test --doc` does with those that are not marked, and can fail. */
const isRun = (doc = "") => /```ts\n/.test(doc) && /\bassert/.test(doc);

Deno.test("every class and function that is exported has an example that runs and asserts something", async () => {
  const without = new Set<string>();
  let found = 0;
  for (const path of Object.values(exports)) {
    const { nodes } = await documentationOf(path);
    for (const { name, declarations } of Object.values(nodes).flatMap(({ symbols }) => symbols)) {
      const code = declarations.filter(({ kind }) => kind === "class" || kind === "function");
      if (code.length === 0) continue;
      found++;
      const tags = code.flatMap(({ jsDoc }) => jsDoc?.tags ?? []);
      if (!tags.some(({ kind, doc }) => kind === "example" && isRun(doc))) {
        without.add(`${name} of ${code[0]!.location.filename.replace(/^.*\/(?=(src|tasks)\/)/, "")}`);
      }
    }
  }
  assert(found > 90, `${found}`);
  assertEquals([...without].toSorted(), []);
});
