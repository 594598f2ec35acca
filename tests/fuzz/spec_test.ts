import { assert } from "@std/assert";
import { MODELS } from "@sevo/sevo/models";
import { planOf } from "../../src/experiments/plan.ts";
import { readSpec } from "../../src/experiments/spec.ts";
import { SpecError } from "../../src/experiments/spec_error.ts";
import { specOptions } from "../../tasks/sweep/flags.ts";
import { byteEdits, editedBytes, editedJson, fuzz, jsonEdits } from "./_fuzz.ts";

const options = specOptions(MODELS, "spec.json");
const SPEC = JSON.stringify({
  base: { data: ["data/a", "data/b"], model: "sasrec", epochs: 20 },
  grid: { beta: [0.9, 0.99], optimizer: ["adamw"] },
  random: { count: 3, seed: 1, settings: { learningRate: { min: 1e-4, max: 1e-2, log: true }, layers: [1, 2] } },
  list: [{ dropout: 0.1 }, {}],
  seeds: [1, 2],
  halve: { every: 5, keep: 0.5 },
});

async function read(content: Uint8Array): Promise<void> {
  const plan = planOf(readSpec(new TextDecoder().decode(content), options));
  const names = plan.map(({ name }) => name);
  assert(new Set(names).size === names.length && names.every((name) => /^[A-Za-z0-9._=,+-]{1,160}$/.test(name)));
  await Promise.resolve();
}

fuzz("specs that say something else are planned or refused", {
  mutants: jsonEdits.map((edits) => new TextEncoder().encode(editedJson(SPEC, edits))),
  refusals: [SpecError],
  read,
});

fuzz("specs with other bytes are planned or refused", {
  mutants: byteEdits.map((edits) => editedBytes(new TextEncoder().encode(SPEC), edits)),
  refusals: [SpecError],
  read,
});
