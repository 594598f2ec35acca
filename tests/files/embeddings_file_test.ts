import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parquetReadObjects } from "hyparquet";
import { writeEmbeddings } from "../../src/files/embeddings_file.ts";
import { MODELS, popularity, stosa } from "../../src/models/mod.ts";
import { isTrainable } from "../../src/models/mod.ts";
import { decodeStrings } from "../../src/models/string_table.ts";
import { type Embeddings, embeddingsOf } from "../../src/recommend/mod.ts";
import { decodeSafetensors } from "../../src/safetensors.ts";
import { DATASET, untrained } from "../recommend/_models.ts";
import { matrix } from "../sevo/_fixtures.ts";
import { filesIn, withFolder } from "./_folder.ts";

const ONE: Embeddings = {
  ids: ["a", "b", "c,d"],
  columns: { title: ["An A", null, 'say "so"'] },
  vectors: { item: { data: Float32Array.of(1, 2, 3, 4, 5, 6), width: 2 } },
};

const TWO: Embeddings = {
  ids: ["a", "b"],
  columns: {},
  vectors: {
    item_mean: { data: Float32Array.of(1, 2, 3, 4), width: 2 },
    item_cov: { data: Float32Array.of(0.5, -0.5), width: 1 },
  },
};

/** A matrix in NumPy's format, read by its description. */
function readNpy(bytes: Uint8Array): { shape: number[]; data: number[] } {
  assertEquals([...bytes.subarray(0, 8)], [0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  const length = bytes[8]! + 256 * bytes[9]!, header = new TextDecoder().decode(bytes.subarray(10, 10 + length));
  assertEquals((10 + length) % 64, 0);
  assertEquals(header.at(-1), "\n");
  const [, rows, columns] = /^\{'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \} *\n$/.exec(
    header,
  )!;
  const view = new DataView(bytes.buffer, bytes.byteOffset + 10 + length);
  const data = Array.from({ length: view.byteLength / 4 }, (_, at) => view.getFloat32(4 * at, true));
  return { shape: [Number(rows), Number(columns)], data };
}

Deno.test("embeddings in Parquet are a row for each id, with its columns and a list of floats", async () => {
  await withFolder(async (folder) => {
    const read = async (path: string) => await parquetReadObjects({ file: (await Deno.readFile(path)).buffer });
    await writeEmbeddings(`${folder}/one.parquet`, ONE);
    assertEquals(await read(`${folder}/one.parquet`), [
      { id: "a", title: "An A", embedding: [1, 2] },
      { id: "b", title: null, embedding: [3, 4] },
      { id: "c,d", title: 'say "so"', embedding: [5, 6] },
    ]);
    await writeEmbeddings(`${folder}/two.parquet`, TWO);
    assertEquals(await read(`${folder}/two.parquet`), [
      { id: "a", item_mean: [1, 2], item_cov: [0.5] },
      { id: "b", item_mean: [3, 4], item_cov: [-0.5] },
    ]);
    // More rows than are written together
    const ids = Array.from({ length: 20000 }, (_, at) => `item ${at}`), data = matrix(1, 20000, 3);
    await writeEmbeddings(`${folder}/many.parquet`, { ids, columns: {}, vectors: { item: { data, width: 3 } } });
    const rows = await read(`${folder}/many.parquet`);
    assertEquals(rows.length, 20000);
    const wrong = rows.findIndex(({ id, embedding }, at) =>
      id !== ids[at] || String(embedding) !== String([...data.subarray(3 * at, 3 * at + 3)])
    );
    assertEquals(wrong, -1);
    assertEquals(await filesIn(folder), ["many.parquet", "one.parquet", "two.parquet"]);
  });
});

Deno.test("embeddings in CSV have a column for each element", async () => {
  await withFolder(async (folder) => {
    await writeEmbeddings(`${folder}/one.csv`, ONE);
    assertEquals(
      await Deno.readTextFile(`${folder}/one.csv`),
      'id,title,embedding_0,embedding_1\na,An A,1,2\nb,,3,4\n"c,d","say ""so""",5,6\n',
    );
    await writeEmbeddings(`${folder}/two.csv`, TWO);
    assertEquals(
      await Deno.readTextFile(`${folder}/two.csv`),
      "id,item_mean_0,item_mean_1,item_cov_0\na,1,2,0.5\nb,3,4,-0.5\n",
    );
  });
});

Deno.test("embeddings in NumPy's format are one matrix of float32, tables side by side", async () => {
  await withFolder(async (folder) => {
    await writeEmbeddings(`${folder}/one.npy`, ONE);
    assertEquals(readNpy(await Deno.readFile(`${folder}/one.npy`)), { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] });
    await writeEmbeddings(`${folder}/two.npy`, TWO);
    assertEquals(readNpy(await Deno.readFile(`${folder}/two.npy`)), { shape: [2, 3], data: [1, 2, 0.5, 3, 4, -0.5] });
    // The header is filled up whatever its length
    for (const rows of [1, 10, 999, 12345]) {
      const ids = Array<string>(rows).fill("same"), data = matrix(2, rows, 1);
      await writeEmbeddings(`${folder}/rows.npy`, { ids, columns: {}, vectors: { item: { data, width: 1 } } });
      assertEquals(readNpy(await Deno.readFile(`${folder}/rows.npy`)), { shape: [rows, 1], data: [...data] });
    }
  });
});

Deno.test("embeddings in safetensors are matrices, and texts as bytes with offsets", async () => {
  await withFolder(async (folder) => {
    await writeEmbeddings(`${folder}/one.safetensors`, ONE);
    const { tensors } = decodeSafetensors(await Deno.readFile(`${folder}/one.safetensors`));
    assertEquals([tensors["item"]!.shape, [...tensors["item"]!.data]], [[3, 2], [1, 2, 3, 4, 5, 6]]);
    assertEquals(decodeStrings("id", tensors), [...ONE.ids]);
    assertEquals(decodeStrings("column.title", tensors), [...ONE.columns["title"]!]);
  });
});

Deno.test("a column of the items that is called like the embeddings is kept beside them", async () => {
  await withFolder(async (folder) => {
    const columns = { embedding: ["x", "y", "z"], id: ["1", "2", "3"] };
    await writeEmbeddings(`${folder}/one.parquet`, { ...ONE, columns });
    const [first] = await parquetReadObjects({ file: (await Deno.readFile(`${folder}/one.parquet`)).buffer });
    assertEquals(first, { id: "a", "column.embedding": "x", "column.id": "1", embedding: [1, 2] });
  });
});

Deno.test("embeddings that cannot be written are refused in one line, and leave nothing behind", async () => {
  await withFolder(async (folder) => {
    for (const end of ["parquet", "csv", "npy", "safetensors"]) {
      const path = `${folder}/missing/items.${end}`;
      const error = await assertRejects(() => writeEmbeddings(path, ONE), RangeError);
      assertEquals(error.message, `Cannot write '${path}' as its folder is not there`);
      await Deno.mkdir(`${folder}/items.${end}`);
      const other = await assertRejects(() => writeEmbeddings(`${folder}/items.${end}`, ONE), RangeError);
      assertEquals(other.message, `Cannot write '${folder}/items.${end}' as it is a folder`);
      await Deno.remove(`${folder}/items.${end}`);
    }
    for (const name of ["items.txt", "items", "items.npz"]) {
      const error = await assertRejects(() => writeEmbeddings(`${folder}/${name}`, ONE), RangeError);
      assertEquals(
        error.message,
        `Cannot write '${folder}/${name}' as its name must end in .parquet, .csv, .npy or .safetensors`,
      );
    }
    assertEquals(await filesIn(folder), []);
  });
});

for (const model of MODELS.filter(isTrainable)) {
  Deno.test(`embeddings of ${model.name} are those of items and users alone, without rows of padding`, () => {
    const file = untrained(model, DATASET), { ids, columns, vectors } = embeddingsOf(file, "items");
    assertEquals(ids, DATASET.items);
    assertEquals(columns, DATASET.itemColumns);
    const tables = { sasrec: ["item"], bert4rec: ["out"], stosa: ["item_mean", "item_cov"] }[model.name as string] ??
      model.itemTables.map((name) => name.replace(".weight", ""));
    assertEquals(Object.keys(vectors), tables);
    for (const table of tables) {
      const { data, width } = vectors[table]!, all = file.weights[`${table}.weight`]!;
      const skipped = { "mf-bpr": 0, sasrec: 1, gru4rec: 1, bert4rec: 2, stosa: 1 }[model.name as string] ??
        model.leadingRows;
      assertEquals([width, data.length], [8, 30 * 8]);
      assertEquals([...data.subarray(0, 8)], [...all.data.subarray(8 * skipped, 8 * skipped + 8)]);
      assertEquals([...data.subarray(29 * 8)], [...all.data.subarray((29 + skipped) * 8, (30 + skipped) * 8)]);
    }
    if (model.userTable) {
      const users = embeddingsOf(file, "users");
      assertEquals([users.ids, users.columns, Object.keys(users.vectors)], [DATASET.users, {}, ["user"]]);
      assertEquals(users.vectors["user"]!.data, file.weights["user.weight"]!.data);
    } else {
      const error = assertThrows(() => embeddingsOf(file, "users"), RangeError);
      assertEquals(error.message, `Cannot export users as ${model.name} has no embeddings of users`);
    }
  });
}

Deno.test("a counted model has no embeddings", () => {
  const error = assertThrows(() => embeddingsOf(untrained(popularity, DATASET), "items"), RangeError);
  assertEquals(error.message, "Cannot export items as popularity has no embeddings of items");
  assertEquals(stosa.itemTables.length, 2);
});
