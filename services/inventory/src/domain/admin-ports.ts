/**
 * By which ports, and from where, administrators reach a node: what people say over REST takes the place of the agent's setting.
 * Nothing else that a node lets through by itself can be changed, so that no change cuts a node off from its cluster.
 */
import type { AdminPort, HostConnection, NodeEssential } from '@ringfence/contracts';
import { intervalToCidrs, parseCidr } from '@ringfence/policy-engine';

const ESSENTIAL = 'essential/admin';

/** In one form; or in words what is wrong. */
export function canonicalAdminPorts(ports: readonly AdminPort[]): AdminPort[] | string {
  if (new Set(ports.map(({ port }) => port)).size < ports.length) return 'each port once';
  const wrong = ports.flatMap(({ cidrs }) => cidrs ?? []).find((cidr) => parseCidr(cidr) === null);
  if (wrong !== undefined) return `"${wrong}" is no CIDR`;
  return ports.map(({ port, cidrs }) => ({ port, cidrs: cidrs && cidrs.flatMap(canonical).sort() }));
}

/** For people: the connections that full mode would end. */
export function endedByFull(connections: readonly HostConnection[]): string[] {
  if (connections.length === 0) return [];
  const named = connections.map(({ peer, port }) => `${peer} → ${String(port)}/tcp`).join(', ');
  return [`full mode would end what stands now and no rule allows: ${named}`];
}

/** For people: who is let in now, as the agent told, and would not be any more. */
export function shutOut(told: readonly NodeEssential[], ports: readonly AdminPort[]): string[] {
  return told
    .filter(({ ref }) => ref === ESSENTIAL)
    .flatMap(({ ports: [range], cidrs, groups }) => {
      const port = range?.from ?? 0;
      const entry = ports.find((each) => each.port === port);
      // Networks of the node's links and the other nodes are one word for the agent.
      const isNearby = groups.length > 0;
      if (entry?.cidrs === null && isNearby) return [];
      const open = entry?.cidrs ?? [];
      const closed = cidrs.filter((cidr) => !open.some((wider) => contains(wider, cidr)));
      const who = [...(isNearby ? ['nodes of the cluster'] : []), ...closed];
      return who.length === 0
        ? []
        : [`administrators would not be let in any more on ${String(port)}/tcp from ${who.join(', ')}`];
    });
}

function canonical(cidr: string): string[] {
  const interval = parseCidr(cidr);
  return interval === null ? [] : intervalToCidrs(interval);
}

function contains(wider: string, cidr: string): boolean {
  const [outer, inner] = [parseCidr(wider), parseCidr(cidr)];
  if (outer === null || inner === null || outer.version !== inner.version) return false;
  return outer.first <= inner.first && inner.last <= outer.last;
}
