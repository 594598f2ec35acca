import { assert, assertEquals } from "@std/assert";

const STYLE = await Deno.readTextFile(new URL("../../src/report/page.css", import.meta.url));
const [LIGHT, DARK] = STYLE.split("@media screen and (prefers-color-scheme: dark)").map((part) =>
  new Map(Array.from(part.matchAll(/--([a-z]+\d?): (#[0-9a-f]{6})/g), ([, name, colour]) => [name!, colour!]))
);

/** How the colours of a screen reach an eye of each kind: Machado, Oliveira and Fernandes 2009, of full severity. */
const EYES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  common: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

/** A colour in OKLab, as an eye has it. */
function seen(colour: string, eye: readonly (readonly number[])[]): number[] {
  const linear = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = eye.map((row) =>
    Math.min(1, Math.max(0, row.reduce((sum, part, at) => sum + part * linear[at]!, 0)))
  );
  const l = Math.cbrt(0.4122214708 * r! + 0.5363325363 * g! + 0.0514459929 * b!);
  const m = Math.cbrt(0.2119034982 * r! + 0.6806995451 * g! + 0.1073969566 * b!);
  const s = Math.cbrt(0.0883024619 * r! + 0.2817188376 * g! + 0.6299787005 * b!);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** The two nearest of some colours, and how near they are. */
function nearest(palette: ReadonlyMap<string, string>, names: readonly string[], eye: readonly (readonly number[])[]) {
  let least = Infinity, pair = "";
  names.forEach((a, at) =>
    names.slice(at + 1).forEach((b) => {
      const [one, other] = [a, b].map((name) => seen(palette.get(name)!, eye));
      const distance = Math.hypot(...one!.map((value, axis) => value - other![axis]!));
      if (distance < least) [least, pair] = [distance, `${a} and ${b}`];
    })
  );
  return { least, pair };
}

for (const [scheme, palette] of [["light", LIGHT!], ["dark", DARK!]] as const) {
  Deno.test(`categories and rules can be told apart with every kind of sight, ${scheme}`, () => {
    const categories = [..."01234567"].map((digit) => `c${digit}`);
    assertEquals(categories.filter((name) => !palette.has(name)), []);
    for (const [kind, eye] of Object.entries(EYES)) {
      const { least, pair } = nearest(palette, categories, eye);
      assert(least > 0.09, `${kind}: ${pair} are ${least.toFixed(3)} apart`);
      const roles = nearest(palette, ["sevo", "plain", "other"], eye);
      assert(roles.least > 0.06, `${kind}: ${roles.pair} are ${roles.least.toFixed(3)} apart`);
    }
  });
}
