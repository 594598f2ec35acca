import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { Graph, openDevice, propagate } from "@sevo/sevo";
import { METHOD_PICTURES, response } from "../../tasks/build/method_pictures.ts";

Deno.test("the pictures of the method that take no training are those that are committed", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  for (const [name, draw] of Object.entries(METHOD_PICTURES)) {
    const committed = await Deno.readTextFile(`docs/images/${name}`);
    assertLess(committed.length, 60_000);
    if (name !== "method-curves.svg") assertEquals(await draw(device), committed, `${name}: run deno task pictures`);
  }
});

Deno.test("response() is what propagate() does to an eigenvector", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  // A ring of four rows: its eigenvectors of 1, 0 and -1
  using ring = Graph.fromEdges({ rows: 4, sources: [0, 1, 2, 3], targets: [1, 2, 3, 0] });
  for (const [eigenvalue, vector] of [[1, [1, 1, 1, 1]], [0, [1, 0, -1, 0]], [-1, [1, -1, 1, -1]]] as const) {
    for (const mode of ["neumann", "iterative", "exact"] as const) {
      for (const beta of [0.25, 0.9]) {
        const [first] = await propagate(device, ring, Float32Array.from(vector), { mode, beta, layers: 3 });
        assertAlmostEquals(
          first!,
          response({ mode, beta, layers: 3 }, eigenvalue),
          1e-5,
          `${mode} ${beta} ${eigenvalue}`,
        );
      }
    }
  }
});
