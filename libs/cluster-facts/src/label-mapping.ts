/**
 * What the cluster's label map says of each workload: by the labels of its Pods, else of its namespace. Two things that Kubernetes
 * knows of a workload can be read like labels: the Service in front of it, and its own name. A Service says what all that is behind
 * it says, or else what its own labels do: so rules that name one mean both.
 */
import type { MappedLabel } from '@ringfence/contracts';
import { givenByAnnotation, mapLabels } from '@ringfence/labels';
import type { LabelMap } from '@ringfence/labels';
import type { LabelMapFacts } from './label-map.js';
import { CONTROLLER_KINDS } from './projections.js';
import type { ControllerFacts, NamespaceFacts, PodFacts, ServiceFacts } from './projections.js';

type Text = Readonly<Record<string, string>>;
/** A workload as far as the map looks at it. */
export interface Mappable {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Text;
  readonly annotations: Text;
}
type Controlled = ControllerFacts | PodFacts;
type ByNamespace<T> = Map<string, Map<string, T>>;

/** Name of the Service in front of a workload, the first by name. */
export const SERVICE_KEY = 'ringfence.io/service';
export const WORKLOAD_KEY = 'ringfence.io/workload';

/** Of a label. */
const LONGEST_VALUE = 255;

export class LabelMapping {
  private map: LabelMap = [];
  private readonly namespaces = new Map<string, Text>();
  private readonly services: ByNamespace<ServiceFacts> = new Map();
  /** What Services can select: topmost controllers, and Pods of none that we see. */
  private readonly selectable: ByNamespace<Mappable> = new Map();

  setMap(map: LabelMapFacts | undefined): void {
    this.map = map?.workloads ?? [];
  }

  /** Returns its name if the labels of those in it may be others now. */
  setNamespace(before: NamespaceFacts | undefined, now: NamespaceFacts | undefined): string | undefined {
    if (before !== undefined) this.namespaces.delete(before.name);
    if (now !== undefined) this.namespaces.set(now.name, now.labels);
    return isSame(before?.labels, now?.labels) ? undefined : (now ?? before)?.name;
  }

  /** Returns those whose labels may be others now. */
  setService(uid: string, before: ServiceFacts | undefined, now: ServiceFacts | undefined): string[] {
    put(this.services, uid, before, now);
    // With a map that comes later everything is looked at.
    if (this.map.length === 0 || isSame(before?.selector, now?.selector)) return [];
    const behind = [before, now].flatMap((service) => (service === undefined ? [] : this.behind(service)));
    return behind.flatMap(([workload, facts]) => [
      workload,
      ...this.inFrontOf(facts).map(([other]) => other),
    ]);
  }

  /** Returns the Services whose labels may be others now. */
  setWorkload(uid: string, before: Controlled | undefined, now: Controlled | undefined): string[] {
    const [was, is] = [before && selectableOf(before), now && selectableOf(now)];
    put(this.selectable, uid, before, is);
    if (this.map.length === 0 || isSame(was && seenOf(was), is && seenOf(is))) return [];
    return [was, is]
      .flatMap((one) => (one === undefined ? [] : this.inFrontOf(one)))
      .map(([service]) => service);
  }

  ofWorkload(workload: Mappable): MappedLabel[] {
    return this.mapped(
      workload,
      () =>
        this.inFrontOf(workload)
          .map(([, { name }]) => name)
          .sort()[0],
    );
  }

  ofService(service: ServiceFacts): MappedLabel[] {
    const behind = this.behind(service).map(([, workload]) => this.asked(workload));
    const own = this.mapped(service, () => service.name);
    return this.types().flatMap((key) => {
      const said = behind.map((labels) => labels.find((label) => label.key === key));
      const isOne = new Set(said.map((label) => label?.value)).size === 1;
      const [follows] = isOne ? said : [];
      return follows ? { ...follows, followed: true } : (own.find((label) => label.key === key) ?? []);
    });
  }

  private types(): string[] {
    return [...new Set(this.map.map(({ toKey }) => toKey))];
  }

  /** With annotations, which stand above the map. */
  private asked(workload: Mappable): MappedLabel[] {
    const mapped = this.ofWorkload(workload);
    return this.types().flatMap((key) => {
      const given = givenByAnnotation(key, workload.annotations);
      if (given === undefined) return mapped.find((label) => label.key === key) ?? [];
      // What can be no label is refused where it stands, and told of nobody else.
      if (given.value === '' || given.value.length > LONGEST_VALUE) return [];
      return { key, value: given.value, from: given.annotation, allowCreate: false };
    });
  }

  private mapped({ namespace, name, labels }: Mappable, service: () => string | undefined): MappedLabel[] {
    const ofNamespace = this.namespaces.get(namespace) ?? {};
    return mapLabels(this.map, (key) => {
      if (key === SERVICE_KEY) return service();
      if (key === WORKLOAD_KEY) return name;
      return labelOf(labels, key) ?? labelOf(ofNamespace, key);
    });
  }

  private behind({ namespace, selector }: ServiceFacts): [string, Mappable][] {
    const found: [string, Mappable][] = [];
    for (const entry of this.selectable.get(namespace) ?? [])
      if (selects(selector, entry[1].labels)) found.push(entry);
    return found;
  }

  private inFrontOf({ namespace, labels }: Mappable): [string, ServiceFacts][] {
    const found: [string, ServiceFacts][] = [];
    for (const entry of this.services.get(namespace) ?? [])
      if (selects(entry[1].selector, labels)) found.push(entry);
    return found;
  }
}

/** What a controller made stands for its maker; of one that we do not see, its Pods stand for it. */
function selectableOf(workload: Controlled): Mappable | undefined {
  const { controller } = workload;
  if (controller === null || controller.kind === 'Node') return workload;
  if (CONTROLLER_KINDS.includes(controller.kind)) return undefined;
  return 'node' in workload ? { ...workload, name: controller.name } : workload;
}

const labelOf = (labels: Text, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;

function selects(selector: Text, labels: Text): boolean {
  const wanted = Object.keys(selector);
  return wanted.length > 0 && wanted.every((key) => labelOf(labels, key) === selector[key]);
}

const seenOf = ({ name, labels, annotations }: Mappable) => ({ name, labels, annotations });

/** Both in one key order. */
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function put<T extends { readonly namespace: string }>(
  all: ByNamespace<T>,
  uid: string,
  before: { readonly namespace: string } | undefined,
  now: T | undefined,
): void {
  if (before !== undefined) {
    const there = all.get(before.namespace);
    if (there?.delete(uid) && there.size === 0) all.delete(before.namespace);
  }
  if (now === undefined) return;
  const here = all.get(now.namespace);
  if (here === undefined) all.set(now.namespace, new Map([[uid, now]]));
  else here.set(uid, now);
}
