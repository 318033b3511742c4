/** The environment of the simulated C-VENs, and the part of `sandbox.json` that they read. */
import { z } from 'zod';

export const Config = z.object({
  /** Where clas-cache gives credentials. */
  CLAS_URL: z.url(),
  /** Path of the CA of clas-cache and the cluster's NATS. */
  RINGFENCE_CA: z.string().default(''),
  RINGFENCE_PAIRING_KEY: z.string().min(1),
  /** Path of the simulated sandbox's `sandbox.json`. */
  RINGFENCE_SANDBOX: z.string().min(1),
  /** Seconds between two flow batches. */
  RINGFENCE_FLOW_INTERVAL_SECONDS: z.coerce.number().min(0.1).max(600).default(5),
});
export type Config = z.output<typeof Config>;

export const SandboxDescription = z.object({
  url: z.string(),
  token: z.string(),
  ca: z.string(),
  simulated: z.literal(true),
  nodes: z.array(z.object({ name: z.string(), address: z.string(), machineIdPath: z.string() })),
});
export type SandboxDescription = z.infer<typeof SandboxDescription>;
export type SimulatedNode = SandboxDescription['nodes'][number];
