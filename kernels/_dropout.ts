/** Scalars of kernels that draw masks, where nothing is dropped. */
export const NO_DROPOUT = { seed: 0, step: 0, site: 0, threshold: 0, scale: 1 } as const;
