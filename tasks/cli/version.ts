import project from "../../deno.json" with { type: "json" };

/** Version of this package. */
export const VERSION: string = project.version;
