/**
 * A training loop of your own: you compute the gradients of your embedding table, and SEvo makes the update and smooths
 * it over the graph of related items.
 *
 *     deno run examples/training_loop.ts
 */
import { Graph, openDevice, sevoInit, sevoStep } from "@sevo/sevo";

// What users took, oldest first. Items that follow each other are related.
const sequences = [[0, 1, 2, 3], [1, 2, 3, 4], [5, 6, 7], [6, 7, 5, 8], [0, 2, 4]];
const rows = 9, dim = 8;
const table = Float32Array.from({ length: rows * dim }, (_, at) => Math.sin(at + 1) / 10);

await using device = await openDevice("auto");
const graph = Graph.fromSequences(sequences, { rows });
let state = sevoInit(device, { item: { data: table, shape: [rows, dim] } }, {
  rule: "adamw",
  learningRate: 0.003,
  propagation: { mode: "neumann", beta: 0.9, layers: 3 },
});

for (let epoch = 1; epoch <= 20; epoch++) {
  let loss = 0, pairs = 0;
  for (const sequence of sequences) {
    const { item } = await state.read();
    const gradient = new Float32Array(rows * dim);
    // An item and the next should be nearer than the item and one that does not follow it: softplus of the difference
    for (let at = 0; at + 1 < sequence.length; at++) {
      const from = sequence[at]!, to = sequence[at + 1]!, other = (to + 4) % rows;
      const row = (which: number) => item.subarray(which * dim, (which + 1) * dim);
      const margin = row(from).reduce((sum, value, c) => sum + value * (row(to)[c]! - row(other)[c]!), 0);
      const weight = 1 / (1 + Math.exp(margin));
      loss += Math.log1p(Math.exp(-margin));
      pairs++;
      for (let c = 0; c < dim; c++) {
        gradient[from * dim + c]! -= weight * (row(to)[c]! - row(other)[c]!);
        gradient[to * dim + c]! -= weight * row(from)[c]!;
        gradient[other * dim + c]! += weight * row(from)[c]!;
      }
    }
    state = sevoStep(state, { item: gradient }, graph);
  }
  if (epoch % 5 === 0) console.log(`epoch ${epoch}: mean loss ${(loss / pairs).toFixed(4)}`);
}
