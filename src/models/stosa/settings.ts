import { z } from "zod";
import { blocks, dimension, dropout, heads, maxLength } from "../common_fields.ts";
import type { SettingsSchema } from "../define_model.ts";

/** Rows of the item tables before that of item 0: the padding row, which no gradient reaches. */
export const LEADING_ROWS = 1;

/** The settings of STOSA. */
export interface StosaSettings {
  /** Embedding width, of means and of covariances. */
  readonly dimension: number;
  /** Items of a sequence at most. */
  readonly maxLength: number;
  /** Blocks of attention and feed-forward layers. */
  readonly blocks: number;
  /** Heads of attention. */
  readonly heads: number;
  /** Probability of dropping an element of a hidden state in training. */
  readonly dropout: number;
  /** Probability of dropping a weight of attention in training. */
  readonly attentionDropout: number;
  /** Weight of the loss that keeps positives nearer to the sequence than to negatives. */
  readonly pvn: number;
  /** Whether means are attended, as the paper of STOSA describes and the published numbers do not. */
  readonly attendedMean: boolean;
}

/** Their bounds, defaults and descriptions. */
export const stosaSettings: SettingsSchema<StosaSettings> = z.strictObject({
  dimension: dimension(),
  maxLength: maxLength(100),
  blocks: blocks(1),
  heads: heads(4),
  dropout: dropout(0.2),
  attentionDropout: dropout(0.5, "a weight of attention"),
  pvn: z.number().min(0).default(0.005).describe(
    "Weight of the loss that keeps positives nearer to the sequence than to negatives",
  ),
  attendedMean: z.boolean().default(false).describe(
    "Attend means too, as the paper of STOSA has it and the published numbers do not",
  ),
});

const published = { last: 100, epochs: 500, batch: 256 } as const;

/** The published settings by dataset, and those of the generated dataset. */
export const stosaPresets = {
  "beauty": published,
  "toys": { ...published, attentionDropout: 0.6 },
  "tools": { ...published, dropout: 0.3, attentionDropout: 0.1 },
  "ml-1m": {
    ...published,
    maxLength: 200,
    last: 200,
    dropout: 0.1,
    attentionDropout: 0.2,
    pvn: 0.001,
    learningRate: 0.005,
  },
  "generated": { ...published, epochs: 40, batch: 128 },
} as const;
