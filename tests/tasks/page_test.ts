import { assert, assertEquals, assertLess, assertNotEquals, assertStringIncludes } from "@std/assert";
import { openDevice } from "@sevo/sevo";
import { Learner } from "../../examples/page/learner.ts";
import { readModel } from "../../src/files/mod.ts";
import { encodeModel, type ModelFile } from "../../src/models/mod.ts";
import { Recommender } from "../../src/recommend/mod.ts";
import { CHROMIUM, closeBrowser, type Look, type Page, visit } from "../_chromium.ts";
import { CONTRASTS, OUTSIDE } from "../report/_page_checks.ts";
import { FOLDER, runTask, tinyRun } from "./_tiny.ts";

const ignore = CHROMIUM === null, RUN = await tinyRun("sasrec"), FILE = await readModel(RUN);
const PAGE = `${FOLDER}/page.html`, EMPTY = `${FOLDER}/empty.html`;
Deno.test.afterAll(closeBrowser);

/** A test of a page as `deno task page` makes it. It must say nothing on the console, and ask nobody for anything. */
function look(name: string, path: string, look: Look, work: (page: Page) => Promise<void>): void {
  Deno.test({
    name: `deno task page in Chromium: ${name}`,
    ignore,
    // One browser serves all tests
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () =>
      visit(path, look, async ({ page, said, requests }) => {
        await work(page);
        assertEquals([said, requests], [[], []]);
      }),
  });
}

const texts = (page: Page, selector: string): Promise<string[]> =>
  page.locator(selector).evaluateAll((found) =>
    found.map((element: { textContent: string }) => element.textContent.trim())
  );

const LISTED = "#recommended .title";

/** Picks a title of the catalogue, and waits for the list. */
async function pick(page: Page, title: string): Promise<void> {
  await page.locator("#catalogue").getByRole("button", { name: title, exact: true }).click();
  await page.locator(LISTED).first().waitFor();
}

/** Presses a button whose outcome is told. */
async function press(page: Page, id: string, told: RegExp): Promise<void> {
  await page.locator(id).click();
  await page.locator("#learned").filter({ hasText: told }).waitFor();
}

const titleOf = ({ items, itemColumns }: ModelFile, id: string) => itemColumns["title"]![items.indexOf(id)] ?? id;

/** What the library lists for a history, by title. */
async function listed(file: ModelFile, history: string[]): Promise<string[]> {
  await using device = await openDevice("cpu", { threads: 2 });
  using recommender = new Recommender(device, file);
  const [list] = await recommender.recommend({ histories: [history] });
  return list!.map(({ item }) => titleOf(file, item));
}

/** The model after some lessons on items. */
async function taught(file: ModelFile, history: string[], lessons: number, smooth: boolean): Promise<ModelFile> {
  await using device = await openDevice("cpu", { threads: 2 });
  using learner = new Learner(device, file);
  for (let lesson = 0; lesson < lessons; lesson++) {
    await learner.learn(history.map((id) => file.items.indexOf(id)), 10, smooth);
  }
  return learner.file;
}

