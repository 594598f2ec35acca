/**
 * Bundles a page with Vite: `_vite.ts ROOT ALIAS`, where ALIAS is an object as JSON. It is a program of its own, as Vite
 * looks around on the machine more than the tests may.
 *
 * @module
 */
import { build } from "npm:vite@8.3.8";

const [root, alias] = Deno.args;
await build({
  root: root!,
  configFile: false,
  logLevel: "warn",
  // Names are whole: "@sevo/sevo" is not the beginning of "@sevo/sevo/models"
  resolve: {
    alias: Object.entries(JSON.parse(alias!) as Record<string, string>).map(([name, replacement]) => ({
      find: new RegExp(`^${name}$`),
      replacement,
    })),
  },
});
