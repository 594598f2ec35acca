/**
 * Settings that several models have, with bounds declared here alone; each model gives its own default.
 *
 * @module
 */
import { z } from "zod";

/** A setting with a default and a description. */
export type IntegerField = z.ZodDefault<z.ZodInt>;
/** A setting with a default and a description. */
export type NumberField = z.ZodDefault<z.ZodNumber>;

/** Embedding width. */
export const dimension = (byDefault = 64): IntegerField =>
  z.int().min(1).max(4096).default(byDefault).describe("Embedding width");

/** How much of a sequence is seen. */
export const maxLength = (byDefault = 50): IntegerField =>
  z.int().min(1).max(65536).default(byDefault).describe("Use only the last so many items of a sequence");

/** Depth of an attention network. */
export const blocks = (byDefault: number): IntegerField =>
  z.int().min(1).max(64).default(byDefault).describe("Blocks of attention and feed-forward layers");

/** Heads of attention. */
export const heads = (byDefault: number): IntegerField =>
  z.int().min(1).max(1024).default(byDefault).describe(
    "Heads of attention; the dimension must be a multiple of 4 times as many",
  );

/** A probability of dropping something in training. */
export const dropout = (byDefault: number, what = "an element of an embedding or a hidden state"): NumberField =>
  z.number().min(0).lt(1).default(byDefault).describe(`Probability of dropping ${what} in training`);
