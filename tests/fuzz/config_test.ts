import { assert } from "@std/assert";
import { MODELS } from "@sevo/sevo/models";
import { readConfig } from "../../tasks/cli/_config.ts";
import { UsageError } from "../../tasks/cli/declaration.ts";
import { trainTask } from "../../tasks/train/flags.ts";
import { byteEdits, editedBytes, editedJson, fuzz, jsonEdits } from "./_fuzz.ts";

const FOLDER = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(FOLDER, { recursive: true }));
const { flags } = trainTask(MODELS);
const CONFIG = JSON.stringify({
  model: "sasrec",
  epochs: 20,
  learningRate: 1e-3,
  dimension: 16,
  compare: false,
  data: "data/tiny",
  optimizer: "adamw",
});

async function read(content: Uint8Array): Promise<void> {
  const path = `${FOLDER}/config.jsonc`;
  await Deno.writeFile(path, content);
  const values = await readConfig("train", path, flags);
  for (const name of Object.keys(values)) assert(Object.hasOwn(flags, name), name);
}

fuzz("config files that say something else are read or refused", {
  mutants: jsonEdits.map((edits) => new TextEncoder().encode(editedJson(CONFIG, edits))),
  refusals: [UsageError],
  read,
});

fuzz("config files with other bytes are read or refused", {
  mutants: byteEdits.map((edits) => editedBytes(new TextEncoder().encode(CONFIG), edits)),
  refusals: [UsageError],
  read,
});
