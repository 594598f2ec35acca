import { z } from "zod";
import type { SettingsSchema } from "../define_model.ts";

/** The settings of item-knn. */
export interface ItemKnnSettings {
  /** Neighbours that are kept of each item. */
  readonly neighbours: number;
  /** Added to the denominator of the cosine, so that few common users count for little. */
  readonly shrinkage: number;
}

/** Their bounds, defaults and descriptions. */
export const itemKnnSettings: SettingsSchema<ItemKnnSettings> = z.strictObject({
  neighbours: z.int().min(1).max(10000).default(100).describe("Neighbours that are kept of each item"),
  shrinkage: z.number().min(0).default(10).describe(
    "Added to the denominator of the cosine, so that few common users count for little",
  ),
});
