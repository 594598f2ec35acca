import { assert, assertEquals, assertGreater, assertLess, assertRejects, assertThrows } from "@std/assert";
import { readDataset } from "../../src/files/read_dataset.ts";
import { timePrepare, writeLog } from "../../tasks/bench/prepare.ts";
import { UsageError } from "../../tasks/cli/flags.ts";

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("writeLog() writes the same lines again, some users and items far more often than others", async () => {
  await inFolder(async (folder) => {
    const sizes = { interactions: 50_000, users: 1000, items: 2000 };
    const bytes = writeLog(`${folder}/a`, sizes);
    assertEquals(writeLog(`${folder}/b`, sizes), bytes);
    const text = await Deno.readTextFile(`${folder}/a`);
    assertEquals(text.length, bytes);
    assert(text === await Deno.readTextFile(`${folder}/b`), "the same bytes");
    assertThrows(() => writeLog(`${folder}/a`, sizes), Deno.errors.AlreadyExists);
    const [header, ...lines] = text.trimEnd().split("\n");
    assertEquals(header, "user,item,rating,timestamp");
    assertEquals(lines.length, sizes.interactions);
    const seen = new Map<string, number>();
    for (const line of lines) {
      const [, user, item, rating, time] = /^u(\d+),i(\d+),([0-5]\.[05]),(1[2-5]\d{8})$/.exec(line) ?? [];
      assert(time !== undefined, line);
      assertLess(Number(user), sizes.users);
      assertLess(Number(item), sizes.items);
      assert(Number(rating) >= 0.5 && Number(rating) <= 5, line);
      seen.set(`i${item}`, (seen.get(`i${item}`) ?? 0) + 1);
      seen.set(`u${user}`, (seen.get(`u${user}`) ?? 0) + 1);
    }
    // The first has n to the power of 2/3 and 1/2 times as many as the n-th.
    assertGreater(seen.get("i0")!, 20 * (seen.get("i1500") ?? 0));
    assertGreater(seen.get("u0")!, 5 * (seen.get("u900") ?? 0));
  });
});

Deno.test("timePrepare() makes a dataset in a process of its own, and says what it took", async () => {
  await inFolder(async (folder) => {
    const bytes = writeLog(`${folder}/log.csv`, { interactions: 3000, users: 60, items: 40 });
    await Deno.mkdir(`${folder}/prepared`);
    const times = await timePrepare(`${folder}/log.csv`, `${folder}/prepared`);
    assertEquals(times.source, bytes);
    assertGreater(times.seconds, 0);
    assertGreater(times.memory, 20e6);
    assertLess(times.memory, 4e9);
    assertGreater(times.dataset, 0);
    assertGreater(times.disk, 0);
    const { provenance } = await readDataset(`${folder}/prepared/dataset`);
    assertGreater(provenance.counts.interactions, 2000);
    // The folder is no longer empty.
    const { message } = await assertRejects(() => timePrepare(`${folder}/log.csv`, `${folder}/prepared`), UsageError);
    assert(message.startsWith("Cannot run bench as prepare fails: error: Cannot prepare"), message);
  });
});
