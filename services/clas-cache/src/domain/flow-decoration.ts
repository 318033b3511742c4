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
  /** What it is itself in policy; undefined: nothing, its namespace is not managed. */
  readonly identity: Identity | undefined;
  /** Backends of one of its ports. */
  targets(proto: number, port: number): readonly ServiceTarget[];
  /** Where the backends of that port listen; the port itself where nothing is known of it. */
  targetPort(proto: number, port: number): number;
}

/** The address book of flows. */
export interface Identities {
  /** Of a reporter: a Pod's uid, or a node's name. */
  byReporter(id: string): Identity | undefined;
  /** The node that the reporter lives, or lately lived, on; undefined: nobody has ever told of it. */
  nodeOfReporter(id: string): string | null | undefined;
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

export interface Decorated {
  readonly batch: DecoratedFlowBatch;
  /** Flows of reporters that do not live on the batch's node: another node's Pod is not its to report for. */
  readonly foreign: { readonly flows: number; readonly reporter: string | null };
}

/**
 * A reporter that nobody has ever told of (its Pod came and went while we were away) reports for a mere address: whose it
 * is now says nothing of whose it was, and a node must not choose whom it speaks for.
 */
export function decorate(batch: FlowBatch, cluster: string, identities: Identities): Decorated {
  const ends = new EndDictionary(identities);
  const { reporters, ...head } = batch;
  const lives = ({ id }: FlowBatch['reporters'][number]): boolean =>
    (identities.nodeOfReporter(id) ?? batch.node) === batch.node;
  const flows = reporters.filter(lives).flatMap((reporter) => {
    const known = identities.byReporter(reporter.id);
    const own = known === undefined ? NOBODY : { ...known, mode: reporter.mode };
    return reporter.flows.map((flow) => decorateFlow(flow, reporter.id, own, ends));
  });
  const others = reporters.filter((reporter) => !lives(reporter));
  return {
    batch: { ...head, cluster, ends: ends.list, flows },
    foreign: {
      flows: others.reduce((sum, reporter) => sum + reporter.flows.length, 0),
      reporter: others[0]?.id ?? null,
    },
  };
}

function decorateFlow(
  flow: ReportedFlow,
  reporter: string,
  own: Identity,
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
  private readonly places = new Map<string, number>();

  constructor(private readonly identities: Identities) {}

  end(address: Address): number {
    return this.place(`a ${address}`, () => this.describe(address, this.identities.byAddress(address)));
  }

  ownEnd(address: Address, reporter: string, identity: Identity): number {
    return this.place(`r ${reporter} ${address}`, () => this.describe(address, identity));
  }

  /**
   * The workload behind a ClusterIP, where all that could answer are of one workload and listen on one port. The Service itself
   * where they are of several, or where nobody answers yet: then its labels say who would.
   */
  target(address: Address, proto: number, port: number): { end: number; port: number } | null {
    const service = this.identities.serviceAt(address);
    if (service === undefined) return null;
    const targets = service.targets(proto, port);
    const [first] = targets;
    return first !== undefined && this.isOne(targets)
      ? { end: this.end(first.address), port: first.port }
      : { end: this.end(address), port: service.targetPort(proto, port) };
  }

  private isOne([first, ...others]: readonly ServiceTarget[]): boolean {
    if (first === undefined || others.some(({ port }) => port !== first.port)) return false;
    const of = ({ address }: ServiceTarget): string | null =>
      this.identities.byAddress(address)?.workload ?? null;
    const workload = of(first);
    return others.length === 0 || (workload !== null && others.every((other) => of(other) === workload));
  }

  private place(key: string, describe: () => FlowEnd): number {
    let place = this.places.get(key);
    if (place === undefined) {
      place = this.list.push(describe()) - 1;
      this.places.set(key, place);
    }
    return place;
  }

  private describe(address: Address, known?: Identity): FlowEnd {
    const service = this.identities.serviceAt(address);
    const identity = known ?? service?.identity ?? NOBODY;
    return {
      address,
      ...identity,
      labels: [...identity.labels],
      service: service === undefined ? null : { namespace: service.namespace, name: service.name },
    };
  }
}
