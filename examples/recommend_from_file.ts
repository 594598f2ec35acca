/**
 * Recommendations from a model file, without the dataset it was trained on.
 *
 *     deno run --allow-read examples/recommend_from_file.ts runs/first/model.safetensors 50 181 174
 */
import { openDevice } from "@sevo/sevo";
import { Recommender } from "@sevo/sevo/recommend";

const [path, ...history] = Deno.args;
if (path === undefined || history.length === 0) throw new Error("Usage: recommend_from_file.ts MODEL ITEM...");

await using device = await openDevice("auto");
using recommender = Recommender.load(device, await Deno.readFile(path));
const [list] = await recommender.recommend({ histories: [history] }, { count: 5 });
for (const { item, title, score } of list!) console.log(`${score.toFixed(3)}  ${title ?? item}`);
