/**
 * A page that recommends as one picks titles, and learns from the picks, with the library alone: no server is asked.
 * `deno task page` makes one file of HTML of it.
 *
 * @module
 */
import { type Device, openDevice } from "@sevo/sevo";
import { decodeModel, type ModelFile } from "@sevo/sevo/models";
import { type Recommendation, Recommender } from "@sevo/sevo/recommend";
import { Learner } from "./learner.ts";

/** Titles of the catalogue that are shown at a time, items of a list, and steps of a lesson. */
const SHOWN = 100, COUNT = 10, STEPS = 10;

/** An element of the page by its id. */
function the<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Makes an element. */
function make(tag: string, properties: Record<string, string>, ...children: (Node | string)[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The page of one model. */
class ModelPage {
  readonly #device: Device;
  readonly #file: ModelFile;
  readonly #titles: readonly string[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #picked: string[] = [];
  #recommender: Recommender;
  #learner: Learner | null = null;
  /** Places of the last list, before a lesson: what the next list is compared with. */
  #before: ReadonlyMap<string, number> | null = null;
  /** One thing at a time: what is asked for while the device is busy comes after it. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(device: Device, file: ModelFile) {
    this.#device = device;
    this.#file = file;
    this.#recommender = new Recommender(device, file);
    const { title } = file.itemColumns;
    this.#titles = file.items.map((id, place) => title?.[place] ?? id);
    this.#places = new Map(file.items.map((id, place) => [id, place]));
    the("start").hidden = true;
    the("app").hidden = false;
    the("about").append(` It is ${file.model.name}, trained on ${file.provenance.name}.`);
    const search = the<HTMLInputElement>("search"), count = this.#titles.length.toLocaleString("en");
    search.placeholder = `Search ${count} titles`;
    search.oninput = () => this.#showCatalogue();
    search.onkeydown = (event) => {
      const [first] = this.#found();
      if (event.key !== "Enter" || search.value === "" || first === undefined) return;
      this.#toggle(this.#file.items[first]!);
      search.select();
    };
    the("clear").onclick = () => {
      this.#picked.length = 0;
      this.#changed();
    };
    if (Learner.canTeach(file)) {
      the("learn").onclick = () => this.#inTurn(() => this.#learn());
      the("forget").onclick = () => this.#inTurn(() => this.#forget());
    } else {
      the("teach").hidden = true;
      the("no-teaching").hidden = false;
      the("no-teaching").textContent =
        `It cannot be taught here: ${file.model.name} does not score an item by a row of one table alone.`;
    }
    for (const id of ["catalogue", "recommended", "picked"]) the(id).onkeydown = (event) => walk(the(id), event);
    this.#changed();
    search.focus();
  }

  /** Does something once what is going on is done, and says what went wrong. */
  #inTurn(work: () => Promise<void>): void {
    this.#busy = this.#busy.then(work).catch((error: Error) => {
      the("status").textContent = error.message;
    });
  }

  #toggle(id: string): void {
    const at = this.#picked.indexOf(id);
    if (at < 0) this.#picked.push(id);
    else this.#picked.splice(at, 1);
    this.#changed();
  }

  #changed(): void {
    this.#before = null;
    the("learned").textContent = "";
    the<HTMLButtonElement>("learn").disabled = this.#picked.length < 2;
    the("clear").hidden = this.#picked.length === 0;
    this.#showCatalogue();
    this.#showPicked();
    this.#inTurn(() => this.#recommend());
  }

  /** Places of the titles that hold what is searched for: those that begin with it first. */
  #found(): number[] {
    const wanted = the<HTMLInputElement>("search").value.trim().toLowerCase();
    const found = [...this.#titles.keys()].filter((place) => this.#titles[place]!.toLowerCase().includes(wanted));
    const begins = (place: number) => this.#titles[place]!.toLowerCase().startsWith(wanted) ? 0 : 1;
    return wanted === "" ? found : found.sort((a, b) => begins(a) - begins(b) || a - b);
  }

  #showCatalogue(): void {
    const found = this.#found();
    show(
      the("catalogue"),
      found.slice(0, SHOWN).map((place) => {
        const id = this.#file.items[place]!, pressed = String(this.#picked.includes(id));
        return this.#button(id, { "aria-pressed": pressed }, this.#titles[place]!);
      }),
    );
    const rest = found.length - SHOWN;
    the("more").textContent = found.length === 0
      ? "No title has this in it."
      : rest > 0
      ? `${rest.toLocaleString("en")} more: search for them.`
      : "";
  }

  #showPicked(): void {
    const chips = this.#picked.map((id) => {
      const title = this.#titles[this.#places.get(id)!]!;
      return this.#button(id, { "aria-label": `Take back ${title}` }, title);
    });
    show(the("picked"), chips);
    if (chips.length === 0) the("picked").append(make("li", { class: "none" }, "Nothing yet. Pick a title."));
  }

  /** A button that picks an item, or takes it back. */
  #button(id: string, properties: Record<string, string>, ...children: (Node | string)[]): HTMLElement {
    const button = make("button", { type: "button", ...properties }, ...children);
    button.onclick = () => this.#toggle(id);
    return button;
  }

  async #recommend(): Promise<void> {
    if (this.#picked.length === 0) {
      show(the("recommended"), []);
      the("status").textContent = "Recommendations come as you pick.";
      return;
    }
    const start = performance.now();
    const [list] = await this.#recommender.recommend({ histories: [this.#picked] }, { count: COUNT });
    const took = performance.now() - start;
    this.#showRecommended(list!);
    the("status").textContent = `${list!.length} of ${this.#titles.length.toLocaleString("en")} titles, in ${
      took.toFixed(0)
    } ms on ${this.#device.description}.`;
  }

  #showRecommended(list: readonly Recommendation[]): void {
    const best = list[0]?.score ?? 0, least = list.at(-1)?.score ?? 0;
    show(
      the("recommended"),
      list.map(({ item, score }, place) => {
        const children = [
          make("span", { class: "place" }, String(place + 1)),
          make("span", { class: "title" }, this.#titles[this.#places.get(item)!]!),
        ];
        if (this.#before !== null) children.push(change(this.#before.get(item), place));
        const button = this.#button(item, {}, ...children);
        button.style.setProperty("--share", (0.1 + 0.9 * (score - least) / (best - least || 1)).toFixed(3));
        return button;
      }),
    );
  }

  async #learn(): Promise<void> {
    if (this.#picked.length < 2) return;
    const all = { count: this.#titles.length };
    const [before] = await this.#recommender.recommend({ histories: [this.#picked] }, all);
    this.#learner ??= new Learner(this.#device, this.#file);
    const start = performance.now(), smooth = the<HTMLInputElement>("smooth").checked;
    const places = this.#picked.map((id) => this.#places.get(id)!);
    const { before: chance, after } = await this.#learner.learn(places, STEPS, smooth);
    const took = performance.now() - start;
    this.#use(this.#learner.file);
    this.#before = new Map(before!.map(({ item }, place) => [item, place]));
    the<HTMLButtonElement>("forget").disabled = false;
    the("learned").textContent = `${STEPS} steps in ${took.toFixed(0)} ms. From one of your picks it now guesses ` +
      `another with a chance of ${percent(after)}, ${percent(chance)} before.`;
    await this.#recommend();
  }

  async #forget(): Promise<void> {
    this.#learner?.[Symbol.dispose]();
    this.#learner = null;
    this.#before = null;
    this.#use(this.#file);
    the<HTMLButtonElement>("forget").disabled = true;
    the("learned").textContent = "It is as it was trained.";
    await this.#recommend();
  }

  #use(file: ModelFile): void {
    this.#recommender[Symbol.dispose]();
    this.#recommender = new Recommender(this.#device, file);
  }
}