Deno.test("deno task page writes one file, with and without a model", async () => {
  for (const [args, to] of [[[RUN], PAGE], [[], EMPTY]] as const) {
    const { code, out, err } = await runTask(["page", ...args, "--to", to]);
    assertEquals([code, err], [0, ""]);
    assert(/^Wrote .*\.html: \d\.\d\d MB\n$/.test(out), out);
    const html = await Deno.readTextFile(to);
    assertEquals(html.includes('id="model"'), to === PAGE);
    assertEquals(html.match(/<\/script>/g)!.length, to === PAGE ? 2 : 1);
    // What refers to other files is replaced
    assert(!/<(?:script|link)[^>]*(?:src|href)="(?!data:)/.test(html));
  }
});

Deno.test("deno task page says what it cannot make a page of", async () => {
  const missing = await runTask(["page", `${FOLDER}/nowhere`, "--to", `${FOLDER}/none.html`]);
  assertEquals(missing.code, 2);
  assertStringIncludes(missing.err, "Cannot read a model from");
  const twice = await runTask(["page", RUN, RUN]);
  assertEquals(twice.code, 2);
  assertStringIncludes(twice.err, "it takes one argument, RUN");
});

look("it lists what the library does, as one picks and takes back", PAGE, {}, async (page) => {
  assertEquals(await texts(page, "#catalogue li"), FILE.items.map((id) => titleOf(FILE, id)));
  assertEquals(await texts(page, LISTED), []);
  await pick(page, "Film 8");
  await page.locator("#picked", { hasText: "Film 8" }).waitFor();
  assertEquals(await texts(page, LISTED), await listed(FILE, ["8"]));
  await pick(page, "7");
  await page.locator("#picked", { hasText: "7" }).waitFor();
  await page.locator("#status", { hasText: "10 of 20 titles" }).waitFor();
  assertEquals(await texts(page, LISTED), await listed(FILE, ["8", "7"]));
  // What is listed can be picked as well
  const [first] = await texts(page, LISTED);
  const item = FILE.items.find((id) => titleOf(FILE, id) === first)!;
  await page.locator("#recommended button").first().click();
  assertEquals(await texts(page, "#picked li"), ["Film 8", "7", first!]);
  assertEquals(await texts(page, LISTED), await listed(FILE, ["8", "7", item]));
  await page.getByRole("button", { name: "Take back Film 8" }).click();
  assertEquals(await texts(page, LISTED), await listed(FILE, ["7", item]));
  await page.getByRole("button", { name: "Clear" }).click();
  assertEquals([await texts(page, LISTED), await texts(page, "#picked li")], [[], ["Nothing yet. Pick a title."]]);
});

for (const smooth of [true, false]) {
  look(
    `it learns ${smooth ? "with SEvo" : "without"}, to the list of the library, and forgets`,
    PAGE,
    {},
    async (page) => {
      const history = ["8", "1", "12"], before = await listed(FILE, history);
      const learn = page.locator("#learn");
      for (const [at, id] of history.entries()) {
        assertEquals(await learn.isDisabled(), at < 2);
        await pick(page, titleOf(FILE, id));
      }
      await page.locator("#smooth").setChecked(smooth);
      const chances: number[] = [];
      for (let lesson = 1; lesson <= 3; lesson++) {
        await page.locator("#learned").evaluate((element: { textContent: string }) => element.textContent = "");
        await press(page, "#learn", /^10 steps in \d+ ms/);
        const told = await page.locator("#learned").textContent();
        chances.push(...[...told!.matchAll(/([\d.]+)%/g)].map(([, percent]) => Number(percent)).reverse());
        assertEquals(await texts(page, LISTED), await listed(await taught(FILE, history, lesson, smooth), history));
      }
      chances.forEach((chance, at) => assert(at === 0 || chance >= chances[at - 1]!, String(chances)));
      assertLess(chances[0]!, chances.at(-1)!);
      assertNotEquals(await texts(page, LISTED), before);
      assert((await texts(page, "#recommended .change")).some((text) => /^[▲▼] \d+$/.test(text)));
      await press(page, "#forget", /as it was trained/);
      assertEquals(await texts(page, LISTED), before);
      assert(await page.locator("#forget").isDisabled());
    },
  );
}

look("all of it works by keyboard", PAGE, {}, async (page) => {
  const { keyboard } = page, focused = () => page.evaluate("document.activeElement.textContent") as Promise<string>;
  assertEquals(await page.evaluate("document.activeElement.id"), "search");
  await keyboard.type("star w");
  assertEquals(await texts(page, "#catalogue li"), ["Star Wars (1977)", "Star Wars, and all that came after"]);
  await keyboard.press("Enter");
  assertEquals(await texts(page, "#picked li"), ["Star Wars (1977)"]);
  await keyboard.type("film 1");
  await keyboard.press("Tab");
  await keyboard.press("ArrowDown");
  assertEquals(await focused(), "Film 10");
  await keyboard.press("Space");
  // The focus stays, though the list is new
  assertEquals([await focused(), await texts(page, "#picked li")], ["Film 10", ["Star Wars (1977)", "Film 10"]]);
  await keyboard.press("End");
  assertEquals(await focused(), "Film 19");
  await keyboard.press("ArrowDown");
  assertEquals(await focused(), "Film 19");
  await keyboard.press("Home");
  assertEquals(await focused(), "Film 1");
  await page.locator("#learn").focus();
  await keyboard.press("Enter");
  await page.locator("#learned").filter({ hasText: "10 steps" }).waitFor();
});

look("a search that finds nothing says so", PAGE, {}, async (page) => {
  await page.locator("#search").fill("no such title");
  assertEquals([await texts(page, "#catalogue li"), await texts(page, "#more")], [[], ["No title has this in it."]]);
  await page.keyboard.press("Enter");
  assertEquals(await texts(page, "#picked li"), ["Nothing yet. Pick a title."]);
});

look("without a model in it the page asks for one, and says why it cannot read a file", EMPTY, {}, async (page) => {
  const choose = async (bytes: Uint8Array) => {
    await Deno.writeFile(`${FOLDER}/chosen.safetensors`, bytes);
    await page.locator("#file").setInputFiles(`${FOLDER}/chosen.safetensors`);
  };
  assert(await page.locator("#app").isHidden());
  await choose(new TextEncoder().encode("no model at all"));
  await page.locator("#problem").filter({ hasText: "Cannot decode safetensors as the header is cut off" }).waitFor();
  const hostile = "</script><img src=x onerror=alert(1)>";
  const items = { ...FILE, itemColumns: { title: FILE.items.map((id) => `${hostile} ${id}`) } };
  await choose(encodeModel(FILE.model, FILE.settings, FILE.weights, items));
  await pick(page, `${hostile} 3`);
  assertEquals([await page.locator("img").count(), await page.locator("#start").isHidden()], [0, true]);
});

look("a model that has no row of an item's own recommends, and is not taught", EMPTY, {}, async (page) => {
  const run = await tinyRun("item-knn"), file = await readModel(run);
  await page.locator("#file").setInputFiles(`${run}/model.safetensors`);
  await pick(page, "Film 3");
  assertEquals(await texts(page, LISTED), await listed(file, ["3"]));
  assert(await page.locator("#teach").isHidden());
  assertStringIncludes((await page.locator("#no-teaching").textContent())!, "It cannot be taught here: item-knn");
});

for (const [scheme, width] of [["light", 1280], ["dark", 390]] as const) {
  look(
    `text stands out and nothing reaches over the edge: ${scheme}, ${width} pixels`,
    PAGE,
    { scheme, width },
    async (page) => {
      for (const title of ["Film 8", "Film 1"]) await pick(page, title);
      await press(page, "#learn", /10 steps/);
      const found = await page.evaluate(CONTRASTS) as { what: string; ratio: number; least: number }[];
      assert(found.length > 40, String(found.length));
      // A button that cannot be pressed is faint, and there is none now
      assertEquals(found.filter(({ ratio, least }) => ratio < least), []);
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
      assertEquals(await page.evaluate(OUTSIDE), []);
    },
  );
}

Deno.test({
  name: "deno task page in Chromium: nothing can leave it, not even by a program that would send it",
  ignore,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    // From the server that is asked, as a browser lets no page from a file ask one on this machine
    const html = await Deno.readTextFile(PAGE), asked: string[] = [];
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname.startsWith("/picks")) asked.push(pathname);
      return new Response(pathname === "/page" ? html : "<p>", { headers: { "content-type": "text/html" } });
    });
    const tries = `Promise.allSettled([
      fetch("/picks", { method: "POST", body: "picks" }),
      new Promise((resolve, reject) => {
        const image = new Image();
        image.onload = resolve;
        image.onerror = reject;
        image.src = "/picks.png";
      }),
      import(location.origin + "/picks.js"),
    ]).then(([{ status }]) => status)`;
    const address = `http://127.0.0.1:${server.addr.port}/`;
    await visit(`${address}page`, {}, async ({ page }) => {
      assertEquals(await page.evaluate(tries), "rejected");
    });
    assertEquals(asked, []);
    await visit(`${address}plain`, {}, async ({ page }) => {
      assertEquals(await page.evaluate(tries), "fulfilled");
    });
    assertEquals(asked.sort(), ["/picks", "/picks.js", "/picks.png"]);
  },
});

Deno.test("the learner of examples/page gives all its memory back, and refuses what it cannot teach", async () => {
  await using device = await openDevice("cpu", { threads: 2 });
  const before = device.liveBytes;
  {
    using learner = new Learner(device, FILE);
    const first = await learner.learn([0, 4], 5, true);
    const second = await learner.learn([0, 4], 5, false);
    assertLess(first.before, first.after);
    assertEquals(second.before, first.after);
    assertLess(second.before, second.after);
    for (const value of learner.file.weights["item.weight"]!.data) assert(Number.isFinite(value));
  }
  assertEquals(device.liveBytes, before);
  const teachable = await Promise.all(
    ["mf-bpr", "gru4rec", "bert4rec", "stosa", "popularity"].map(async (model) =>
      Learner.canTeach(await readModel(await tinyRun(model)))
    ),
  );
  assertEquals([Learner.canTeach(FILE), ...teachable], [true, true, true, false, false, false]);
});
