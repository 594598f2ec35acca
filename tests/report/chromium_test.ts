import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { CHROMIUM, closeBrowser, type Look, type Page, visit } from "../_chromium.ts";
import { HOSTILE, ITEMS, makePage, makeRuns } from "./_runs.ts";
import { CONTRASTS, OUTSIDE } from "./_page_checks.ts";

const ignore = CHROMIUM === null, folder = await Deno.makeTempDir(), PAGE = `${folder}/report.html`;
const { runs } = ignore ? { runs: "" } : await makeRuns(folder);
if (!ignore) await makePage(PAGE, runs);
Deno.test.afterAll(async () => {
  await closeBrowser();
  await Deno.remove(folder, { recursive: true });
});

/** A test of the page as a reader has it. */
function look(name: string, look: Look, work: (page: Page) => Promise<void>): void {
  Deno.test({
    name: `the page in Chromium: ${name}`,
    ignore,
    // One browser serves all tests
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () =>
      visit(PAGE, look, async ({ page, said, requests }) => {
        await work(page);
        assertEquals([said, requests], [[], []]);
      }),
  });
}

/** Texts of what a selector finds. */
const texts = (page: Page, selector: string): Promise<string[]> =>
  page.locator(selector).evaluateAll((found) =>
    found.map((element: { textContent: string }) => element.textContent.trim())
  );

/** A property of the style of what a selector finds, as the browser computes it. */
const styles = (page: Page, selector: string, property: string): Promise<string[]> =>
  page.evaluate(
    `[...document.querySelectorAll(${JSON.stringify(selector)})].map((at) => getComputedStyle(at).${property})`,
  );

/** Rows of a table by its label. */
async function rowsOf(page: Page, label: string): Promise<Record<string, string>[]> {
  const table = `[role=region][aria-label="${label}"] table`, head = await texts(page, `${table} thead th`);
  const cells = await texts(page, `${table} tbody :is(th, td)`);
  return Array.from(
    { length: cells.length / head.length },
    (_, row) => Object.fromEntries(head.map((name, at) => [name, cells[row * head.length + at]!])),
  );
}

async function metricsOf(run: string): Promise<Record<string, number>> {
  return JSON.parse(await Deno.readTextFile(`${runs}/${run}/metrics.json`)).test;
}

look("nothing is said on the console and nothing is fetched, hostile titles and all", {}, async (page) => {
  assertEquals(await page.title(), "mf-bpr on data");
  assertEquals(await page.locator("img, iframe, object, embed, [onload], [onerror], [style]").count(), 0);
  const listed = await page.locator("#items b").evaluateAll((found) =>
    found.map((b: { textContent: string }) => b.textContent)
  );
  assertEquals(listed.length, ITEMS);
  for (const title of HOSTILE) assert(listed.includes(title), title);
});

look("the figures are those of the files", {}, async (page) => {
  const all = await rowsOf(page, "Runs");
  assertEquals(all.length, 10);
  for (const row of all) {
    const metrics = await metricsOf(row["Run"]!);
    for (const name of ["hr@1", "hr@5", "hr@10", "ndcg@5", "ndcg@10"]) {
      assertAlmostEquals(Number(row[name.toUpperCase()]), metrics[name]!, 5.001e-5, `${row["Run"]} ${name}`);
    }
  }
  const groups = await rowsOf(page, "Groups of runs, means over their seeds");
  assertEquals(groups.map((row) => row["Rule"]).sort(), [
    "AdamW",
    "SEvo-AdamW",
    "SEvo-AdamW",
    "SEvo-AdamW",
    "item-knn",
    "popularity",
  ]);
  for (const row of groups.filter(({ Rule }) => Rule!.includes("AdamW"))) {
    const name = row["Rule"] === "AdamW" ? "adamw" : `sevo-${row["beta"]}`;
    const values = await Promise.all([1, 2].map(async (seed) => (await metricsOf(`${name}-${seed}`))["ndcg@10"]!));
    const [mean, deviation] = row["NDCG@10"]!.split("±").map(Number);
    assertAlmostEquals(mean!, (values[0]! + values[1]!) / 2, 5.001e-5);
    assertAlmostEquals(deviation!, Math.abs(values[0]! - values[1]!) / Math.SQRT2, 5.001e-5);
  }
  // The tests are those of the same figures
  const tests = await rowsOf(page, "Paired tests");
  assertEquals(tests.length, 3);
  for (const row of tests) {
    const beta = /beta ([\d.]+)/.exec(row["With SEvo"]!)![1]!;
    const gains = await Promise.all(
      [1, 2].map(async (seed) =>
        (await metricsOf(`sevo-${beta}-${seed}`))["ndcg@10"]! - (await metricsOf(`adamw-${seed}`))["ndcg@10"]!
      ),
    );
    assertAlmostEquals(Number(row["Difference"]!.replace("−", "-")), (gains[0]! + gains[1]!) / 2, 5.001e-5);
    assertEquals([row["Seeds"], row["Users"]], ["2", "80"]);
    assert(Number(row["p, t (users)"]!.replace(/^<\s/, "")) <= 1);
  }
});

