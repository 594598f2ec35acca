/**
 * The models of this package: a line each, of a file that exports the model and nothing else but types.
 *
 * @module
 */
export * from "./bert4rec/bert4rec.ts";
export * from "./gru4rec/gru4rec.ts";
export * from "./item_knn/item_knn.ts";
export * from "./mf_bpr/mf_bpr.ts";
export * from "./popularity/popularity.ts";
export * from "./sasrec/sasrec.ts";
export * from "./stosa/stosa.ts";
