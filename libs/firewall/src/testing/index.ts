export { naiveKernel } from './naive-kernel.js';
export type { NaivePacket } from './naive-kernel.js';
