/**
 * Recommends items to users or for histories with a trained model.
 *
 * @module
 */
import { readDataset } from "../src/files/read_dataset.ts";
import { readModel } from "../src/files/read_model.ts";
import type { ModelDefinition } from "../src/models/define_model.ts";
import { MODELS } from "../src/models/models.ts";
import { Recommender } from "../src/recommend/recommender.ts";
import { defineTask, parseFlags, UsageError } from "./cli/flags.ts";
import { deviceFlags, openTaskDevice } from "./cli/open_device.ts";
import { runTask } from "./cli/run_task.ts";
import { openOutput } from "./recommend/lists_output.ts";
import { requestsOf } from "./recommend/requests.ts";

const task = defineTask({
  name: "recommend",
  summary:
    "Lists the best items for users of a dataset, or for any history. Items of the history are left out unless --repeat.",
  argument: { placeholder: "RUN", description: "Run directory, or a model.safetensors", required: true },
  examples: [
    ["runs/first --data data/ml-100k --user 42 --count 10", "ten titles for a user"],
    ["runs/first --history 50,181,174", "for somebody who took these items, oldest first; needs no dataset"],
    ["runs/first --data data/ml-100k --all --to lists.parquet", "every user, to a file"],
    [
      "runs/first --input users.jsonl --to lists.jsonl",
      '{"user":"42"} or {"history":["50","181"]} a line; - is standard input',
    ],
  ],
  flags: {
    user: { kind: "list", placeholder: "ID", description: "A user of the dataset", group: "For whom" },
    history: {
      kind: "list",
      placeholder: "ID,ID,...",
      description: "Items that somebody took, oldest first",
      group: "For whom",
    },
    all: { kind: "boolean", default: false, description: "Every user of the dataset", group: "For whom" },
    input: {
      kind: "string",
      placeholder: "FILE",
      description: 'Requests, a line each: {"user":"42"} or {"history":["50","181"]}; - is standard input',
      group: "For whom",
    },
    data: {
      kind: "string",
      placeholder: "DIR",
      description: "Prepared dataset, which has the users' histories",
      group: "For whom",
    },
    historyOf: {
      kind: "choice",
      choices: ["all", "train"],
      default: "all",
      description: "What counts as a user's history: everything known, or the training items alone",
      group: "For whom",
    },
    count: { kind: "integer", min: 1, default: 10, description: "Items of a list", group: "Lists" },
    repeat: { kind: "boolean", default: false, description: "Let items of the history come again", group: "Lists" },
    to: {
      kind: "string",
      placeholder: "FILE",
      description: "File to write: .parquet, .csv or .jsonl (default: standard output)",
      group: "Lists",
    },
    json: { kind: "boolean", default: false, description: "Print JSON lines", group: "Lists" },
    ...deviceFlags,
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
  const { values, argument } = parsed, { count, repeat, historyOf } = values;
  const toFile = values.to !== undefined && values.to !== "-";
  if (toFile && values.json) {
    throw new UsageError(
      "Cannot run recommend as --json is for standard output: the name of the file in --to says its format",
    );
  }
  const dataset = values.data === undefined ? null : await readDataset(values.data);
  const requests = requestsOf(values, dataset);
  await using device = await openTaskDevice(values);
  using recommender = new Recommender(device, await readModel(argument!, models));
  using output = await openOutput(values.to, values.json);
  let lists = 0;
  for await (
    const answer of recommender.stream(requests, { count, repeat, historyOf, ...dataset && { dataset } })
  ) {
    output.add(answer);
    lists++;
  }
  output.finish();
  if (toFile) console.log(`Wrote ${lists} list${lists === 1 ? "" : "s"} to ${values.to}`);
}

if (import.meta.main) await runTask(() => main(Deno.args));
