import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

async function copyFolder(from: URL, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const source = new URL(encodeURIComponent(name) + (isDirectory ? "/" : ""), from);
    await (isDirectory ? copyFolder(source, `${to}/${name}`) : Deno.copyFile(source, `${to}/${name}`));
  }
}

Deno.test("deno task kernels --check runs in a folder with a space in its name", async () => {
  const folder = await Deno.makeTempDir({ prefix: "a checkout " });
  try {
    await copyFolder(new URL("kernels/", ROOT), `${folder}/kernels`);
    await copyFolder(new URL("src/device/cpu/", ROOT), `${folder}/src/device/cpu`);
    await copyFolder(new URL("tasks/", ROOT), `${folder}/tasks`);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--config",
        "deno.json",
        "--allow-read",
        "--allow-env",
        `${folder}/tasks/kernels.ts`,
        "--check",
      ],
      env: { NO_COLOR: "1" },
      cwd: ROOT,
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals([code, text(stdout), text(stderr)], [0, "The committed kernel module is up to date\n", ""]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
