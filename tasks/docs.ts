/**
 * Writes what is made from the models' declarations: their pages in docs/, their published settings in configs/, and the
 * JSON Schemas of config files and of specs. With `--check` it fails where what is committed is not what they give.
 *
 * @module
 */
import { GENERATED_PRESET, isTrainable } from "../src/models/define_model.ts";
import { MODELS } from "../src/models/models.ts";
import { resolveSettings } from "../src/models/settings.ts";
import { modelPage } from "./build/model_page.ts";
import { sweepSchema } from "./build/sweep_schema.ts";
import { trainSchema } from "./build/train_schema.ts";

/** Every file and its content. */
function files(): Map<string, string> {
  const found = new Map<string, string>();
  for (const model of MODELS) {
    found.set(`docs/models/${model.name}.md`, modelPage(model));
    if (!isTrainable(model)) continue;
    for (const preset of Object.keys(model.presets).filter((name) => name !== GENERATED_PRESET)) {
      const { seed: _, ...settings } = resolveSettings(model, {}, preset);
      const config = { $schema: "../train.schema.json", model: model.name, ...settings };
      found.set(`configs/${preset}/${model.name}.json`, JSON.stringify(config, null, 2) + "\n");
    }
  }
  found.set("configs/train.schema.json", JSON.stringify(trainSchema(MODELS), null, 2) + "\n");
  found.set("configs/sweep.schema.json", JSON.stringify(sweepSchema(MODELS), null, 2) + "\n");
  return found;
}

const root = new URL("..", import.meta.url), stale: string[] = [];
for (const [path, content] of files()) {
  const url = new URL(path, root);
  const before = await Deno.readTextFile(url).catch(() => null);
  if (before === content) continue;
  stale.push(path);
  if (Deno.args.includes("--check")) continue;
  await Deno.mkdir(new URL(".", url), { recursive: true });
  await Deno.writeTextFile(url, content);
}
if (Deno.args.includes("--check") && stale.length > 0) {
  console.error(`error: What is made from declarations is not current, run deno task docs: ${stale.join(", ")}`);
  Deno.exit(1);
}
console.log(stale.length === 0 ? "Pages, configs and schema are current" : `Wrote ${stale.join(", ")}`);
