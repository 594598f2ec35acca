/**
 * Draws the pictures of docs/method.md anew, from runs and computations of this package: a minute on two cores.
 *
 * @module
 */
import { openDevice } from "../src/device/open_device.ts";
import { METHOD_PICTURES } from "./build/method_pictures.ts";

const FOLDER = new URL("../docs/images/", import.meta.url);

await using device = await openDevice("cpu");
for (const [name, draw] of Object.entries(METHOD_PICTURES)) {
  const svg = await draw(device);
  await Deno.writeTextFile(new URL(name, FOLDER), svg);
  console.log(`Wrote docs/images/${name} (${svg.length} bytes)`);
}
