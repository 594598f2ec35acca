/**
 * Finds the items most like an item with a trained model.
 *
 * @module
 */
import { readModel } from "../src/files/read_model.ts";
import type { ModelDefinition } from "../src/models/define_model.ts";
import { MODELS } from "../src/models/models.ts";
import { Recommender } from "../src/recommend/recommender.ts";
import { titlesOf } from "../src/recommend/titles.ts";
import { defineTask, parseFlags, UsageError } from "./cli/flags.ts";
import { listTable } from "./cli/list_table.ts";
import { deviceFlags, openTaskDevice } from "./cli/open_device.ts";
import { runTask } from "./cli/run_task.ts";

const task = defineTask({
  name: "similar",
  summary:
    "Lists the items most like an item: by the cosine of their embeddings unless asked otherwise; stosa by the distance of " +
    "its Gaussians, bert4rec over its output table, item-knn by its neighbours.",
  argument: { placeholder: "RUN", description: "Run directory, or a model.safetensors", required: true },
  examples: [
    ["runs/first --item 50 --count 10", "ten items like item 50"],
    ['runs/first --title "star wars"', "the same by its title"],
  ],
  flags: {
    item: { kind: "list", placeholder: "ID", description: "An item" },
    title: {
      kind: "string",
      placeholder: "TEXT",
      description: "A part of the item's title, in upper or lower case; whole words win, then the shortest title",
    },
    count: { kind: "integer", min: 1, default: 10, description: "Items of a list" },
    by: { kind: "choice", choices: ["cosine", "dot"], description: "Measure (default: the model's own)" },
    json: { kind: "boolean", default: false, description: "Print JSON lines" },
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
  const { values, argument } = parsed, { count, by, json, title } = values;
  if ((title === undefined) === (values.item.length === 0)) {
    throw new UsageError("Cannot run similar as it takes one of --item and --title: give one of them");
  }
  const file = await readModel(argument!, models);
  const items = title === undefined ? values.item : [itemTitled(title, file, json)];
  await using device = await openTaskDevice(values);
  using recommender = new Recommender(device, file);
  const lists = await recommender.similar(items, { count, ...by !== undefined && { by } });
  lists.forEach((list, at) => {
    if (json) console.log(JSON.stringify({ item: items[at], items: list }));
    else console.log(`Like item ${items[at]}:\n${listTable(list)}\n`);
  });
}

/** The item whose title has a text in it: of several, the one with the shortest title. Says which it is. */
function itemTitled(
  text: string,
  { items, itemColumns }: {
    items: readonly string[];
    itemColumns: Readonly<Record<string, readonly (string | null)[]>>;
  },
  json: boolean,
): string {
  const titles = titlesOf(itemColumns);
  if (titles === null) {
    throw new UsageError("Cannot run similar as the model was trained on items without titles: give --item ID");
  }
  const wanted = text.toLowerCase().trim();
  // Whole words before parts of words: 'star' is a word of Star Wars and a part of Stargate
  const partial = (row: number) =>
    ` ${titles[row]!.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ")} `.includes(` ${wanted} `) ? 0 : 1;
  const found = [...titles.keys()].filter((row) => titles[row]?.toLowerCase().includes(wanted))
    .sort((a, b) => partial(a) - partial(b) || titles[a]!.length - titles[b]!.length || a - b);
  const [row] = found;
  if (row === undefined) throw new UsageError(`Cannot run similar as no title has '${text}' in it`);
  const others = found.slice(1, 5).map((other) => `${titles[other]} (${items[other]})`);
  const more = others.length === 0 ? "" : `; others are ${others.join(", ")}${found.length > 5 ? ", ..." : ""}`;
  if (!json) console.log(`'${titles[row]}' is item ${items[row]}${more}`);
  return items[row]!;
}

if (import.meta.main) await runTask(() => main(Deno.args));
