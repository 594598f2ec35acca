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
