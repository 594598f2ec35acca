import { bert4Rec } from "./bert4rec/bert4rec.ts";
import type { ModelDefinition } from "./define_model.ts";
import { gru4Rec } from "./gru4rec/gru4rec.ts";
import { mfBpr } from "./mf_bpr/mf_bpr.ts";
import { sasRec } from "./sasrec/sasrec.ts";
import { stosa } from "./stosa/stosa.ts";

/** All models of this package, by which `--model` and model files name them. */
export const MODELS: readonly ModelDefinition[] = [mfBpr, sasRec, gru4Rec, bert4Rec, stosa];
