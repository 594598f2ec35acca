import { type Html, html, trusted } from "./_html.ts";
import script from "./page.js" with { type: "text" };
import style from "./page.css" with { type: "text" };

/**
 * A page that is one file: its style and its script are in it, its policy allows these two and nothing else, and nothing is
 * fetched from anywhere.
 *
 * @param title Its title.
 * @param body What is on it.
 * @returns The HTML of the page.
 */
export async function pageOf(title: string, body: Html): Promise<string> {
  const policy = [
    "default-src 'none'",
    `style-src '${await hashOf(style)}'`,
    `script-src '${await hashOf(script)}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="${policy}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="referrer" content="no-referrer">
        <title>${title}</title>
        <link rel="icon" href="data:,">
        <style>${trusted(style)}</style>
      </head>
      <body>
    ${body}
    <script>${trusted(script)}</script>
      </body>
    </html>
  `.text.trimStart();
}

async function hashOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return `sha256-${btoa(String.fromCharCode(...digest))}`;
}
