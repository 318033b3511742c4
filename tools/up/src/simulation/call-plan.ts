/**
 * What a Pod calls, guessed by the sandbox's own rules from what its containers are told: the same guess by which a real
 * sandbox's stub calls. Pure; config maps and secrets are fetched beforehand.
 */
import { containerCalls } from '@ringfence/sandbox';
import type { CallTarget, ContainerSpec, EnvironmentSources, Pod } from '@ringfence/sandbox';

export interface CallPlan {
  /** By init containers, at the start. */
  readonly once: readonly CallTarget[];
  /** Again and again, as long as the Pod runs. */
  readonly regularly: readonly CallTarget[];
}

/** Throws when the Pod refers to something that does not exist. */
export function callPlan(pod: Pod, sources: EnvironmentSources): CallPlan {
  const targetsOf = (container: ContainerSpec): CallTarget[] => containerCalls(pod, container, sources);
  const inits = pod.spec.initContainers ?? [];
  const sidecars = inits.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return {
    once: inits.filter(({ restartPolicy }) => restartPolicy !== 'Always').flatMap(targetsOf),
    regularly: [...sidecars, ...pod.spec.containers].flatMap(targetsOf),
  };
}
