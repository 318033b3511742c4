/**
 * One node's view as clas-cache told it, and what it means for a Pod. Deltas are applied in order or refused; where
 * something is not known yet the answer is a C-VEN's: closed in a managed namespace in full, else nothing is enforced.
 */
import type { EnforcementMode, NodeView, Unit } from '@ringfence/contracts';
import { endpointUnit, OWN_HOST } from '@ringfence/firewall';
import { GroupMembers } from '@ringfence/policy-engine';
import type { PeerLookup } from '@ringfence/policy-engine';
import type { EnforcedEnd } from './judge.js';

export type ApplyOutcome = 'applied' | 'old' | 'gap';

export interface InForce {
  readonly revision: number;
  readonly policyVersion: number;
}

const CLOSED: Unit = {
  labelSet: { id: '', cluster: '', namespace: null, class: 'pod', labels: [] },
  mode: 'full',
  ingress: [],
  egress: [],
};

export class NodePolicy {
  private current: InForce | undefined;
  private units = new Map<string, Unit>();
  private members = new GroupMembers();
  private namespaces = new Map<string, EnforcementMode>();
  private readonly hostAddresses: ReadonlySet<string>;
  private readonly lookup: PeerLookup = {
    contains: (group, address, hostAddresses) =>
      group === OWN_HOST ? hostAddresses.has(address) : this.members.contains(group, address, hostAddresses),
  };

  constructor(hostAddresses: readonly string[]) {
    this.hostAddresses = new Set(hostAddresses);
  }

  get inForce(): InForce | undefined {
    return this.current;
  }

  apply(view: NodeView): ApplyOutcome {
    if (view.base === null) this.clear();
    else if (this.current === undefined || view.base > this.current.revision) return 'gap';
    else if (view.revision <= this.current.revision) return 'old';
    else if (view.base < this.current.revision) return 'gap';
    this.take(view);
    return 'applied';
  }

  clear(): void {
    this.current = undefined;
    this.units = new Map();
    this.members = new GroupMembers();
    this.namespaces = new Map();
  }

  /** The Pod's own rules are known, so they are in force. */
  isEnforced(podUid: string): boolean {
    const endpoint = this.members.endpoint(podUid);
    return endpoint !== undefined && this.units.has(endpoint.labelSet);
  }

  /** Null: nothing is enforced at this Pod. */
  endOf(pod: { readonly uid: string; readonly namespace: string }): EnforcedEnd | null {
    const endpoint = this.members.endpoint(pod.uid);
    const unit = endpoint && this.units.get(endpoint.labelSet);
    if (endpoint === undefined || unit === undefined) {
      const isClosed = this.namespaces.get(pod.namespace) === 'full' || endpoint?.mode === 'full';
      return isClosed ? this.end(CLOSED, 'full') : null;
    }
    const details = { workload: endpoint.workload, probePorts: endpoint.pod?.probePorts ?? [] };
    return this.end(endpointUnit(unit, details), endpoint.mode ?? unit.mode);
  }

  private end(unit: Unit, mode: EnforcementMode): EnforcedEnd | null {
    const { lookup: members, hostAddresses } = this;
    return mode === 'idle' ? null : { unit, mode, members, hostAddresses };
  }

  /** Removals last, so that a moved address never belongs to nobody in between. */
  private take({ revision, policyVersion, groups, endpoints, units, namespaces }: NodeView): void {
    this.current = { revision, policyVersion };
    for (const group of groups.upsert) this.members.upsertGroup(group);
    for (const endpoint of endpoints.upsert) this.members.upsertEndpoint(endpoint);
    for (const unit of units.upsert) this.units.set(unit.labelSet.id, unit);
    for (const id of units.remove) this.units.delete(id);
    for (const id of endpoints.remove) this.members.removeEndpoint(id);
    for (const id of groups.remove) this.members.removeGroup(id);
    // Nobody asks for changes of membership here; forgetting them keeps them from piling up.
    this.members.takeChanges();
    if (namespaces !== undefined) this.namespaces = new Map(namespaces.map(({ name, mode }) => [name, mode]));
  }
}
