/**
 * Writes the embeddings of a trained model for other programs.
 *
 * @module
 */
import { readModel } from "../src/files/read_model.ts";
import { writeEmbeddings } from "../src/files/embeddings_file.ts";
import type { ModelDefinition } from "../src/models/define_model.ts";
import { MODELS } from "../src/models/models.ts";
import { embeddingsOf } from "../src/recommend/embeddings.ts";
import { defineTask, parseFlags } from "./cli/flags.ts";
import { runTask } from "./cli/run_task.ts";

const task = defineTask({
  name: "export",
  summary:
    "Writes the item embeddings of a trained model, with ids and all columns of the items, without padding rows: for a " +
    "nearest-neighbour index, a notebook or a plot.",
  argument: { placeholder: "RUN", description: "Run directory, or a model.safetensors", required: true },
  examples: [
    ["runs/first --to items.parquet", "a row for each item: id, columns, embedding"],
    ["runs/first --to items.npy", "the matrix alone, rows in the order of the other formats"],
    ["runs/first --users --to users.csv", "user embeddings, of a model that has users"],
  ],
  flags: {
    to: {
      kind: "string",
      placeholder: "FILE",
      required: true,
      description: "File to write: .parquet, .csv, .npy or .safetensors",
    },
    users: { kind: "boolean", default: false, description: "Write the users in place of the items" },
  },
});

/**
 * Runs the task.
 *
 * @param args Its arguments.
 * @param models The models that there are; by default those of this package.
 */
export async function main(args: readonly string[], models: readonly ModelDefinition[] = MODELS): Promise<void> {
  const parsed = await parseFlags(task, args);
  if (parsed === null) return;
  const { to, users } = parsed.values;
  const embeddings = embeddingsOf(await readModel(parsed.argument!, models), users ? "users" : "items");
  await writeEmbeddings(to, embeddings);
  const [first] = Object.values(embeddings.vectors);
  console.log(`Wrote ${embeddings.ids.length} ${users ? "users" : "items"} of ${first!.width} columns to ${to}`);
}

if (import.meta.main) await runTask(() => main(Deno.args));
