/**
 * Pods as the container runtime knows them. Three sources, earliest first: containerd's event that a sandbox's container
 * record was made (its network is set up, nothing runs in it yet), the runtime interface's list, and the same list again on
 * an interval as the net below both. A runtime without containerd's events has only the lists: then a Pod is seen up
 * to one interval late.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { decode, loadProto, openStub } from './grpc-stub.js';
import type { GrpcStub } from './grpc-stub.js';
import { isSandboxRecord, sandboxOfRecord, sandboxOfStatus } from './sandbox-record.js';
import type { ContainerRecord, FoundSandbox, SandboxStatus } from './sandbox-record.js';

export interface PodRuntimeOptions {
  readonly socket: string;
  /** Told again when its addresses are known: the record is made before the network is set up. */
  readonly onAppear: (sandbox: FoundSandbox) => void;
  readonly onGone: (id: string) => void;
  /** The runtime answers (again), or why it does not. */
  readonly onState: (state: true | string) => void;
  readonly onError: (error: unknown) => void;
}

const RELIST_WITH_EVENTS_MS = 10_000;
const RELIST_ALONE_MS = 1_000;
const RETRY_MS = 1_000;
const STATUS_IN_FLIGHT = 8;
const LOOK_RETRY_MS = 2;
const LOOK_ATTEMPTS = 1_000;
const ADDRESS_RETRY_MS = 5;
const ADDRESS_ATTEMPTS = 400;
const CREATED = '/containers/create';
const STARTED = '/tasks/start';
const EXITED = '/tasks/exit';
const DELETED = '/containers/delete';
const KUBERNETES = 'k8s.io';

interface Envelope {
  readonly namespace: string;
  readonly topic: string;
  readonly event: { readonly value: Buffer } | null;
}

export class PodRuntimeClient {
  private readonly known = new Map<string, FoundSandbox>();
  private readonly containerd = loadProto('containerd.proto');
  private readonly cri: GrpcStub;
  private readonly events: GrpcStub;
  private readonly containers: GrpcStub;
  private stream: ClientReadableStream<unknown> | undefined;
  private hasEvents = false;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly options: PodRuntimeOptions) {
    const { socket } = options;
    const metadata = { 'containerd-namespace': KUBERNETES };
    const containerd = (name: string, wireName: string): GrpcStub =>
      openStub({
        socket,
        definition: this.containerd,
        service: `ringfence.containerd.${name}`,
        wireName,
        metadata,
      });
    this.cri = openStub({
      socket,
      definition: loadProto('runtime-v1.proto'),
      service: 'runtime.v1.RuntimeService',
    });
    this.events = containerd('Events', 'containerd.services.events.v1.Events');
    this.containers = containerd('Containers', 'containerd.services.containers.v1.Containers');
  }

  start(): void {
    this.subscribe();
    this.relist();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.stream?.cancel();
    for (const stub of [this.cri, this.events, this.containers]) stub.close();
  }

  private subscribe(): void {
    if (this.closed) return;
    const filters = [CREATED, STARTED, EXITED, DELETED].map(
      (topic) => `namespace==${KUBERNETES},topic=="${topic}"`,
    );
    const stream = this.events.stream('Subscribe', { filters });
    this.stream = stream;
    stream.on('metadata', () => {
      this.hasEvents = true;
    });
    stream.on('data', (envelope) => this.takeEvent(envelope as Envelope));
    stream.on('error', () => undefined);
    stream.on('close', () => {
      this.hasEvents = false;
      if (!this.closed) setTimeout(() => this.subscribe(), RETRY_MS).unref();
    });
  }

  private takeEvent({ topic, event }: Envelope): void {
    if (event === null) return;
    const { container_id: id } = decode<{ container_id: string }>(
      this.containerd,
      'ringfence.containerd.ContainerEvent',
      event.value,
    );
    if (topic === CREATED) return void this.look(id).catch(this.options.onError);
    if (topic === STARTED) return void this.completeAddresses(id).catch(this.options.onError);
    if (topic === DELETED) return this.gone(id);
    const exit = decode<{ container_id: string; id: string }>(
      this.containerd,
      'ringfence.containerd.TaskExit',
      event.value,
    );
    // A process that was only run inside the container ends with an id of its own.
    if (exit.id === id || exit.id === '') this.gone(id);
  }

  /** The record comes first, its network namespace a moment later: looked at again until both are there. */
  private async look(id: string): Promise<void> {
    for (let attempt = 0; attempt < LOOK_ATTEMPTS && !this.closed; attempt += 1) {
      const { container } = await this.containers.call<{ container: ContainerRecord | null }>('Get', { id });
      if (container === null || !isSandboxRecord(container)) return;
      const sandbox = sandboxOfRecord(container);
      if (sandbox !== undefined) return this.appear(sandbox);
      await sleep(LOOK_RETRY_MS);
    }
  }

  /** The runtime interface knows a sandbox only when it is whole: a few milliseconds after its task has started. */
  private async completeAddresses(id: string): Promise<void> {
    for (let attempt = 0; attempt < ADDRESS_ATTEMPTS; attempt += 1) {
      const known = this.known.get(id);
      if (known === undefined || known.netns === null || known.addresses.length > 0) return;
      await this.status(id, () => undefined);
      await sleep(ADDRESS_RETRY_MS);
    }
  }

  private relist(): void {
    if (this.closed) return;
    void this.list()
      .then(
        () => this.options.onState(true),
        (error: unknown) =>
          this.options.onState(
            `the container runtime does not answer: ${error instanceof Error ? error.message : String(error)}`,
          ),
      )
      .finally(() => {
        if (this.closed) return;
        this.timer = setTimeout(
          () => this.relist(),
          this.hasEvents ? RELIST_WITH_EVENTS_MS : RELIST_ALONE_MS,
        );
      });
  }

  private async list(): Promise<void> {
    const before = new Set(this.known.keys());
    const { items } = await this.cri.call<{ items: { id: string }[] }>('ListPodSandbox', {
      filter: { state: { state: 'SANDBOX_READY' } },
    });
    const listed = new Set(items.map(({ id }) => id));
    // Those that an event brought after the list was asked for are in neither.
    for (const id of before) if (!listed.has(id)) this.gone(id);
    const unknown = items.filter(({ id }) => !this.isWhole(id));
    for (let i = 0; i < unknown.length; i += STATUS_IN_FLIGHT) {
      await Promise.all(unknown.slice(i, i + STATUS_IN_FLIGHT).map(({ id }) => this.status(id)));
    }
  }

  private async status(id: string, onError = this.options.onError): Promise<void> {
    try {
      const sandbox = sandboxOfStatus(
        await this.cri.call<SandboxStatus>('PodSandboxStatus', { pod_sandbox_id: id, verbose: true }),
      );
      if (sandbox !== undefined) this.appear(sandbox);
    } catch (error) {
      onError(error); // Gone between list and question, or half made: the next list tells.
    }
  }

  private appear(sandbox: FoundSandbox): void {
    if (this.isWhole(sandbox.id)) return;
    this.known.set(sandbox.id, sandbox);
    this.options.onAppear(sandbox);
  }

  private isWhole(id: string): boolean {
    const known = this.known.get(id);
    return known !== undefined && (known.netns === null || known.addresses.length > 0);
  }

  private gone(id: string): void {
    if (this.known.delete(id)) this.options.onGone(id);
  }
}
