/**
 * What is named is what is read: no name is a pattern, an address or a way out, but where it is one.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { parquetWriteBuffer } from "hyparquet-writer";
import { TextReader, Uint8ArrayWriter, ZipWriter } from "npm:@zip.js/zip.js@^2.24.0";
import { Database } from "../../src/prepare/_database.ts";
import { prepare } from "../../src/prepare/prepare.ts";
import { assertLike, endsWell, inFolder, listing, prepared, writeFiles } from "./_prepared.ts";

/** Lines of three users and five items. */
const rows = (line: (user: string, item: number) => string) =>
  Array.from({ length: 15 }, (_, at) => `${line(`${at % 3}`, at % 5)}\n`).join("");
const LOG = `user,item,timestamp\n${rows((user, item) => `${user},${item},${item}`)}`;
const USERS = "0 0 1 2 3 4 | 1 0 1 2 3 4 | 2 0 1 2 3 4";

Deno.test("a path is a path, whatever is in its name", () =>
  inFolder(async (dir) => {
    const parquet = new Uint8Array(parquetWriteBuffer({
      columnData: [
        { name: "user", data: ["a", "b", "b"], type: "STRING" },
        { name: "item", data: ["x", "y", "x"], type: "STRING" },
      ],
    }));
    for (
      const name of [
        "a*b",
        "a?b",
        "[ab]",
        "{a,b}",
        `a'b";--`,
        "year=2020",
        "two\nlines",
        "-",
        "http:",
        "%s",
        "~",
        "$HOME",
      ]
    ) {
      const folder = `folder of ${name}`;
      await writeFiles(dir, {
        [`${folder}/${name}`]: LOG,
        [`${folder}/${name}.parquet`]: parquet,
        [`${folder}/axb`]: "x",
      });
      const path = `${dir}/${folder}/${name}`;
      assertEquals(await endsWell(dir, [path]), USERS, name);
      assertEquals((await endsWell(dir, [`${path}.parquet`])).split(" | ").length, 2, name);
      // So is the folder to write, and the one that it is in
      const out = `${dir}/${folder}/new/${name}`;
      const { provenance } = await prepare({ files: [`${path}.parquet`], out, minUser: 1, minItem: 1 });
      assertEquals(provenance.counts.users, 2);
      await Deno.remove(`${dir}/${folder}`, { recursive: true });
    }
  }));

Deno.test("no address is read but one that is named, and no extension is loaded", async () => {
  let asked = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    asked++;
    return new Response(LOG);
  });
  try {
    const at = `http://127.0.0.1:${server.addr.port}/x.csv`;
    await inFolder(async (dir) => {
      const text = `user,item,timestamp\n${rows((u, i) => `${at}?${u},s3://bucket/${i}.parquet,${i}`)}`;
      await writeFiles(dir, { log: LOG, text });
      assertLike(await endsWell(dir, [`${dir}/text`]), /^http:\/\/127\.0\.0\.1.* s3:\/\/bucket\/0\.parquet/);
      for (const options of [{ where: `user = '${at}'` }, { user: at }, { items: `x ${at}` }]) {
        await endsWell(dir, [`${dir}/log`], options);
      }
      assertEquals(asked, 0);
      for (
        const name of [
          "s3://bucket/x.parquet",
          "s3://bucket/*.parquet",
          "ftp://localhost/x",
          "file:///etc/hosts",
          "hf://a/b",
        ]
      ) {
        assertLike(await endsWell(dir, [name]), /^(there is no such file|no file matches it)$/);
      }
    });
  } finally {
    await server.shutdown();
  }
});

Deno.test("a database reads and writes nothing outside of its folder", async () => {
  await inFolder(async (dir) => {
    await writeFiles(dir, { "in/a": "1", "out/b": "user,item\n1,2\n", "out/c": "user,item\n1,2\n" });
    using db = await Database.open(`${dir}/in`, [`${dir}/out/c`]);
    for (
      const sql of [
        `SELECT * FROM read_csv('${dir}/out/b')`,
        `SELECT * FROM read_text('/etc/hosts')`,
        `SELECT * FROM glob('${dir}/out/*')`,
        `COPY (SELECT 1) TO '${dir}/out/d'`,
        `ATTACH '${dir}/out/e'`,
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
      ]
    ) {
      let fault: unknown;
      await db.run(sql).catch((error) => fault = error);
      assert(fault !== undefined, sql);
    }
    await db.run(`SELECT * FROM read_csv('${dir}/out/c')`);
    assertEquals(listing(`${dir}/out`), ["b", "c"]);
  });
});

Deno.test("two files of an archive may have one name", () =>
  inFolder(async (dir) => {
    const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
    const lines = LOG.trimEnd().split("\n"), parts = [lines.slice(0, 8), [lines[0], ...lines.slice(8)]];
    for (const [at, part] of parts.entries()) await writer.add(`log${at}.csv`, new TextReader(part.join("\n")));
    const bytes = await writer.close();
    // No writer gives a name twice
    for (let at = 0; at < bytes.length; at++) {
      if (String.fromCharCode(...bytes.subarray(at, at + 8)) === "log1.csv") bytes[at + 3] = "0".charCodeAt(0);
    }
    await writeFiles(dir, { "log.zip": bytes });
    const { sequences, prepared: { provenance } } = await prepared({ files: [`${dir}/log.zip`] });
    assertEquals(Object.entries(sequences).map((user) => user.join(" ")).join(" | "), USERS);
    assertEquals(provenance.source.map(({ file }) => file), ["log0.csv", "log0.csv"]);
  }));

Deno.test({
  name: "a pipe is read once, from its beginning",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (dir) => {
      await writeFiles(dir, { log: LOG });
      const task = `${Deno.execPath()} run -A --quiet --no-check tasks/prepare.ts`;
      const command = `${task} <(cat ${dir}/log) --out ${dir}/out --min-user 1 --min-item 1 --json`;
      const { code, stdout, stderr } = await new Deno.Command("bash", { args: ["-c", command] }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      assertEquals(JSON.parse(new TextDecoder().decode(stdout)).interactions, 15);
    }),
});

Deno.test("links in a folder are followed to files, and lead nowhere twice", () =>
  inFolder(async (dir) => {
    await writeFiles(dir, { "elsewhere/log.csv": LOG });
    await Deno.mkdir(`${dir}/linked`);
    await Deno.symlink(`${dir}/elsewhere/log.csv`, `${dir}/linked/log.csv`);
    assertEquals(await endsWell(dir, [`${dir}/linked`]), USERS);
    await Deno.mkdir(`${dir}/loop`);
    await Deno.symlink(`${dir}/loop`, `${dir}/loop/self`);
    assertEquals(await endsWell(dir, [`${dir}/loop`]), "the folder holds no files");
    assertLike(
      await endsWell(dir, [dir]),
      /^the folder holds only folders: name the files by a pattern, such as '.*\/\*\/\*'$/,
    );
    await Deno.symlink(`${dir}/nowhere`, `${dir}/linked/broken.csv`);
    assertEquals(await endsWell(dir, [`${dir}/linked`]), "there is no such file");
    assertEquals(await endsWell(dir, [`${dir}/*/broken.csv`]), "there is no such file");
  }));
