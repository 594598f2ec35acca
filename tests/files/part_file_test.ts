import { assert, assertEquals, assertThrows } from "@std/assert";
import { isDiskFull, WriteError } from "../../src/files/mod.ts";
import { PartFile, removeUnfinished, writeWhole } from "../../src/files/part_file.ts";
import { filesIn, withFolder } from "./_folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("a file in pieces is there when it is finished, and not before", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/file`;
    {
      using file = new PartFile(path);
      file.write(bytes("one "));
      file.write(new Uint8Array());
      file.write(bytes("two"));
      const [name, ...more] = await filesIn(folder);
      assert(/^file\.\d+-[0-9a-f]{8}\.part$/.test(name!) && more.length === 0, name);
      file.finish();
      assertEquals(await Deno.readTextFile(path), "one two");
    }
    assertEquals(await filesIn(folder), ["file"]);
    // What became a folder meanwhile cannot be replaced
    {
      using file = new PartFile(`${folder}/other`);
      await Deno.mkdir(`${folder}/other`);
      assertThrows(() => file.finish(), WriteError, `Cannot write '${folder}/other' as it is a folder`);
      assertEquals(await filesIn(folder), ["file", "other"]);
    }
    {
      using file = new PartFile(path);
      file.write(bytes("never"));
    }
    assertEquals(await Deno.readTextFile(path), "one two");
    assertEquals(await filesIn(folder), ["file", "other"]);
  });
});

Deno.test("two writers of one file do not tear each other's: the last to finish wins", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/file`;
    using one = new PartFile(path);
    using two = new PartFile(path);
    for (let piece = 0; piece < 3; piece++) {
      one.write(bytes("one "));
      two.write(bytes("two "));
    }
    two.finish();
    assertEquals(await Deno.readTextFile(path), "two two two ");
    one.finish();
    assertEquals(await Deno.readTextFile(path), "one one one ");
    assertEquals(await filesIn(folder), ["file"]);
  });
});

Deno.test("removeUnfinished() removes what nobody writes any more, and nothing else", async () => {
  await withFolder(async (folder) => {
    using written = new PartFile(`${folder}/written`);
    for (const name of ["dead.1-0123abcd.part", "old.part", "kept", "part"]) {
      await Deno.writeTextFile(`${folder}/${name}`, "");
    }
    await Deno.mkdir(`${folder}/folder.part`);
    removeUnfinished(folder);
    const names = await filesIn(folder);
    assertEquals(names.filter((name) => !name.startsWith("written.")), ["folder.part", "kept", "part"]);
    assertEquals(names.length, 4);
    written.finish();
    removeUnfinished(`${folder}/none`);
  });
});

Deno.test("what cannot be written is said in a line that names the file", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await Deno.mkdir(`${folder}/folder`);
    const long = `${folder}/${"x".repeat(300)}`;
    for (
      const [path, reason] of [
        [`${folder}/none/file`, "its folder is not there"],
        [`${folder}/file/more`, "its folder is a file"],
        [`${folder}/folder`, "it is a folder"],
        [long, "its name is too long: give it a shorter one"],
      ]
    ) {
      const error = assertThrows(() => writeWhole(path!, "text"), WriteError);
      assertEquals(error.message, `Cannot write '${path}' as ${reason}`);
      assert(error.cause instanceof Error && !isDiskFull(error));
    }
    assertEquals(await filesIn(folder), ["file", "folder"]);
  });
});

for (
  const [code, reason] of [
    ["ENOSPC", "the disk is full: make room, then run it again"],
    ["EDQUOT", "your share of the disk is full: make room, then run it again"],
    ["EIO", "the disk failed: check it, or write to another one"],
    ["EROFS", "the disk is read-only: write to another folder"],
    ["EACCES", "that is not allowed: change the permissions of the folder, or write to another one"],
  ]
) {
  for (const method of ["writeSync", "syncSync"] as const) {
    Deno.test(`a file that ends in ${code} in ${method} leaves what was there before, and nothing beside it`, () =>
      withFolder(async (folder) => {
        const path = `${folder}/file`, cause = Object.assign(new Error(`said by the system`), { code });
        await Deno.writeTextFile(path, "before");
        const original = Deno.FsFile.prototype[method];
        // No disk can be made to fail in a test: the call to it can
        Deno.FsFile.prototype[method] = () => {
          throw cause;
        };
        try {
          const error = assertThrows(() => writeWhole(path, "after"), WriteError);
          assertEquals(error.message, `Cannot write '${path}' as ${reason}`);
          assertEquals(error.cause, cause);
          assertEquals(isDiskFull(error), ["ENOSPC", "EDQUOT"].includes(code!));
        } finally {
          Deno.FsFile.prototype[method] = original as never;
        }
        assertEquals(await filesIn(folder), ["file"]);
        assertEquals(await Deno.readTextFile(path), "before");
      }));
  }
}

Deno.test("isDiskFull() looks at what caused an error", () => {
  const full = Object.assign(new Error("full"), { code: "ENOSPC" });
  assert(isDiskFull(full) && isDiskFull(new Error("outer", { cause: new Error("inner", { cause: full }) })));
  for (const other of [null, "ENOSPC", new Error("ENOSPC"), Object.assign(new Error(), { code: 28 })]) {
    assert(!isDiskFull(other));
  }
});
