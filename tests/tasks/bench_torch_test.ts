import { assertEquals, assertRejects } from "@std/assert";
import { Graph } from "@sevo/sevo";
import { UsageError } from "../../tasks/cli/flags.ts";
import { TorchPeer } from "../../tasks/bench/torch_peer.ts";

const OPTIONS = { columns: 8, layers: 3, threads: 2 };

/** Runs with a program in place of Python. */
async function withPython<T>(program: string, use: (python: string, folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "a folder " });
  try {
    await Deno.writeTextFile(`${folder}/python`, `#!/bin/sh\n${program}\n`, { mode: 0o755 });
    return await use(`${folder}/python`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "TorchPeer hands its script to Python as source, which needs no file beside the module",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using graph = Graph.fromSequences([[0, 1], [1, 2]], { rows: 3 });
    const program = `[ "$1" = -c ] || exit 1
ls "$3" > "$(dirname "$0")/files"
for argument; do printf '%s\\0' "$argument"; done > "$(dirname "$0")/arguments"
echo ready
while read -r name; do echo 1.5; done`;
    await withPython(program, async (python, folder) => {
      {
        await using peer = await TorchPeer.start(graph, { ...OPTIONS, python });
        assertEquals(await peer.time("propagation"), 1.5);
      }
      const [flag, script, , ...numbers] = (await Deno.readTextFile(`${folder}/arguments`)).split("\0");
      assertEquals(flag, "-c");
      assertEquals(script, await Deno.readTextFile(new URL("../../tasks/bench/torch_peer.py", import.meta.url)));
      assertEquals(numbers, ["3", "8", "3", "2", ""]);
      const files = (await Deno.readTextFile(`${folder}/files`)).trim().split("\n");
      assertEquals(files.filter((name) => name.endsWith(".py")), [
        "models_torch.py",
        "sevo_torch.py",
        "train_torch.py",
      ]);
    });
    await withPython("echo no torch here >&2", async (python) => {
      const { message } = await assertRejects(() => TorchPeer.start(graph, { ...OPTIONS, python }), UsageError);
      assertEquals(message, "Cannot run bench --versus-torch as the reference does not run: no torch here");
    });
  },
});
