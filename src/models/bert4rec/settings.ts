import { z } from "zod";
import { blocks, dimension, dropout, heads, maxLength } from "../common_fields.ts";
import type { SettingsSchema } from "../define_model.ts";

/** Rows of the tables before that of item 0: the padding row, which no gradient reaches, and that of hidden items. */
export const LEADING_ROWS = 2;

/** Row of the item table that stands for a hidden item. */
export const HIDDEN_ROW = 1;

/** The settings of BERT4Rec. */
export interface Bert4RecSettings {
  /** Embedding width. */
  readonly dimension: number;
  /** Items of a sequence at most, the hidden one after a history among them. */
  readonly maxLength: number;
  /** Layers of the encoder. */
  readonly blocks: number;
  /** Heads of attention. */
  readonly heads: number;
  /** Probability of dropping an element in training. */
  readonly dropout: number;
  /** Probability of hiding an item in training. */
  readonly maskRate: number;
}

/** Their bounds, defaults and descriptions. */
export const bert4RecSettings: SettingsSchema<Bert4RecSettings> = z.strictObject({
  dimension: dimension(),
  maxLength: maxLength(),
  blocks: blocks(2),
  heads: heads(4),
  dropout: dropout(0.2),
  maskRate: z.number().gt(0).max(1).default(0.5).describe("Share of the items that are hidden in training"),
});

const published = { learningRate: 1e-3, beta2: 0.95, epochs: 500, batch: 256 } as const;
const beauty = { ...published, learningRate: 5e-4 } as const;

/** The published settings by dataset, and those of the generated dataset. */
export const bert4RecPresets = {
  "beauty": beauty,
  "toys": { ...published, dropout: 0.1 },
  "tools": { ...published, dropout: 0.3, maskRate: 0.4 },
  "ml-1m": { ...published, maxLength: 200, last: 10, dropout: 0.1, maskRate: 0.2, beta2: 0.999 },
  "generated": { ...beauty, epochs: 60, batch: 32 },
} as const;
