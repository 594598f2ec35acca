import { assertEquals } from "@std/assert";
import { decodeSafetensors, encodeSafetensors } from "../../src/safetensors.ts";
import { fuzz } from "./_fuzz.ts";
import { byteMutants, headerMutants } from "./_safetensors_edits.ts";

const FILES = [
  encodeSafetensors({
    tensors: {
      "item.weight": { data: Float32Array.from({ length: 12 }, (_, at) => at), shape: [3, 4] },
      empty: { data: new Float64Array(), shape: [0, 7] },
      scalar: { data: BigInt64Array.of(5n), shape: [] },
      bytes: { data: Uint8Array.of(1, 2, 3), shape: [3] },
    },
    metadata: { format: "test", nested: '{"a":[1,{"b":"c"}]}' },
  }),
  encodeSafetensors({ tensors: {}, metadata: {} }),
];

/** What is read can be written, and read again. */
function read(bytes: Uint8Array): void {
  const file = decodeSafetensors(bytes);
  assertEquals(decodeSafetensors(encodeSafetensors(file)), file);
  const size = Object.values(file.tensors).reduce((sum, { data }) => sum + data.byteLength, 0);
  assertEquals(size <= bytes.length, true);
}

fuzz("safetensors files with other bytes are read or refused", {
  mutants: byteMutants(FILES),
  refusals: [SyntaxError],
  read: ([, bytes]) => read(bytes),
});

fuzz("safetensors files whose header says something else are read or refused", {
  mutants: headerMutants(FILES),
  refusals: [SyntaxError],
  read,
});