look("charts have axes, legends and words for those who do not see them", {}, async (page) => {
  const charts = page.locator("svg[role=img]");
  for (const label of await charts.evaluateAll((all) => all.map((svg) => svg.getAttribute("aria-label")))) {
    assert(label!.length > 20, label!);
  }
  const words = (await texts(page, "svg.chart text")).join("\n");
  for (const axis of ["Test NDCG@10", "Validation NDCG@10", "Training loss", "Epoch", "beta", "J(E) / |E|²"]) {
    assert(words.includes(axis), axis);
  }
  const legends = await texts(page, "[aria-labelledby=curves] .legend li");
  assertEquals(legends.slice(1), ["AdamW", "2 other settings"]);
  // Signs of the legend have the colours of what they stand for
  const colours = await styles(page, "[aria-labelledby=curves] .legend i", "borderTopColor");
  const drawn = await styles(page, "[aria-labelledby=curves] svg [stroke]", "stroke");
  for (const colour of colours) assert(drawn.includes(colour), `${colour} of ${drawn}`);
  const levels = await page.locator("h1, h2, h3, h4").evaluateAll((all) =>
    all.map(({ tagName }) => Number(tagName[1]))
  );
  levels.forEach((level, at) => assert(level <= (levels[at - 1] ?? 0) + 1, `heading ${at} of level ${level}`));
});

for (const scheme of ["light", "dark"] as const) {
  look(`text and marks stand out, ${scheme}`, { scheme }, async (page) => {
    const found = await page.evaluate(CONTRASTS) as { what: string; ratio: number; least: number }[];
    assert(found.length > 200, String(found.length));
    assertEquals(found.filter(({ ratio, least }) => ratio < least), []);
  });
}

Deno.test({
  name: "the page in Chromium: light and dark are two schemes",
  ignore,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const colours: string[] = [];
    for (const scheme of ["light", "dark"] as const) {
      await visit(PAGE, { scheme }, async ({ page }) => {
        colours.push(await page.evaluate("getComputedStyle(document.body).backgroundColor") as string);
      });
    }
    assertNotEquals(colours[0], colours[1]);
  },
});

for (const width of [390, 1280]) {
  look(`nothing reaches over the edge at ${width} pixels`, { width }, async (page) => {
    await page.locator("summary").evaluateAll((all) => all.forEach((summary: { click(): void }) => summary.click()));
    assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
    assertEquals(await page.evaluate(OUTSIDE), []);
  });
}

look(
  "on paper it is light, whole, and without what paper cannot do",
  { media: "print", scheme: "dark", width: 718 },
  async (page) => {
    assertEquals(await page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    assertEquals(await page.evaluate(OUTSIDE), []);
    assertEquals(await page.locator("input:visible, details:visible").count(), 0);
    for (const inside of await styles(page, "figure", "breakInside")) assertEquals(inside, "avoid");
    for (
      const { height } of await Promise.all(
        (await page.locator("figure").all()).map(async (each) => (await each.boundingBox())!),
      )
    ) {
      // A4 less its margins
      assert(height < 1000, String(height));
    }
    assert((await page.pdf({ format: "A4" })).length > 10_000);
  },
);

look("titles come under the pointer, by arrow keys and by name", {}, async (page) => {
  const titles = await page.locator("#items li").evaluateAll((all) =>
    all.map((li: { textContent: string }) => li.textContent.trim())
  );
  const first = page.locator(".map").first(), output = page.locator("output"), tips = page.locator(".tip:visible");
  assertEquals(await tips.count(), 0);
  await first.focus();
  await page.keyboard.press("ArrowRight");
  assertEquals([await output.textContent(), await tips.count()], [titles[0]!, 2]);
  await page.keyboard.press("ArrowRight");
  assertEquals(await output.textContent(), titles[1]!);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  assertEquals(await output.textContent(), titles.at(-1)!);
  await page.keyboard.press("Escape");
  assertEquals([await output.textContent(), await tips.count()], ["", 0]);
  await first.locator("circle").nth(17).hover({ force: true });
  const under = await texts(page, ".tip");
  assertEquals([under[0], under[0]], [under[1], await output.textContent()]);
  await page.locator("input").fill("film 21");
  assert((await output.textContent())!.startsWith("Film 21 "));
  await page.locator("input").fill("no such film");
  assertEquals(await output.textContent(), "No item of the map has this in its title");
  const button = page.locator("[data-only]").first();
  await button.click();
  const faint = async () => (await styles(page, ".map circle", "opacity")).filter((opacity) => opacity !== "1").length;
  assertEquals([await button.getAttribute("aria-pressed"), await faint() > 0], ["true", true]);
  await button.click();
  assertEquals([await button.getAttribute("aria-pressed"), await faint()], ["false", 0]);
});

look(
  "without scripts nothing is offered that would not work, and titles are in the list",
  { scripts: false },
  async (page) => {
    assertEquals(await page.locator("input:visible").count(), 0);
    assert(await page.locator("svg:visible").count() >= 7);
    await page.locator("summary", { hasText: "items of the map" }).click();
    assertEquals(await page.locator("#items li:visible").count(), ITEMS);
  },
);
