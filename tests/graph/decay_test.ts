import { assertEquals, assertThrows } from "@std/assert";
import { Graph, type SequenceGraphOptions } from "@sevo/sevo";
import fc from "../_fast_check.ts";
import { add, assertNormalised, assertSameGraph, type Weights } from "./_edges.ts";

const logs = fc.record({
  sequences: fc.array(
    fc.array(fc.record({ item: fc.nat(9), gap: fc.integer({ min: 0, max: 20 }) }), { maxLength: 8 }),
    { maxLength: 8 },
  ),
  maxWalk: fc.integer({ min: 1, max: 3 }),
  last: fc.integer({ min: 1, max: 9 }),
  halfLife: fc.double({ min: 3, max: 50, noNaN: true }),
});

Deno.test("Graph.fromSequences() halves the weight of a pair with each half-life of its later item, in both forms", () => {
  fc.assert(
    fc.property(logs, ({ sequences: drawn, maxWalk, last, halfLife }) => {
      const sequences = drawn.map((sequence) => sequence.map(({ item }) => item));
      const times = drawn.map((sequence) => {
        let time = -30;
        return sequence.map(({ gap }) => time += gap);
      });
      const newest = Math.max(...times.flat()), weights: Weights = new Map();
      sequences.forEach((sequence, s) => {
        const begin = Math.max(0, sequence.length - last);
        for (let at = begin; at < sequence.length; at++) {
          for (let walk = 1; walk <= maxWalk && at + walk < sequence.length; walk++) {
            const weight = 2 ** ((times[s]![at + walk]! - newest) / halfLife) / walk;
            add(weights, sequence[at]! + 1, sequence[at + walk]! + 1, weight);
          }
        }
      });
      const options = { rows: 12, offset: 1, maxWalk, last };
      const graph = Graph.fromSequences(sequences, { ...options, times, halfLife });
      assertNormalised(graph, 12, weights);
      const offsets = [0];
      for (const sequence of sequences) offsets.push(offsets.at(-1)! + sequence.length);
      const flat = { offsets, items: sequences.flat() };
      assertSameGraph(
        Graph.fromSequences(flat, { ...options, times: Float64Array.from(times.flat()), halfLife }),
        graph,
      );
      // Where all happened at once, nothing decays
      const still = sequences.map((sequence) => sequence.map(() => 5));
      assertSameGraph(
        Graph.fromSequences(sequences, { ...options, times: still, halfLife }),
        Graph.fromSequences(sequences, options),
      );
    }),
    { seed: 17, numRuns: 100 },
  );
});

Deno.test("Graph.fromSequences() leaves out what is older than float32 can tell from nothing", () => {
  const graph = Graph.fromSequences([[0, 1], [1, 2]], { rows: 3, times: [[0, 1], [500, 600]], halfLife: 1 });
  assertSameGraph(graph, Graph.fromSequences([[1, 2]], { rows: 3 }));
});

Deno.test("Graph.fromSequences() refuses times that are not those of the items", () => {
  const build = (options: object, sequences: object = [[0, 1], [2]]) => () =>
    Graph.fromSequences(sequences as number[][], { rows: 3, ...options } as SequenceGraphOptions);
  const times = [[1, 2], [3]], flat = { offsets: [0, 2, 3], items: [0, 1, 2] };
  const cases: [work: () => Graph, Class: typeof RangeError | typeof TypeError, message: string][] = [
    [build({ halfLife: 1 }), TypeError, "halfLife needs the times of the items: times is not given"],
    [build({ times }), TypeError, "times need a halfLife, in the same unit: halfLife is not given"],
    [build({ times, halfLife: 0 }), RangeError, "halfLife must be positive and finite: current value is 0"],
    [build({ times, halfLife: NaN }), RangeError, "halfLife must be positive and finite: current value is NaN"],
    [build({ times, halfLife: "1" }), TypeError, "halfLife must be a number: current value is '1'"],
    [build({ times: 3, halfLife: 1 }), TypeError, "times must be an array: current value is 3"],
    [build({ times: [[1, 2]], halfLife: 1 }), TypeError, "times must be as many as sequences, 2: current value is 1"],
    [
      build({ times: [[1, 2], []], halfLife: 1 }),
      TypeError,
      "times of sequence 1 must be as many as its items, 1: current value is 0",
    ],
    [
      build({ times: [[1, 2], 3], halfLife: 1 }),
      TypeError,
      "times of sequence 1 must be an array: current value is 3",
    ],
    [build({ times: [1, 2], halfLife: 1 }, flat), TypeError, "times must be as many as items, 3: current value is 2"],
    [
      build({ times: [[1, Infinity], [3]], halfLife: 1 }),
      RangeError,
      "times must be finite numbers: that of item 1 of sequence 0 is Infinity",
    ],
    [
      build({ times: BigInt64Array.of(1n, 2n, 3n), halfLife: 1 }, flat),
      TypeError,
      "times must be finite numbers: that of item 0 of sequence 0 is 1n",
    ],
    [
      build({ times: [[2, 1], [3]], halfLife: 1 }),
      RangeError,
      "the items of a sequence must come oldest first: times of sequence 0 go from 2 back to 1",
    ],
  ];
  for (const [work, Class, message] of cases) {
    assertEquals(assertThrows(work, Class).message, `Cannot build a graph as ${message}`);
  }
});
