import { type CountedModel, defineModel } from "../define_model.ts";
import { countNeighbours, NEIGHBOURS, neighboursKept, SIMILARITIES } from "./neighbours.ts";
import { NeighbourRanker } from "./ranker.ts";
import { type ItemKnnSettings, itemKnnSettings } from "./settings.ts";

export type { ItemKnnSettings } from "./settings.ts";

/**
 * Items are alike if the same users have them (Sarwar et al., WWW 2001): the cosine of their users, shrunk, of the nearest
 * neighbours alone. An item is ranked by the sum of its similarities to those of the history.
 */
export const itemKnn: CountedModel<ItemKnnSettings> = defineModel({
  name: "item-knn",
  summary: "Items that the same users have, by the cosine: a strong baseline that needs no training.",
  source: "B. Sarwar et al.: Item-based collaborative filtering recommendation algorithms, WWW 2001",
  settings: itemKnnSettings,
  count: countNeighbours,
  shapes: ({ itemCount }, { neighbours }) => {
    const shape = [itemCount, neighboursKept(itemCount, neighbours)];
    return { [NEIGHBOURS]: shape, [SIMILARITIES]: shape };
  },
  ranker: (_device, weights) => new NeighbourRanker(weights),
});
