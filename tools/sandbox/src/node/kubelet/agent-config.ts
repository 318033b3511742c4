/**
 * What the sandbox tells the agent of one node when it starts it (over the process channel, so that the token is in no argument
 * list), and what the agent tells back.
 */
import type { KubeAccess } from '../kube/kube.client.js';

export interface AgentConfig {
  kube: KubeAccess;
  nodeName: string;
  nodeAddress: string;
  podCidr: string;
  podNetwork: string;
  machineId: string;
  containerdSocket: string;
  /** Below it: one folder per Pod with the containers' logs. */
  logFolder: string;
  /** Any path below the run folder: an argument by which clean-up recognises the agent's children. */
  runFolder: string;
  cgroup: string;
  image: string;
  nameServer: string;
  isOverlay: boolean;
}

export type AgentMessage = { kind: 'ready' } | { kind: 'log'; line: string };

/** Annotations on a Pod by which tests and the sandbox's own Pods steer what the node makes of it. */
export const sandboxAnnotations = {
  /** "dns": the cluster's name server runs in this Pod's network namespace. */
  program: 'sandbox/program',
  /** Kinds of probes that fail whatever the container answers: "readiness", "liveness", "startup" or "all". */
  failProbes: 'sandbox/fail-probes',
  /** The containers end by themselves after so many milliseconds … */
  exitAfterMs: 'sandbox/exit-after-ms',
  /** … with this code (default 0). */
  exitCode: 'sandbox/exit-code',
  /** Whom the first container calls beside what is found: "api:8080 dns:53/udp". */
  calls: 'sandbox/calls',
} as const;
