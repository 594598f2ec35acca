import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { isTrainable, MODELS, resolveSettings } from "../../src/models/mod.ts";
import { modelPage } from "../../tasks/build/model_page.ts";
import { trainSchema } from "../../tasks/build/train_schema.ts";
import { parseFlags, UsageError } from "../../tasks/cli/flags.ts";
import { trainRequest, trainTask } from "../../tasks/train/flags.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A property of the schema, as far as it is used here. */
interface Property {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

const SCHEMA = trainSchema(MODELS) as { properties: Record<string, Property>; additionalProperties: boolean };

/** Whether a value is what a property allows. */
function allows({ type, enum: among, ...bounds }: Property, value: unknown): boolean {
  if (among) return among.includes(value as string);
  if (type === "string") return typeof value === "string";
  if (type === "boolean") return typeof value === "boolean";
  if (type === "array") return Array.isArray(value);
  if (typeof value !== "number" || (type === "integer" && !Number.isInteger(value))) return false;
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum, exclusiveMaximum } = bounds;
  return value >= minimum && value <= maximum && !(value <= exclusiveMinimum!) && !(value >= exclusiveMaximum!);
}

async function docs(root: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "docs", ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, err: err! };
}

Deno.test("the pages, configs and schema that are committed are those of the declarations", async () => {
  const { code, out, err } = await docs(ROOT, "--check");
  assertEquals([code, out], [0, "Pages, configs and schema are current\n"], err);
});

