/**
 * Addresses of reported flows → who they are: workload, labels, mode, Service. The reporter's own end is known by the
 * report itself; the other end by the address, as it is owned now or was owned a moment ago.
 */
import type { Address, DecoratedFlowBatch, FlowBatch, FlowEnd } from '@ringfence/contracts';

export interface Identity {
  readonly workload: string | null;
  readonly kind: string | null;
  readonly name: string | null;
  readonly namespace: string | null;
  readonly labels: readonly string[];
  readonly mode: FlowEnd['mode'];
  readonly managed: boolean;
}
export interface ServiceTarget {
  readonly address: Address;
  readonly port: number;
}
export interface ServiceAt {
  readonly namespace: string;
  readonly name: string;
  /** Backends of one of its ports. */
  targets(proto: number, port: number): readonly ServiceTarget[];
}

/** The address book of flows. */
export interface Identities {
  /** Of a reporter: a Pod's uid, or a node's name. */
  byReporter(id: string): Identity | undefined;
  byAddress(address: Address): Identity | undefined;
  serviceAt(address: Address): ServiceAt | undefined;
}

type ReportedFlow = FlowBatch['reporters'][number]['flows'][number];

const NOBODY: Identity = {
  workload: null,
  kind: null,
  name: null,
  namespace: null,
  labels: [],
  mode: null,
  managed: false,
};

export function decorate(batch: FlowBatch, cluster: string, identities: Identities): DecoratedFlowBatch {
  const ends = new EndDictionary(identities);
  const flows = batch.reporters.flatMap((reporter) => {
    const known = identities.byReporter(reporter.id);
    const own = known && { ...known, mode: reporter.mode };
    return reporter.flows.map((flow) => decorateFlow(flow, reporter.id, own, ends));
  });
  const { reporters: _, ...head } = batch;
  return { ...head, cluster, ends: ends.list, flows };
}

function decorateFlow(
  flow: ReportedFlow,
  reporter: string,
  own: Identity | undefined,
  ends: EndDictionary,
): DecoratedFlowBatch['flows'][number] {
  const { src, dst, ...numbers } = flow;
  const isSource = flow.direction === 'outbound';
  const source = isSource ? ends.ownEnd(src, reporter, own) : ends.end(src);
  const destination = isSource ? ends.end(dst) : ends.ownEnd(dst, reporter, own);
  const target = isSource ? ends.target(dst, flow.proto, flow.port) : null;
  return {
    ...numbers,
    src: source,
    dst: destination,
    target: target?.end ?? destination,
    targetPort: target?.port ?? flow.port,
  };
}

class EndDictionary {
  readonly list: FlowEnd[] = [];
  readonly #places = new Map<string, number>();

  constructor(private readonly identities: Identities) {}

  end(address: Address): number {
    return this.#place(`a ${address}`, () => this.#describe(address, this.identities.byAddress(address)));
  }

  ownEnd(address: Address, reporter: string, identity: Identity | undefined): number {
    if (identity === undefined) return this.end(address);
    return this.#place(`r ${reporter} ${address}`, () => this.#describe(address, identity));
  }

  /** The workload behind a ClusterIP, where all that could answer are of one workload and listen on one port. */
  target(address: Address, proto: number, port: number): { end: number; port: number } | null {
    const targets = this.identities.serviceAt(address)?.targets(proto, port) ?? [];
    const [first] = targets;
    if (first === undefined || targets.some((other) => other.port !== first.port)) return null;
    const workload = this.identities.byAddress(first.address)?.workload ?? null;
    const agree = targets.every(
      (other) => (this.identities.byAddress(other.address)?.workload ?? null) === workload,
    );
    if (!agree || (workload === null && targets.length > 1)) return null;
    return { end: this.end(first.address), port: first.port };
  }

  #place(key: string, describe: () => FlowEnd): number {
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.list.push(describe()) - 1;
      this.#places.set(key, place);
    }
    return place;
  }

  #describe(address: Address, identity: Identity = NOBODY): FlowEnd {
    const service = this.identities.serviceAt(address);
    return {
      address,
      ...identity,
      labels: [...identity.labels],
      service: service === undefined ? null : { namespace: service.namespace, name: service.name },
    };
  }
}
