import { assert, assertEquals } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import { decodeModel, encodeModel, isTrainable, MODELS, resolveSettings } from "@sevo/sevo/models";
import { Recommender } from "@sevo/sevo/recommend";
import { generatedDataset } from "../../src/data/generated.ts";
import { generatedAgain } from "../../src/data/generated_again.ts";
import { fuzz } from "./_fuzz.ts";
import { byteMutants, sealedMutants } from "./_safetensors_edits.ts";

const DATASET = generatedDataset({ users: 12, items: 10, seed: 2 });
const FILES = MODELS.map((model) => {
  const asked = { dimension: 8, maxLength: 5, blocks: 1, heads: 1, neighbours: 3 };
  const settings = resolveSettings(
    model,
    Object.fromEntries(Object.entries(asked).filter(([name]) => model.fields.has(name))),
  );
  const weights = isTrainable(model)
    ? model.initialWeights(DATASET, settings as never)
    : model.count(DATASET, settings);
  return encodeModel(model, settings, weights, DATASET);
});
const WHOLE = FILES.map((bytes) => decodeModel(bytes));

fuzz("model files with other bytes are read as they were, or refused", {
  mutants: byteMutants(FILES),
  refusals: [SyntaxError],
  read: ([at, bytes]) => assertEquals(decodeModel(bytes), WHOLE[at]),
});

fuzz("model files that say something else recommend, or are refused", {
  mutants: sealedMutants(FILES),
  refusals: [SyntaxError, RangeError],
  async read(bytes) {
    const file = decodeModel(bytes), { model, settings, weights, provenance, users, items } = file;
    assertEquals(decodeModel(encodeModel(model, settings, weights, file)), file);
    await using device = await openDevice("cpu", { threads: 1 });
    using recommender = new Recommender(device, file);
    if (!model.fields.has("weightDecay") || !("userTable" in model && model.userTable)) {
      const [list] = await recommender.recommend({ histories: [items.slice(0, 3)] }, { count: 3 });
      // Weights that are no numbers may leave fewer to recommend
      assert(list!.length <= 3 && list!.every(({ item }) => items.slice(3).includes(item)));
    }
    generatedAgain(provenance, items.length, "userTable" in model && model.userTable ? users.length : null);
  },
});
