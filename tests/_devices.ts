export const webgpuAvailable: boolean = false;
