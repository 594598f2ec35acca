import { z } from "zod";
import { dimension } from "../common_fields.ts";
import type { SettingsSchema } from "../define_model.ts";

/** The settings of MF-BPR. */
export interface MfBprSettings {
  /** Embedding width. */
  readonly dimension: number;
}

/** Their bounds, defaults and descriptions. */
export const mfBprSettings: SettingsSchema<MfBprSettings> = z.strictObject({ dimension: dimension() });

const published = { epochs: 1000, batch: 2048 } as const;

/** The published settings by dataset, and those of the generated dataset. */
export const mfBprPresets = {
  "beauty": { ...published, beta: 0.9 },
  "toys": published,
  "tools": { ...published, beta: 0.5, weightDecay: 0.5 },
  "ml-1m": { ...published, last: 10, weightDecay: 0.05 },
  "generated": { beta: 0.9, epochs: 50, batch: 512 },
} as const;
