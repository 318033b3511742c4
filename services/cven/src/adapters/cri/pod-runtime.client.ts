/**
 * Pods as the container runtime knows them. Three sources, earliest first: containerd's event that a sandbox's container
 * record was made (nothing runs in it yet), the runtime interface's list, and the same list again on an interval as the
 * net below both. A list shows what exists; what it does not show is asked about one by one, since a sandbox that is being
 * made is in no list. A runtime without containerd's events has only the lists: then a Pod is seen up to one interval late.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { decode, loadProto, openStub } from '@ringfence/cri';
import type { GrpcStub } from '@ringfence/cri';
import { SandboxBook } from './sandbox-book.js';
import { isReady, isSandboxRecord, sandboxOfRecord, sandboxOfStatus } from './sandbox-record.js';
import type { ContainerRecord, FoundSandbox, SandboxStatus } from './sandbox-record.js';

export interface PodRuntimeOptions {
  readonly socket: string;
  /** Told again when its addresses are known: the record is made before the network is set up. */
  readonly onAppear: (sandbox: FoundSandbox) => void;
  readonly onGone: (id: string) => void;
  /** The runtime answers (again), or why it does not. */
  readonly onState: (state: true | string) => void;
  readonly onError: (error: unknown) => void;
  /** While events come, too. */
  readonly relistMs?: number;
}

const RELIST_WITH_EVENTS_MS = 10_000;
const RELIST_ALONE_MS = 1_000;
const RETRY_MS = 1_000;
const IN_FLIGHT = 8;
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
  private readonly book = new SandboxBook();
  private readonly containerd = loadProto('containerd.proto');
  private readonly cri: GrpcStub;
  private readonly events: GrpcStub;
  private readonly containers: GrpcStub;
  private stream: ClientReadableStream<unknown> | undefined;
  private hasEvents = false;
  private timer: NodeJS.Timeout | undefined;
  private listing: Promise<void> | undefined;
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
    // Comes with the first event. What happened while nobody listened is found by a list that begins now.
    stream.on('metadata', () => {
      this.hasEvents = true;
      this.relist();
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
    if (topic === CREATED) return this.made(id);
    if (topic === STARTED) return this.started(id);
    if (topic === DELETED) return this.ended(id);
    const exit = decode<{ container_id: string; id: string }>(
      this.containerd,
      'ringfence.containerd.TaskExit',
      event.value,
    );
    // A process that was only run inside the container ends with an id of its own.
    if (exit.id === id || exit.id === '') this.ended(id);
  }

  private made(id: string): void {
    this.book.heardOf(id);
    this.look(id).catch(this.options.onError);
  }

  /** Whoever was missed or given up before is there after this. */
  private started(id: string): void {
    this.book.heardOf(id);
    const known = this.book.get(id) === undefined ? this.look(id) : Promise.resolve();
    known.then(() => this.completeAddresses(id)).catch(this.options.onError);
  }

  private ended(id: string): void {
    if (this.book.ended(id)) this.options.onGone(id);
  }

  /** The record comes first, its network namespace a moment later: looked at again until both are there. */
  private async look(id: string): Promise<void> {
    for (let attempt = 0; attempt < LOOK_ATTEMPTS && !this.closed; attempt += 1) {
      const isDone = await this.book.question(async (askedAt) => {
        const { container } = await this.containers.call<{ container: ContainerRecord | null }>('Get', {
          id,
        });
        if (container === null || !isSandboxRecord(container)) return true;
        const sandbox = sandboxOfRecord(container);
        if (sandbox !== undefined) this.appear(sandbox, askedAt);
        return sandbox !== undefined;
      });
      if (isDone) return;
      await sleep(LOOK_RETRY_MS);
    }
  }

  /** The runtime interface knows a sandbox only when it is whole: a few milliseconds after its task has started. */
  private async completeAddresses(id: string): Promise<void> {
    for (let attempt = 0; attempt < ADDRESS_ATTEMPTS && !this.closed; attempt += 1) {
      if (this.book.get(id) === undefined || this.book.isWhole(id)) return;
      await this.status(id).catch(() => undefined);
      await sleep(ADDRESS_RETRY_MS);
    }
  }

  /** Lists now, and again after a while. A list that is under way may have begun too early: another one follows it. */
  private relist(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    const mine = (this.listing ?? Promise.resolve())
      .then(() => this.list())
      .then(
        () => this.options.onState(true),
        (error: unknown) =>
          this.options.onState(
            `the container runtime does not answer: ${error instanceof Error ? error.message : String(error)}`,
          ),
      )
      .finally(() => {
        if (this.closed || this.listing !== mine) return;
        this.listing = undefined;
        const { relistMs = RELIST_WITH_EVENTS_MS } = this.options;
        const interval = this.hasEvents ? relistMs : RELIST_ALONE_MS;
        this.timer = setTimeout(() => this.relist(), interval);
      });
    this.listing = mine;
  }

  private async list(): Promise<void> {
    await this.book.question(async (askedAt) => {
      const { items } = await this.cri.call<{ items: { id: string; state: string }[] }>('ListPodSandbox', {});
      const listed = items.map((item) => ({ id: item.id, isReady: isReady(item) }));
      await eachOf(this.book.doubtful(listed, askedAt), (id) => this.askWhetherGone(id));
      const news = listed.filter(({ id, isReady: lives }) => lives && !this.book.isWhole(id));
      await eachOf(news, ({ id }) => this.status(id).catch(this.options.onError));
    });
  }

  private async askWhetherGone(id: string): Promise<void> {
    await this.book.question(async (askedAt) => {
      if (await this.exists(id)) return;
      if (this.book.confirmGone(id, askedAt)) this.options.onGone(id);
    });
  }

  /** Being made or whole. An answer that says neither leaves everything as it is: the next list asks again. */
  private async exists(id: string): Promise<boolean> {
    try {
      return isReady((await this.ask(id)).status);
    } catch (error) {
      if (!isUnknownTo(error)) return true;
    }
    try {
      await this.containers.call('Get', { id });
      return true;
    } catch (error) {
      return !isUnknownTo(error);
    }
  }

  private status(id: string): Promise<void> {
    return this.book.question(async (askedAt) => {
      const answer = await this.ask(id);
      const sandbox = isReady(answer.status) ? sandboxOfStatus(answer) : undefined;
      if (sandbox !== undefined) this.appear(sandbox, askedAt);
    });
  }

  private ask(id: string): Promise<SandboxStatus> {
    return this.cri.call<SandboxStatus>('PodSandboxStatus', { pod_sandbox_id: id, verbose: true });
  }

  private appear(sandbox: FoundSandbox, askedAt: number): void {
    if (this.book.found(sandbox, askedAt)) this.options.onAppear(sandbox);
  }
}

/** A runtime that is not containerd has no records to ask for. */
function isUnknownTo(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === status.NOT_FOUND || code === status.UNIMPLEMENTED;
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += IN_FLIGHT)
    await Promise.all(items.slice(i, i + IN_FLIGHT).map((item) => work(item)));
}
