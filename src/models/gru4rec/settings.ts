import { z } from "zod";
import { dimension, dropout, maxLength } from "../common_fields.ts";
import type { SettingsSchema } from "../define_model.ts";

/** Rows of the item table before that of item 0: the padding row, which no gradient reaches. */
export const LEADING_ROWS = 1;

/** The settings of GRU4Rec. */
export interface Gru4RecSettings {
  /** Embedding width, and that of the state. */
  readonly dimension: number;
  /** Items of a sequence at most. */
  readonly maxLength: number;
  /** Probability of dropping an element of an embedding in training. */
  readonly dropout: number;
}

/** Their bounds, defaults and descriptions. */
export const gru4RecSettings: SettingsSchema<Gru4RecSettings> = z.strictObject({
  dimension: dimension(),
  maxLength: maxLength(),
  dropout: dropout(0.4, "an element of an embedding"),
});

const published = { epochs: 300, batch: 512 } as const;

/** The published settings by dataset, and those of the generated dataset. */
export const gru4RecPresets = {
  "beauty": published,
  "toys": published,
  "tools": { ...published, dropout: 0.5, learningRate: 0.005 },
  "ml-1m": { ...published, maxLength: 200, last: 200, dropout: 0.3, weightDecay: 0.01 },
  "generated": { epochs: 60, batch: 64 },
} as const;
