/**
 * Loaded before a program (`deno run --preload`), says at its end how much memory it has held at most.
 *
 * @module
 */
import { resourceUsage } from "node:process";

globalThis.addEventListener("unload", () => console.log(`peak ${1024 * resourceUsage().maxRSS}`));
