import { z } from "zod";
import { blocks, dimension, dropout, heads, maxLength } from "../common_fields.ts";
import type { SettingsSchema } from "../define_model.ts";

/** Rows of the item table before that of item 0: the padding row, which no gradient reaches. */
export const LEADING_ROWS = 1;

/** The settings of SASRec. */
export interface SasRecSettings {
  /** Embedding width. */
  readonly dimension: number;
  /** Items of a sequence at most. */
  readonly maxLength: number;
  /** Blocks of attention and feed-forward layers. */
  readonly blocks: number;
  /** Heads of attention. */
  readonly heads: number;
  /** Probability of dropping an element in training. */
  readonly dropout: number;
}

/** Their bounds, defaults and descriptions. */
export const sasRecSettings: SettingsSchema<SasRecSettings> = z.strictObject({
  dimension: dimension(),
  maxLength: maxLength(),
  blocks: blocks(2),
  heads: heads(1),
  dropout: dropout(0.3),
});

const published = { beta2: 0.98, epochs: 200, batch: 512 } as const;

/** The published settings by dataset, and those of the generated dataset. */
export const sasRecPresets = {
  "beauty": published,
  "toys": published,
  "tools": { ...published, dropout: 0.7 },
  "ml-1m": { ...published, maxLength: 200, last: 200, dropout: 0.1, batch: 128 },
  "generated": { ...published, epochs: 40, batch: 128 },
} as const;
