/**
 * What a Pod calls, guessed by the sandbox's own rules from what its containers are told: the same guess by which a real
 * sandbox's stub calls. Pure; config maps and secrets are fetched beforehand.
 */
import { callTargets, containerEnvironment, expandReferences } from '@ringfence/sandbox';
import type { CallTarget, ContainerSpec, EnvironmentSources, Pod } from '@ringfence/sandbox';

export interface CallPlan {
  /** By init containers, at the start. */
  readonly once: readonly CallTarget[];
  /** Again and again, as long as the Pod runs. */
  readonly regularly: readonly CallTarget[];
}

/** Throws when the Pod refers to something that does not exist. */
export function callPlan(pod: Pod, sources: EnvironmentSources): CallPlan {
  const ownAddresses = [sources.podAddress, pod.metadata.name];
  const targetsOf = (container: ContainerSpec): CallTarget[] => {
    const { declared, injected } = containerEnvironment(pod, container, sources);
    const texts = [...(container.command ?? []), ...(container.args ?? [])].map((text) =>
      expandReferences(text, { ...injected, ...declared }),
    );
    return callTargets({ environment: declared, texts, ownAddresses });
  };
  const inits = pod.spec.initContainers ?? [];
  const sidecars = inits.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return {
    once: inits.filter(({ restartPolicy }) => restartPolicy !== 'Always').flatMap(targetsOf),
    regularly: [...sidecars, ...pod.spec.containers].flatMap(targetsOf),
  };
}
