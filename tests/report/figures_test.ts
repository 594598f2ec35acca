import { assert, assertEquals } from "@std/assert";
import fc from "../_fast_check.ts";
import {
  durationFigure,
  metricFigure,
  percentFigure,
  plainFigure,
  probabilityFigure,
} from "../../src/report/_figures.ts";
import { html, trusted } from "../../src/report/_html.ts";

Deno.test("figures are as readers of the field have them", () => {
  assertEquals([0.08472, 0, 1, -0.01234].map(metricFigure), [".0847", ".0000", "1.0000", "-.0123"]);
  assertEquals([0.6, 0.042, -0.14, 0.00001, 0.0996].map(percentFigure), [
    "+60 %",
    "+4.2 %",
    "−14 %",
    "±0.0 %",
    "+10 %",
  ]);
  assertEquals([4.25, 61, 200, 7800, 7200].map(durationFigure), ["4.3 s", "61 s", "3 min", "2 h 10 min", "2 h"]);
  assertEquals([12345, 0.123456, 1234.56].map(plainFigure), ["12,345", "0.1235", "1235"]);
});

Deno.test("no probability is rounded over the mark of .05, nor down to nothing", () => {
  const plain = (p: number) => probabilityFigure(p).replaceAll("\u00a0", " ");
  assertEquals([0.25, 0.012, 0.00072, 0.00001, 0.0499999, 0.05].map(plain), [
    "= .250",
    "= .012",
    "= .0007",
    "< .0001",
    "= .0499",
    "= .050",
  ]);
  fc.assert(fc.property(fc.double({ min: 0.0001, max: 1, noNaN: true }), (p) => {
    const shown = Number(plain(p).slice(2));
    assertEquals(shown < 0.05, p < 0.05, `${p} is shown as ${shown}`);
    assert(Math.abs(shown - p) <= 5.1e-4);
  }));
});

Deno.test("html`` escapes whatever is not HTML already, in text and in attributes", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const { text: made } = html`${text}`;
    assert(!/[<>"']/.test(made));
    const read = made.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
    assertEquals(read, text.toWellFormed().replaceAll("\0", "\ufffd"));
  }));
  assertEquals(
    html`<b title="${'"'}">${[html`<i>`, "<", 3, null, undefined, false]}</b>`.text,
    '<b title="&#34;"><i>&#60;3</b>',
  );
  assertEquals(html`${trusted("<hr>")}`.text, "<hr>");
});
