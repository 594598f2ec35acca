import { type Browser, chromium, type Page } from "npm:playwright-core@1.56.1";

export type { Page } from "npm:playwright-core@1.56.1";

/** Where Debian and others have it. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Reads a variable if that needs no prompt: tests run with and without `--allow-env`. */
function readEnv(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

/** Where Chromium is; null where there is none. Tests that need it set `ignore: CHROMIUM === null`. */
export const CHROMIUM: string | null = PLACES.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}) ?? null;

if (CHROMIUM === null && readEnv("SEVO_REQUIRE_CHROMIUM") === "1") {
  throw new Error(
    "Cannot test pages as there is no Chromium: install Debian's chromium, or unset SEVO_REQUIRE_CHROMIUM",
  );
}

/**
 * As root it does not start in its sandbox; the pages are our own. WebGPU is that of SwiftShader, which Chromium brings
 * along and offers to no page unless it is told to.
 */
const ARGUMENTS = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** How a page is looked at. */
export interface Look {
  /** Colours that the reader prefers. */
  readonly scheme?: "light" | "dark";
  /** Width of the window. */
  readonly width?: number;
  /** On a screen or on paper. */
  readonly media?: "screen" | "print";
  /** Whether scripts run. */
  readonly scripts?: boolean;
}

/** A page that is looked at, and what it did. */
export interface Visit {
  /** The page. */
  readonly page: Page;
  /** Everything that the page said on the console, and every error. */
  readonly said: readonly string[];
  /** Every address that it asked for, besides its own. */
  readonly requests: readonly string[];
}

/** One browser for all visits of a file of tests. */
let browser: Promise<Browser> | undefined;

/**
 * Looks at a page in a real browser.
 *
 * @param address The file, or the address on a server.
 * @param look How.
 * @param work What is done with it.
 */
export async function visit(address: string, look: Look, work: (visit: Visit) => Promise<void>): Promise<void> {
  const { scheme = "light", width = 1280, media = "screen", scripts = true } = look;
  browser ??= chromium.launch({ executablePath: CHROMIUM!, args: ARGUMENTS });
  const context = await (await browser).newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    javaScriptEnabled: scripts,
  });
  try {
    const page = await context.newPage(), said: string[] = [], requests: string[] = [];
    page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => said.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
      said.push(`dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });
    await page.emulateMedia({ media });
    const own = new URL(address, "file://").href;
    page.on("request", (request) => request.url() === own || requests.push(request.url()));
    await page.goto(own);
    await work({ page, said, requests });
  } finally {
    await context.close();
  }
}

/** Ends the browser, once all visits are over. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}
