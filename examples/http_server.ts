/**
 * Recommendations behind HTTP: POST {"history": ["50", "181"], "count": 5} to it.
 *
 *     deno run --allow-read --allow-net examples/http_server.ts runs/first/model.safetensors
 */
import { openDevice } from "@sevo/sevo";
import { Recommender } from "@sevo/sevo/recommend";

await using device = await openDevice("auto");
using recommender = Recommender.load(device, await Deno.readFile(Deno.args[0]!));

const server = Deno.serve({ port: Number(Deno.args[1] ?? 8000) }, async (request) => {
  if (request.method !== "POST") return new Response("POST a history", { status: 405 });
  try {
    const { history, count = 10 } = await request.json();
    const [items] = await recommender.recommend({ histories: [history] }, { count });
    return Response.json({ items });
  } catch (error) {
    // An unknown item or an empty history: the message says which
    return Response.json({ error: (error as Error).message }, { status: 400 });
  }
});
await server.finished;
