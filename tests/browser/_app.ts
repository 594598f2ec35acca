/**
 * An application as a user would write it: it imports the package by its names, and knows nothing of where it runs. The
 * tests bundle it, and call it in a page, in Node and in Deno.
 *
 * @module
 */
import { type DeviceKind, openDevice } from "@sevo/sevo";
import { encodeModel, sasRec } from "@sevo/sevo/models";
import { Recommender } from "@sevo/sevo/recommend";
import { generatedDataset, train } from "@sevo/sevo/training";
import { goldenCase } from "../_golden.ts";
import { goldenSteps } from "../_golden_steps.ts";

/** What came out, in a form that any host can hand over. */
export interface Outcome {
  /** The device. */
  readonly description: string;
  /** Values of float32, as they are. */
  readonly values: readonly number[];
}

/** The tables of a golden file, after each of its steps. */
async function golden(kind: DeviceKind, threads: number, name: string, bytes: Uint8Array): Promise<Outcome> {
  await using device = await openDevice(kind, { threads });
  const values: number[] = [];
  for await (const tables of goldenSteps(device, goldenCase(name, bytes))) {
    for (const table of Object.values(tables)) values.push(...table);
  }
  return { description: device.description, values };
}

/** Trains a model and recommends with it: the scores of lists, after the lists. */
async function trained(kind: DeviceKind, threads: number): Promise<Outcome> {
  await using device = await openDevice(kind, { threads });
  const dataset = generatedDataset({ users: 60, items: 40 });
  const { model, settings, weights } = await train(device, dataset, sasRec, {
    dimension: 16,
    maxLength: 8,
    epochs: 2,
    batch: 32,
    optimizer: "sevo-adamw",
  });
  using recommender = Recommender.load(device, encodeModel(model, settings, weights, dataset));
  const histories = [["item-1", "item-7"], ["item-3"]];
  const lists = (await recommender.recommend({ histories }, { count: 5 })).flat();
  const values = [...lists.map(({ item }) => dataset.items.indexOf(item)), ...lists.map(({ score }) => score)];
  return { description: device.description, values };
}

/** What the tests call. */
export const app = { golden, trained };

Object.assign(globalThis, { app });
