import { assert, assertEquals } from "@std/assert";
import { type Progress, progressLine } from "../../tasks/cli/progress_report.ts";

const start: Progress = { label: "sevo-adamw seed 1", epoch: 0, epochs: 50, metric: "ndcg@10" };
const underWay: Progress = { ...start, epoch: 12, loss: 0.69314, valid: 0.03125, left: 200_000 };

Deno.test("progressLine() says nothing of what is not known before the first epoch", () => {
  assertEquals(progressLine(start, 41), "sevo-adamw seed 1 [----------] epoch 0/50");
  assertEquals(
    progressLine({ ...start, valid: 0.0021 }, 60),
    "sevo-adamw seed 1 [-------] epoch 0/50  valid NDCG@10 0.0021",
  );
});

for (
  const [columns, line] of [
    [5, "epoch"],
    [20, "[#-----] epoch 12/50"],
    [28, "epoch 12/50  3 min 20 s left"],
    [40, "[##-------] epoch 12/50  3 min 20 s left"],
    [46, "sevo-adamw seed 1 epoch 12/50  3 min 20 s left"],
    [60, "sevo-adamw seed 1 [##---------] epoch 12/50  3 min 20 s left"],
    [80, "sevo-adamw seed 1 [##-------] epoch 12/50  valid NDCG@10 0.0313  3 min 20 s left"],
    [90, "sevo-adamw seed 1 [#-----] epoch 12/50  loss 0.6931  valid NDCG@10 0.0313  3 min 20 s left"],
    [
      200,
      "sevo-adamw seed 1 [#######-----------------------] epoch 12/50  loss 0.6931  valid NDCG@10 0.0313  3 min 20 s left",
    ],
  ] as const
) {
  Deno.test(`progressLine() has what matters most in ${columns} columns`, () => {
    assertEquals(progressLine(underWay, columns), line);
  });
}

Deno.test("progressLine() is never longer than the terminal is wide, and never says NaN or ?", () => {
  for (const label of ["adam seed 1", "sevo-adamw seed 1", "a label that is longer than many a terminal is wide"]) {
    for (const epochs of [1, 50, 100_000]) {
      for (const epoch of new Set([0, 1, Math.floor(epochs / 2), epochs])) {
        for (const known of [{}, { valid: 0.5 }, { loss: 12.5, left: 0 }, { loss: 0.1, valid: 0.25, left: 9e7 }]) {
          for (const columns of [0, 1, 20, 40, 79, 80, 200]) {
            const line = progressLine({ label, epochs, epoch, metric: "ndcg@10", ...known }, columns);
            assert(line.length <= columns, `${columns}: ${line}`);
            assert(!/NaN|\?|undefined|Infinity/.test(line), line);
          }
        }
      }
    }
  }
});
