import {
  GENERATED_PRESET,
  isTrainable,
  type ModelDefinition,
  type TrainableModel,
} from "../../src/models/define_model.ts";
import { markdownTable } from "../cli/markdown_table.ts";
import type { Field } from "../../src/models/field.ts";
import { rangeOf } from "../../src/options.ts";
import { resolveSettings } from "../../src/models/settings.ts";

/**
 * The page of a model in docs/, in Markdown, made from its declaration.
 *
 * @param model The model.
 * @returns The page.
 */
export function modelPage(model: ModelDefinition): string {
  const { name, summary, source, ownFields } = model;
  const lines = [
    `# ${name}`,
    "",
    "<!-- Made by `deno task docs` from the model's declaration: edit that. -->",
    "",
    summary,
    ...source ? ["", `Source: ${source}.`] : [],
    "",
    "```sh",
    `deno task train --data data/mine --model ${name} --out runs/${name}`,
    `deno task recommend runs/${name} --data data/mine --user 42`,
    "```",
    "",
    "## Settings",
    "",
    ...ownFields.size === 0 ? ["It has none."] : settingsTable(ownFields),
    ...isTrainable(model) ? trainedSections(model) : [
      "",
      "It is counted, not trained: the settings of training, such as `--epochs` and `--optimizer`, are refused.",
    ],
    "",
  ];
  return lines.map(wrapped).join("\n");
}

/** Columns of a line of prose, as `deno fmt` has it. */
const WIDTH = 120;

/** A paragraph in lines; what is no prose is left as it is. */
function wrapped(text: string): string {
  if (/^(\||```|<|#)/.test(text) || text.startsWith("deno ")) return text;
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}

function trainedSections(model: TrainableModel): string[] {
  const { name, presets, leadingRows, graphs, userTable } = model;
  const settings = resolveSettings(model, {}), tables = model.tables(settings);
  const smoothed = tables.filter(({ smoothed }) => smoothed).map(({ names }) => names.map(code).join(" and "));
  const shared = new Map([...model.fields].filter(([key]) => !model.ownFields.has(key)));
  const differing = changed(model);
  const rows = Object.keys(presets).map((preset) => {
    const own = resolveSettings(model, {}, preset) as unknown as Record<string, unknown>;
    return [code(preset), ...differing.map((key) => String(own[key]))];
  });
  return [
    "",
    "Besides, it has the settings of training, with these defaults:",
    "",
    ...settingsTable(shared, settings as unknown as Record<string, unknown>),
    "",
    "## Presets",
    "",
    `\`--preset NAME\` takes the published settings for a dataset (\`${GENERATED_PRESET}\` is this project's own). Without it, the batch is chosen by the size of the data, and training ends where nothing gets better.`,
    "",
    ...markdownTable(["preset", ...differing], rows),
    "",
    "## What is smoothed",
    "",
    [
      smoothed.length === 1
        ? `SEvo smooths the updates of ${smoothed[0]}.`
        : `SEvo smooths the updates of ${smoothed.join(" and of ")}, each by itself.`,
      leadingRows === 0
        ? "Row 0 of the item table is that of item 0."
        : `The first ${
          leadingRows === 1 ? "row of the item table is" : `${leadingRows} rows of the item tables are`
        } no item's: item 0 has row ${leadingRows}.`,
      "The graph is that of items which follow each other in the training sequences, or what `--graph` names: see [graphs](../graphs.md).",
      ...graphs.includes("user-item") ? ["With `user-item` among its relations, users are smoothed too."] : [],
      userTable
        ? `${name} knows users by their rows. For a history of somebody else it fits a row with the items held: see [recommending](../recommending.md).`
        : `${name} goes by the history alone, so it recommends to anybody who has one.`,
    ].join(" "),
  ];
}

/** The settings in which presets differ. */
function changed(model: TrainableModel): string[] {
  const all = Object.keys(model.presets).map((preset) =>
    resolveSettings(model, {}, preset) as unknown as Record<string, unknown>
  );
  return [...model.fields.keys()].filter((key) => all.some((values) => values[key] !== all[0]![key]));
}

function settingsTable(fields: ReadonlyMap<string, Field>, values?: Record<string, unknown>): string[] {
  return markdownTable(
    ["setting", "type", "default", "what it is"],
    Array.from(fields, ([name, field]) => [
      code(name),
      typeOf(field),
      String(values?.[name] ?? field.default),
      field.description,
    ]),
  );
}

function typeOf(field: Field): string {
  if (field.kind === "choice") return field.choices!.map(code).join(", ");
  const range = rangeOf(field);
  return range ? `${field.kind}, ${range}` : field.kind;
}

function code(text: string): string {
  return `\`${text}\``;
}
