/**
 * What is read and how, before anything is.
 *
 * @module
 */
import { FORMATS } from "./formats/formats.ts";
import type { Input } from "./input/input.ts";
import { type Inputs, inputsOf } from "./input/inputs.ts";
import type { Part } from "./_log.ts";
import type { PrepareOptions } from "./options.ts";
import { PrepareError, shown } from "./prepare_error.ts";
import { type SplitRule, splitRuleOf } from "./_split.ts";
import { parseWhere, type Where } from "./where/where.ts";

/** What is read and how. */
export interface Plan {
  /** All that was asked for. */
  readonly options: PrepareOptions;
  /** How messages name the log. */
  readonly file: string;
  /** The files of the log. */
  readonly parts: readonly Part[];
  /** The items file, or null. */
  readonly items: Input | null;
  /** How it is split, as `--split` says it. */
  readonly split: string;
  /** The same, read. */
  readonly rule: SplitRule;
  /** The condition that interactions meet. */
  readonly where: Where | null;
}

/**
 * Finds the files that are read, and reads what the options say.
 *
 * @param options The options.
 * @returns The plan.
 * @throws {PrepareError} If a file is not there.
 * @throws {RangeError} If an option is out of range.
 * @throws {SyntaxError} If the condition cannot be read.
 */
export async function planOf(options: PrepareOptions): Promise<Plan> {
  const { files, valid, test, splitColumn } = options;
  if (files.length === 0) throw new RangeError("Cannot prepare a log as there is no file: current value is []");
  const where = options.where === undefined ? null : parseWhere(options.where);
  const given = valid !== undefined || test !== undefined || splitColumn !== undefined;
  let text = options.split ?? (given ? "given" : "leave-one-out"), rule = splitRuleOf(text);
  const logs: Input[] = [], parts: Part[] = [];
  let items = options.items === undefined ? null : await fileOf(options.items), named = given;
  for (const name of files) {
    const found = await inputsOf(name);
    const plan = found.folder ? folderPlan(found, options.format) : null;
    if (plan === null) {
      logs.push(...found.inputs);
      continue;
    }
    const get = (file: string) => found.inputs.find((input) => input.file === file)!;
    logs.push(...plan.log.map(get));
    if (plan.items !== undefined) items ??= get(plan.items);
    if (given || options.split !== undefined && options.split !== "given") continue;
    if (plan.test === undefined) continue;
    // A folder that comes with a split is split so
    named = true;
    if (plan.valid !== undefined) parts.push({ inputs: [get(plan.valid)], split: 1 });
    parts.push({ inputs: [get(plan.test)], split: 2 });
    text = "given";
    rule = splitRuleOf(text);
  }
  if (valid !== undefined) parts.push({ inputs: [await fileOf(valid)], split: 1 });
  if (test !== undefined) parts.push({ inputs: [await fileOf(test)], split: 2 });
  if (rule.kind === "given" && !named) {
    throw new RangeError(
      "Cannot split as given as nothing says how: expected --test FILE, --valid FILE or --split-column NAME",
    );
  }
  if (rule.kind !== "given" && given) {
    throw new RangeError(`Cannot split in two ways: the split is given, current value is ${shown(options.split!)}`);
  }
  const split = rule.kind === "given" && splitColumn === undefined ? 0 : null;
  return { options, file: files[0]!, parts: [{ inputs: logs, split }, ...parts], items, split: text, rule, where };
}

/** What the format of a folder says of its files. */
function folderPlan({ inputs }: Inputs, format = "auto") {
  const files = inputs.map(({ file }) => file);
  for (const { name, folder } of FORMATS) {
    if (format !== "auto" && format !== name) continue;
    const plan = folder?.(files) ?? null;
    if (plan !== null) return plan;
  }
  return null;
}

async function fileOf(name: string): Promise<Input> {
  const { inputs } = await inputsOf(name);
  if (inputs.length !== 1) throw new PrepareError(name, `one file is expected: there are ${inputs.length}`);
  return inputs[0]!;
}
