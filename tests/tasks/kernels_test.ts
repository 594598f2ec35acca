import { assertEquals, assertStringIncludes } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

async function copyFolder(from: URL, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const source = new URL(encodeURIComponent(name) + (isDirectory ? "/" : ""), from);
    await (isDirectory ? copyFolder(source, `${to}/${name}`) : Deno.copyFile(source, `${to}/${name}`));
  }
}

Deno.test("deno task kernels --check runs in a folder with a space in its name, and sees a shader that has changed", async () => {
  const folder = await Deno.makeTempDir({ prefix: "a checkout " });
  const check = async () => {
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
    return [code, text(stdout), text(stderr)];
  };
  try {
    await copyFolder(new URL("kernels/", ROOT), `${folder}/kernels`);
    await copyFolder(new URL("src/device/cpu/", ROOT), `${folder}/src/device/cpu`);
    await copyFolder(new URL("tasks/", ROOT), `${folder}/tasks`);
    assertEquals(await check(), [0, "The committed kernel modules are up to date\n", ""]);
    await Deno.writeTextFile(`${folder}/kernels/blend/blend.wgsl`, "// One line more\n", { append: true });
    assertEquals(await check(), [
      1,
      "",
      "error: Cannot accept kernels/wgsl.generated.ts as it is not what the kernels give: run `deno task kernels`\n",
    ]);
    // The constants are named after the files alone
    await Deno.copyFile(`${folder}/kernels/sum/sum.wgsl`, `${folder}/kernels/blend/sum.wgsl`);
    const [code, , error] = await check();
    assertEquals(code, 1);
    assertStringIncludes(`${error}`, "Cannot name kernels/sum/sum.wgsl as kernels/blend/sum.wgsl has its name");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
