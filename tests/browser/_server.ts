/** Types of what pages are made of. */
const TYPES: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript" };

/** The headers that isolate a page, without which it has no memory to share with workers. */
export const ISOLATED: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** A server of one folder on this machine. */
export interface PageServer extends AsyncDisposable {
  /** Its address, with a slash at the end. */
  readonly address: string;
}

/** Serves the files of a folder, with headers of choice. */
export function serve(folder: string, headers: Readonly<Record<string, string>> = {}): PageServer {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const { pathname } = new URL(url), path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    try {
      const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
      return new Response(await Deno.readFile(folder + path), { headers: { ...headers, "content-type": type } });
    } catch {
      return new Response(null, { status: path === "/favicon.ico" ? 204 : 404 });
    }
  });
  return {
    address: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
