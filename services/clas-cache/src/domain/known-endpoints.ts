/** The cluster's endpoints, each with what follows from it for every node that may be told of it, worked out once. */
import type { Endpoint } from '@ringfence/contracts';
import { addTo, removeFrom } from '@ringfence/labels';
import type { SmallSet } from '@ringfence/labels';
import type { ViewChanges } from './cluster-view.calculator.js';
import { interestKeys } from './interest.js';

export interface KnownEndpoint {
  readonly endpoint: Endpoint;
  /** Of another node's Pod only the address matters; in a large cluster the rest would be most of the message. */
  readonly asPeer: Endpoint;
  /** What nodes ask for it by. */
  readonly keys: readonly string[];
}

export interface EndpointChanges {
  readonly endpoints: ReadonlySet<string>;
  /** Those of them that a node has or had. */
  readonly endpointsOf: ReadonlyMap<string, readonly string[]>;
}

export class KnownEndpoints {
  private readonly known = new Map<string, KnownEndpoint>();
  private readonly byKey = new Map<string, SmallSet<string>>();

  get(id: string): KnownEndpoint | undefined {
    return this.known.get(id);
  }

  *all(): Generator<Endpoint> {
    for (const { endpoint } of this.known.values()) yield endpoint;
  }

  /** Those that are asked for by this key. */
  by(key: string): Iterable<string> {
    return this.byKey.get(key) ?? NONE;
  }

  of(node: string): string[] {
    return [...this.all()].filter((endpoint) => endpoint.node === node).map(({ id }) => id);
  }

  take({ upsert, remove }: ViewChanges['endpoints']): EndpointChanges {
    const endpointsOf = new Map<string, string[]>();
    for (const id of remove) {
      note(endpointsOf, this.unindex(id));
      this.known.delete(id);
    }
    for (const endpoint of upsert) {
      if (this.known.get(endpoint.id)?.endpoint === endpoint) continue;
      note(endpointsOf, this.unindex(endpoint.id));
      this.set(endpoint);
      note(endpointsOf, endpoint);
    }
    return { endpoints: new Set([...upsert.map(({ id }) => id), ...remove]), endpointsOf };
  }

  /** Returns what it was. */
  private unindex(id: string): Endpoint | undefined {
    const known = this.known.get(id);
    for (const key of known?.keys ?? NONE) removeFrom(this.byKey, key, id);
    return known?.endpoint;
  }

  private set(endpoint: Endpoint): void {
    const keys = interestKeys(endpoint);
    this.known.set(endpoint.id, { endpoint, asPeer: asPeer(endpoint), keys });
    for (const key of keys) addTo(this.byKey, key, endpoint.id);
  }
}

const NONE: readonly string[] = [];

function asPeer(endpoint: Endpoint): Endpoint {
  if (endpoint.pod === undefined) return endpoint;
  const { pod: _, ...peer } = endpoint;
  return peer;
}

function note(endpointsOf: Map<string, string[]>, endpoint: Endpoint | undefined): void {
  if (endpoint === undefined || endpoint.node === null) return;
  const ids = endpointsOf.get(endpoint.node);
  if (ids === undefined) endpointsOf.set(endpoint.node, [endpoint.id]);
  else ids.push(endpoint.id);
}