Deno.test("docs --check names what is not current and leaves it, docs makes it so", async () => {
  const copy = await Deno.makeTempDir();
  try {
    for (const name of ["src", "kernels", "tasks", "vendor", "mod.ts", "deno.json", "locks"]) {
      await Deno.symlink(`${ROOT}${name}`, `${copy}/${name}`);
    }
    for (const folder of ["docs", "docs/models", "configs", "configs/toys"]) await Deno.mkdir(`${copy}/${folder}`);
    for (const folder of ["docs/models", "configs"]) {
      for await (const { name, isFile } of Deno.readDir(`${ROOT}${folder}`)) {
        if (isFile) await Deno.copyFile(`${ROOT}${folder}/${name}`, `${copy}/${folder}/${name}`);
      }
    }
    const page = `${copy}/docs/models/sasrec.md`, before = await Deno.readTextFile(page);
    await Deno.writeTextFile(page, before.replace("SASRec", "Another"));
    await Deno.writeTextFile(`${copy}/configs/toys/sasrec.json`, "{}\n");
    const changed = await Deno.readTextFile(page);
    const { code, err } = await docs(copy, "--check");
    assertEquals(code, 1);
    assertStringIncludes(err, "error: What is made from declarations is not current, run deno task docs: ");
    assertStringIncludes(err, "configs/toys/sasrec.json");
    // What is not there at all is not current either
    assertStringIncludes(err, "configs/beauty/mf-bpr.json");
    assert(!err.includes("docs/models/stosa.md"), err);
    assertEquals(await Deno.readTextFile(page), changed);
    const written = await docs(copy);
    assertEquals(written.code, 0, written.err);
    assertEquals(await Deno.readTextFile(page), before);
    assertEquals((await docs(copy, "--check")).code, 0);
    for (const file of ["configs/toys/sasrec.json", "configs/beauty/mf-bpr.json"]) {
      assertEquals(await Deno.readTextFile(`${copy}/${file}`), await Deno.readTextFile(`${ROOT}${file}`));
    }
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
});

Deno.test("the schema of a config file has every flag of train, and nothing else", () => {
  const { flags } = trainTask(MODELS);
  assertEquals(Object.keys(SCHEMA.properties).sort(), ["$schema", ...Object.keys(flags)].sort());
  assertEquals(SCHEMA.additionalProperties, false);
  for (const [name, flag] of Object.entries(flags)) {
    assertEquals(SCHEMA.properties[name]!.description, flag.description);
  }
  for (const model of MODELS) {
    for (const [name, value] of Object.entries(resolveSettings(model, {}))) {
      assert(allows(SCHEMA.properties[name]!, value), `${model.name}: ${name} ${value}`);
    }
  }
  assert(!allows(SCHEMA.properties["epochs"]!, 1.5));
  assert(!allows(SCHEMA.properties["optimizer"]!, "adamx"));
  assert(!allows(SCHEMA.properties["seeds"]!, 0));
});

Deno.test("train accepts every published config, and each is what its preset says", async () => {
  let files = 0;
  for (const model of MODELS.filter(isTrainable)) {
    for (const preset of Object.keys(model.presets).filter((name) => name !== "generated")) {
      const path = `${ROOT}configs/${preset}/${model.name}.json`;
      const config = JSON.parse(await Deno.readTextFile(path));
      assertEquals(config.$schema, "../train.schema.json");
      assertEquals((await Deno.stat(`${ROOT}configs/${preset}/${config.$schema}`)).isFile, true);
      for (const [name, value] of Object.entries(config)) {
        assert(name in SCHEMA.properties && allows(SCHEMA.properties[name]!, value), `${path}: ${name}`);
      }
      const parsed = await parseFlags(trainTask(MODELS), ["--config", path]), request = trainRequest(parsed!, MODELS);
      assertEquals(request.model, model);
      assertEquals<unknown>(resolveSettings(model, request.given), resolveSettings(model, {}, preset));
      files++;
    }
  }
  assert(files > 0);
});

Deno.test("a config file may name its schema, and is checked all the same", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(path, '{ "$schema": "https://example.com/train.schema.json", "epochs": 3 }');
    const parsed = await parseFlags(trainTask(MODELS), ["--config", path]);
    assertEquals([parsed!.values["epochs"], parsed!.given.has("$schema")], [3, false]);
    for (
      const [text, message] of [
        ['{ "$schema": "x", "epochz": 3 }', "has a key that is no flag, 'epochz': did you mean 'epochs'?"],
        ['{ "$schema": "x", "epochs": "3" }', 'must be an integer: current value is "3"'],
        ['[{ "$schema": "x" }]', "must hold an object: current value is an array"],
      ] as const
    ) {
      await Deno.writeTextFile(path, text);
      const error = await assertRejects(() => parseFlags(trainTask(MODELS), ["--config", path]), UsageError);
      assertStringIncludes(error.message, message);
    }
  } finally {
    await Deno.remove(path);
  }
});

for (const model of MODELS) {
  Deno.test(`the page of ${model.name} says what it is, its settings with their defaults, and its presets`, () => {
    const page = modelPage(model), flat = page.replaceAll("\n", " ");
    assertStringIncludes(page, `# ${model.name}\n`);
    assertStringIncludes(flat, model.summary);
    if (model.source) assertStringIncludes(flat, model.source);
    const rows = page.split("\n").filter((line) => line.startsWith("| ")).map((line) =>
      line.slice(2, -2).split(" | ").map((cell) => cell.trim())
    );
    const settings = resolveSettings(model, {}) as Readonly<Record<string, unknown>>;
    for (const [name, field] of model.fields) {
      const row = rows.find(([cell]) => cell === `\`${name}\``);
      assertEquals([row?.[2], row?.[3]], [String(settings[name]), field.description], name);
    }
    if (isTrainable(model)) {
      const head = rows.find(([cell]) => cell === "preset")!;
      for (const preset of Object.keys(model.presets)) {
        const row = rows.find(([cell]) => cell === `\`${preset}\``)!;
        const own = resolveSettings(model, {}, preset) as unknown as Readonly<Record<string, unknown>>;
        head.slice(1).forEach((name, at) => assertEquals(row[at + 1], String(own[name]), `${preset}: ${name}`));
      }
    } else assertStringIncludes(flat, "counted, not trained");
  });
}
