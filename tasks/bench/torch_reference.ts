import models from "../../tests/reference/models_torch.py" with { type: "text" };
import sevo from "../../tests/reference/sevo_torch.py" with { type: "text" };
import trainer from "../../tests/reference/train_torch.py" with { type: "text" };

/**
 * Writes the PyTorch reference into a folder, where Python finds it: a package from a registry has no files.
 *
 * @param folder The folder.
 */
export async function writeReference(folder: string): Promise<void> {
  const sources = { "models_torch.py": models, "sevo_torch.py": sevo, "train_torch.py": trainer };
  for (const [name, source] of Object.entries(sources)) await Deno.writeTextFile(`${folder}/${name}`, source);
}