function percent(share: number): string {
  return share.toLocaleString("en", { style: "percent", maximumSignificantDigits: 2 });
}

/** How far an item has come, of those places before. */
function change(before: number | undefined, place: number): HTMLElement {
  const by = before === undefined ? 0 : before - place;
  if (by === 0) return make("span", { class: "change" });
  const [kind, sign] = by > 0 ? ["up", "▲"] : ["down", "▼"];
  return make(
    "span",
    { class: `change ${kind}`, role: "img", "aria-label": `${kind} ${Math.abs(by)}` },
    `${sign} ${Math.abs(by)}`,
  );
}

/** Fills a list with buttons. Who was on one of them by keyboard is on the one in its place. */
function show(list: HTMLElement, buttons: readonly HTMLElement[]): void {
  const at = [...list.children].findIndex((item) => item.contains(document.activeElement)), { scrollTop } = list;
  list.replaceChildren(...buttons.map((button) => make("li", {}, button)));
  list.scrollTop = scrollTop;
  if (at >= 0) buttons[Math.min(at, buttons.length - 1)]?.focus({ preventScroll: true });
}

/** Goes from button to button of a list by arrow keys. */
function walk(list: HTMLElement, event: KeyboardEvent): void {
  const buttons = [...list.querySelectorAll("button")], at = buttons.indexOf(document.activeElement as never);
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  if (event.key === "End") buttons.at(-1)!.focus();
  else buttons[Math.max(0, Math.min(to, buttons.length - 1))]!.focus();
}

async function open(bytes: Uint8Array): Promise<void> {
  try {
    const file = decodeModel(bytes);
    new ModelPage(await openDevice(), file);
  } catch (error) {
    the("problem").textContent = (error as Error).message;
  }
}

async function openFile(file: File | undefined): Promise<void> {
  if (file !== undefined) await open(new Uint8Array(await file.arrayBuffer()));
}

const chosen = the<HTMLInputElement>("file");
chosen.onchange = () => {
  openFile(chosen.files?.[0]);
  // So that the same file, once mended, can be chosen again
  chosen.value = "";
};
document.body.ondragover = (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
};
document.body.ondragleave = () => document.body.classList.remove("dropping");
document.body.ondrop = (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  if (the("app").hidden) openFile(event.dataTransfer?.files[0]);
};

/** A model that the page was made with, in base64. */
const inside = document.getElementById("model")?.textContent;
if (inside) await open(Uint8Array.from(atob(inside), (character) => character.charCodeAt(0)));
