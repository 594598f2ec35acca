import { assertEquals, assertLess } from "@std/assert";

/** Kilobytes that a small container has. */
const LIMIT = 512 * 1024;

Deno.test({
  name: "training on a dataset of Beauty's size fits in 512 MB",
  // Elsewhere a process cannot be asked
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "tests/tasks/_train_beauty_sized.ts", "sasrec"],
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    assertEquals(code, 0, err);
    assertLess(Number(out), LIMIT);
  },
});
