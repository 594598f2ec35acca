import { isTrainable } from "../models/define_model.ts";
import type { ModelFile } from "../models/model_file.ts";

/** Embeddings of items or users, with what is known of them. */
export interface Embeddings {
  /** Ids in the source. */
  readonly ids: readonly string[];
  /** What else is known, by name. */
  readonly columns: ModelFile["itemColumns"];
  /** Rows by the name of their table: row-major, one for each id. Most models have one table. */
  readonly vectors: { readonly [table: string]: { readonly data: Float32Array; readonly width: number } };
}

/**
 * The embeddings of a model, without the rows that are no item's.
 *
 * @example
 * ```ts
 * import { openDevice } from "@sevo/sevo";
 * import { decodeModel, encodeModel, mfBpr } from "@sevo/sevo/models";
 * import { embeddingsOf } from "@sevo/sevo/recommend";
 * import { generatedDataset, train } from "@sevo/sevo/training";
 * import { assertEquals } from "@std/assert";
 *
 * await using device = await openDevice("cpu");
 * const dataset = generatedDataset({ users: 50, items: 40 });
 * const { settings, weights } = await train(device, dataset, mfBpr, { dimension: 8, epochs: 1, batch: 32 });
 * const { ids, vectors } = embeddingsOf(decodeModel(encodeModel(mfBpr, settings, weights, dataset)), "items");
 * assertEquals([ids.length, vectors["item"]!.width, vectors["item"]!.data.length], [40, 8, 40 * 8]);
 * ```
 *
 * @param file The model.
 * @param of Items or users.
 * @returns The embeddings.
 * @throws {RangeError} If the model has none.
 */
export function embeddingsOf(
  { model, weights, items, users, itemColumns }: ModelFile,
  of: "items" | "users",
): Embeddings {
  if (!isTrainable(model) || (of === "users" && model.userTable === null)) {
    throw new RangeError(`Cannot export ${of} as ${model.name} has no embeddings of ${of}`);
  }
  const ids = of === "items" ? items : users, tables = of === "items" ? model.itemTables : [model.userTable!];
  const first = of === "items" ? model.leadingRows : 0;
  const vectors = Object.fromEntries(tables.map((table) => {
    const weight = weights[table];
    if (weight?.shape.length !== 2 || weight.shape[0]! < first + ids.length) {
      throw new RangeError(`Cannot export ${of} as ${model.name} has no table '${table}' with a row for each`);
    }
    const { data, shape } = weight, width = shape[1]!;
    return [table.replace(/\.weight$/, ""), {
      data: data.subarray(first * width, (first + ids.length) * width),
      width,
    }];
  }));
  return { ids, columns: of === "items" ? itemColumns : {}, vectors };
}
