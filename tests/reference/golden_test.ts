import { assertEquals, assertLessOrEqual } from "@std/assert";
import { decodeSafetensors, type SafetensorsData } from "../../src/safetensors.ts";
import { relativeError } from "../_golden.ts";

const PYTHON = "/usr/bin/python3";

/** Another BLAS library or processor rounds otherwise, and five steps carry it on. */
const ROUNDING = 1e-9;

async function python(...args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(PYTHON, { args: ["-B", ...args], stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

const torch = await python("-c", "import torch");

/** Tensors that go through no BLAS library: what is drawn, graphs, series of sparse products, elementwise steps. */
function isExact(file: string, tensor: string): boolean {
  if (/^(param|batch\d*|graph|sequence)\./.test(tensor) && !/^step/.test(file)) return true;
  return !/^(model|propagate_exact)/.test(file) || tensor === "x";
}

Deno.test({
  name: `the reference makes the golden files that are committed${torch ? "" : " [ignored: no python3-torch]"}`,
  ignore: !torch,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      assertEquals(await python("tests/reference/make_golden.py", folder), true);
      const names = (path: string) => Array.from(Deno.readDirSync(path), ({ name }) => name).toSorted();
      // Beside them may lie those of models whose reference is a program of its own
      assertEquals(names(folder).filter((name) => !names("tests/golden").includes(name)), []);
      for (const file of names(folder)) {
        const [made, kept] = [folder, "tests/golden"].map((path) =>
          decodeSafetensors(Deno.readFileSync(`${path}/${file}`))
        );
        assertEquals(made!.metadata, kept!.metadata, file);
        assertEquals(Object.keys(made!.tensors), Object.keys(kept!.tensors), file);
        for (const [name, { data, shape }] of Object.entries(kept!.tensors)) {
          const actual = made!.tensors[name]!, where = `${file}: ${name}`;
          assertEquals(actual.shape, shape, where);
          type Floats = Exclude<SafetensorsData, BigInt64Array>;
          const error = relativeError(actual.data as Floats, data as Floats);
          assertLessOrEqual(error, isExact(file, name) ? 0 : ROUNDING, where);
        }
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
