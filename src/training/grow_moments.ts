import type { TrainableModel } from "../models/define_model.ts";
import type { ModelFile } from "../models/model_file.ts";
import { weightRows } from "../models/settings.ts";
import { PARAMETERS } from "../models/trained_weights.ts";
import { ruleOf, type TrainingSettings } from "../models/training_settings.ts";
import { type ModelWeights, ParameterLayout, type Weight } from "../nn/parameters.ts";
import { decodeState, encodeState } from "../sevo/state_file.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { GrownModel } from "./grow.ts";

/** The moments of an optimizer, by the part of a state and the name of a weight. */
export interface GrownMoments {
  /** Steps that they were gathered over. */
  readonly step: number;
  /** Moments of each weight that is trained. */
  readonly parts: { readonly moment1?: ModelWeights; readonly moment2?: ModelWeights };
}

const MOMENTS = ["moment1", "moment2"] as const;

/**
 * Carries the moments of a training run over to another dataset: rows of items and users are kept by id. The first moment of
 * a new row is 0; the second is the mean of the rows that are kept, without which the first steps of the row would be many
 * times too long.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { decodeModel, encodeModel, mfBpr, resolveSettings } from "@sevo/sevo/models";
 * import { type Checkpoint, generatedDataset, growModel, growMoments, train } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const before = generatedDataset({ users: 50, items: 40 }), after = generatedDataset({ users: 60, items: 45 });
 * const given = { dimension: 8, epochs: 1, batch: 32 }, wanted = resolveSettings(mfBpr, given), saved: Checkpoint[] = [];
 * const onCheckpoint = (checkpoint: Checkpoint) => void saved.push(checkpoint);
 * const { settings, weights } = await train(device, before, mfBpr, given, { onCheckpoint });
 * const file = decodeModel(encodeModel(mfBpr, settings, weights, before));
 * const grown = await growModel(device, file, after, wanted);
 * const moments = growMoments(saved.at(-1)!, file, grown, wanted)!;
 * assertEquals(moments.parts.moment1!["item.weight"]!.shape, [45, 8]);
 * ```
 *
 * @param checkpoint Where the run had come to.
 * @param file Its model.
 * @param grown The model on the other dataset.
 * @param settings What it is to be trained with.
 * @returns The moments, or null where another rule keeps others, or other weights are trained.
 * @throws {SyntaxError} If the checkpoint is not of this model.
 */
export function growMoments(
  checkpoint: Pick<Checkpoint, "model">,
  file: Pick<ModelFile, "model" | "settings" | "weights" | "users" | "items">,
  grown: Pick<GrownModel, "items" | "users" | "weights">,
  settings: TrainingSettings,
): GrownMoments | null {
  const model = file.model as TrainableModel, old = file.settings as unknown as TrainingSettings;
  if (ruleOf(old) !== ruleOf(settings)) return null;
  if (Object.keys(grown.weights).some((name) => model.unused(name, old) !== model.unused(name, settings))) return null;
  const kinds = weightRows(model, settings), layout = layoutOf(model, inOrder(file.weights, grown.weights), old);
  const parts: { [Part in typeof MOMENTS[number]]?: Record<string, Weight> } = {};
  const saved = decodeState(checkpoint.model);
  for (const part of MOMENTS) {
    for (const [name, table] of Object.entries(saved.parts[part] ?? {})) {
      if (name === PARAMETERS && table.data.length !== layout.rows * layout.columns) {
        throw otherModel(`its parameters have shape [${table.shape}]`);
      }
      const found = name === PARAMETERS ? layout.unpack(table.data) : { [name]: table };
      for (const [weight, moment] of Object.entries(found)) {
        if (`${moment.shape}` !== `${file.weights[weight]?.shape}`) {
          throw otherModel(`'${weight}' has shape [${moment.shape}]`);
        }
        const kind = kinds[weight], rows = kind && grown[kind];
        (parts[part] ??= {})[weight] = rows
          ? grownRows(part, moment, rows, moment.shape[0]! - file[kind!].length)
          : moment;
      }
    }
  }
  const trained = Object.keys(grown.weights).filter((name) => !model.unused(name, settings));
  for (const moments of Object.values(parts)) {
    const missing = trained.find((name) => !Object.hasOwn(moments, name));
    if (missing !== undefined) throw otherModel(`it has no moments of '${missing}'`);
  }
  return { step: saved.step, parts };
}

function otherModel(why: string): SyntaxError {
  return new SyntaxError(`Cannot go on with the moments as the checkpoint is not of this model: ${why}`);
}

/**
 * Puts moments into the saved state of a model that has not been trained yet.
 *
 * @param saved What {@linkcode TrainedModel.save} gave.
 * @param moments The moments.
 * @param model The model.
 * @param weights Its weights.
 * @param settings Its settings.
 * @returns The state to restore.
 */
export function withMoments(
  saved: Uint8Array,
  { step, parts }: GrownMoments,
  model: TrainableModel,
  weights: ModelWeights,
  settings: TrainingSettings,
): Uint8Array {
  const layout = layoutOf(model, weights, settings);
  const { options, parts: own } = decodeState(saved);
  const grown = MOMENTS.flatMap((part) => {
    const moments = parts[part], before = own[part];
    if (!moments || !before) return [];
    const tables = Object.entries(before).map(([name, table]) => [
      name,
      { ...table, data: name === PARAMETERS ? layout.pack(moments) : moments[name]!.data },
    ]);
    return [[part, Object.fromEntries(tables)]];
  });
  return encodeState({ options, step, parts: { ...own, ...Object.fromEntries(grown) } });
}

/** Weights in the order in which the model draws them, which a file does not keep. */
function inOrder(weights: ModelWeights, drawn: ModelWeights): ModelWeights {
  return Object.fromEntries(Object.keys(drawn).map((name) => [name, weights[name]!]));
}

/** Where the parameters that are no embedding table lie. */
function layoutOf(model: TrainableModel, weights: ModelWeights, settings: TrainingSettings): ParameterLayout {
  const tables = model.tables(settings).flatMap(({ names }) => names);
  return new ParameterLayout(Object.fromEntries(
    Object.entries(weights).filter(([name]) => !tables.includes(name) && !model.unused(name, settings)),
  ));
}

/** The moments of rows by the new numbers. */
function grownRows(part: typeof MOMENTS[number], { data, shape }: Weight, rows: Int32Array, leading: number): Weight {
  const width = data.length / shape[0]!, rowOf = (row: number) => data.subarray(row * width, (row + 1) * width);
  const out = new Float32Array((leading + rows.length) * width), mean = new Float64Array(width);
  out.set(data.subarray(0, leading * width));
  const kept = rows.filter((row) => row >= 0);
  if (part === "moment2") {
    for (const row of kept) rowOf(leading + row).forEach((value, column) => mean[column]! += value / kept.length);
  }
  rows.forEach((row, at) => out.set(row < 0 ? mean : rowOf(leading + row), (leading + at) * width));
  return { data: out, shape: [leading + rows.length, ...shape.slice(1)] };
}
