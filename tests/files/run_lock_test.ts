import { assert, assertEquals, assertThrows } from "@std/assert";
import { FolderGoneError, FolderHeldError, LOCK, RunLock } from "../../src/files/run_lock.ts";
import { withFolder } from "./_folder.ts";

const MODULE = new URL("../../src/files/run_lock.ts", import.meta.url).href;

/** A process that takes hold of a folder, says so, and waits until it is ended. */
function holder(folder: string): Deno.ChildProcess {
  const script = `
    const { RunLock } = await import(${JSON.stringify(MODULE)});
    try {
      RunLock.take(${JSON.stringify(folder)});
      console.log("held");
      setInterval(() => {}, 1000);
    } catch (error) {
      console.log(error.name);
    }`;
  return new Deno.Command(Deno.execPath(), { args: ["eval", script], stdout: "piped" }).spawn();
}

async function firstLine(child: Deno.ChildProcess): Promise<string> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  await reader.cancel();
  return value.trim();
}

Deno.test("a folder is held by one process, and free when that is killed", async () => {
  await withFolder(async (folder) => {
    const first = holder(folder);
    assertEquals(await firstLine(first), "held");
    const { message } = assertThrows(() => RunLock.take(folder), FolderHeldError);
    assert(message.includes(`process ${first.pid}`) && message.includes(" since 20"), message);
    first.kill("SIGKILL");
    await first.status;
    assertEquals((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), [LOCK]);
    {
      using _lock = RunLock.take(folder);
      assertThrows(() => RunLock.take(folder), FolderHeldError);
    }
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});

Deno.test("of ten processes that start at once, one holds the folder", async () => {
  await withFolder(async (folder) => {
    const children = Array.from({ length: 10 }, () => holder(folder));
    try {
      const lines = await Promise.all(children.map(firstLine));
      assertEquals(lines.toSorted(), [...Array(9).fill("FolderHeldError"), "held"]);
    } finally {
      for (const child of children) {
        try {
          child.kill("SIGKILL");
        } catch {
          // It has ended by itself
        }
        await child.status;
      }
    }
  });
});

Deno.test("what stands in the file of a lock is shown only if it is what was written", async () => {
  await withFolder(async (folder) => {
    using file = await Deno.open(`${folder}/${LOCK}`, { create: true, write: true });
    assert(file.tryLockSync(true));
    for (const text of ["", "{}", `{"process": "\\u001b[2J", "host": "x\\u0007"}`, "null"]) {
      await file.truncate();
      await file.seek(0, Deno.SeekMode.Start);
      await file.write(new TextEncoder().encode(text));
      const { message } = assertThrows(() => RunLock.take(folder), FolderHeldError);
      assert(message.includes("as another process holds it"), message);
    }
  });
});

Deno.test("a folder that is removed or replaced while it is held is not written to", async () => {
  await withFolder((parent) => {
    const folder = `${parent}/run`, files = () => Array.from(Deno.readDirSync(folder), ({ name }) => name);
    Deno.mkdirSync(folder);
    const removed = RunLock.take(folder);
    removed.check();
    Deno.renameSync(folder, `${parent}/moved`);
    assertThrows(() => removed.check(), FolderGoneError, `Cannot write to '${folder}' as it was removed or replaced`);
    Deno.mkdirSync(folder);
    assertThrows(() => removed.check(), FolderGoneError);
    {
      using other = RunLock.take(folder);
      removed[Symbol.dispose]();
      assertEquals(files(), [LOCK], "the lock of another process stays");
      other.check();
    }
    assertEquals(files(), []);
    return Promise.resolve();
  });
});
