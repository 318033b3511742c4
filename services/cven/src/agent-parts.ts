/** Puts the agent together: view, desired tables, places, uplink, and what is kept on disk of them. */
import { randomInt, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type {
  CredentialResponse,
  FlowBatch,
  HostConnection,
  NodeEssential,
  NodeView,
} from '@ringfence/contracts';
import { isSameValue } from '@ringfence/decider';
import { viewMessage, viewOf } from '@ringfence/edge';
import { ControlChannel, reachable } from './adapters/control-channel.js';
import { FlowJournal } from './adapters/flow-journal.store.js';
import { hostAddresses } from './adapters/host-addresses.js';
import { connected, dialled, links, resolvers } from './adapters/node-network.js';
import { Uplink } from './adapters/uplink.js';
import type { AgentEvents } from './agent/agent-events.js';
import { HostConfirmation } from './agent/host-confirmation.js';
import { NodeAgent } from './agent/node-agent.js';
import { TableRecords } from './agent/table-records.js';
import type { TableRecordFile } from './agent/table-records.js';
import type { AgentMetrics } from './agent-metrics.js';
import type { Config } from './config.js';
import type { Context, ObservedKernel, StateFiles } from './cven.js';
import { DesiredTables } from './domain/desired-tables.calculator.js';
import { FlowBatches } from './domain/flow-batches.calculator.js';
import { DialledBook } from './domain/dialled.book.js';
import { toldEssentials } from './domain/told-essentials.js';
import type { NodeFacts } from './domain/host-essentials.js';
import { controlPorts, cutByFull } from './domain/host-report.js';
import { ViewState } from './domain/view.state.js';
import type { ApplyOutcome } from './domain/view.state.js';
import { sourceInstruments } from './sources/source-instruments.js';
import { SourceTies } from './sources/source-ties.js';

const SAVE_AFTER_MS = 500;

export interface Assembly {
  readonly files: StateFiles;
  readonly kernel: ObservedKernel;
  readonly identity: CredentialResponse;
  readonly metrics: AgentMetrics;
}

export class AgentParts {
  readonly view = new ViewState();
  readonly uplink: Uplink;
  readonly agent: NodeAgent;
  readonly sources: SourceTies;
  isUnpaired = false;
  /** In sync with clas-cache, or what is missing in words. */
  viewState: true | string = 'no view from clas-cache yet';
  /** Told of every view before anything of it is enforced. */
  onView: (isUnpaired: boolean) => void = () => undefined;
  private readonly journal: FlowJournal;
  private readonly records: TableRecords;
  private readonly dialled: DialledBook;
  private readonly desired: DesiredTables;
  private readonly control = new ControlChannel();
  private readonly leftFlows: readonly FlowBatch[];
  private facts: NodeFacts;
  private cut: readonly HostConnection[] | undefined;

  constructor(
    private readonly context: Context,
    private readonly assembly: Assembly,
  ) {
    const { config } = context;
    const { files, kernel, identity, metrics } = assembly;
    const node = identity.name;
    const bootId = randomUUID();
    this.dialled = new DialledBook(files.dialled.read());
    this.facts = factsAtFirst(config, this.dialled);
    this.journal = new FlowJournal(config.RINGFENCE_DATA_DIR, this.trouble);
    // Before there is any place: each asks once what an earlier agent had read of it.
    this.leftFlows = this.journal.leftover(new Date().toISOString());
    this.uplink = new Uplink({
      cluster: identity.cluster,
      node,
      bootId,
      queueBytes: config.RINGFENCE_FLOW_QUEUE_MIB * 1024 * 1024,
      onDropped: (flows) => metrics.onFlowsDropped(flows),
      onFlowsDone: (batchId) => this.journal.done(batchId),
      onError: this.trouble,
    });
    this.records = new TableRecords(livingRecords(files), () => this.saveRecords());
    this.sources = this.newSources();
    const areTied = (): boolean => this.sources.trouble === undefined;
    this.desired = new DesiredTables(this.view, () => this.facts, randomInt(1, 65_536), areTied);
    this.agent = new NodeAgent({
      node,
      bootId,
      host: { kind: 'host', id: 'host', netns: `/proc/${process.pid}/ns/net`, node },
      kernel: kernel.port,
      view: this.view,
      desired: this.desired,
      records: this.records,
      flows: new FlowBatches({ node, bootId }, new Date().toISOString()),
      flowRecords: this.journal,
      confirmation: this.confirmation(),
      hostAddresses,
      events: this.events(),
    });
    files.view.onWritten = () => files.viewChanges.clear();
    kernel.onLost = (reason) => this.helperLost(reason);
    kernel.onNews = (news) => {
      if (!this.isUnpaired) this.agent.takeNews(news);
    };
  }

  takeView(view: NodeView): ApplyOutcome {
    const outcome = this.agent.takeView(view);
    if (outcome !== 'applied') return outcome;
    // On disk before it is in the kernel: a restart must not go back behind what is in force.
    if (view.base !== null) this.writeDown(view);
    this.onView(view.unpaired === true);
    void this.sources.look();
    return outcome;
  }

  /** What this node's own table always lets through. */
  essential(): NodeEssential[] {
    return toldEssentials(this.desired.essentials);
  }

  /** Enforces what was last known, and takes over the flows that an earlier agent did not hand on; nobody is asked. */
  resume(): void {
    this.uplink.flowBatches(this.leftFlows);
    const stored = this.assembly.files.view.read();
    if (stored === undefined) return;
    const changes = this.assembly.files.viewChanges.read();
    for (const message of [stored, ...changes]) {
      const view = viewOf(message);
      // Whoever reads asks for the whole afterwards.
      if (view === undefined) return;
      if (this.agent.takeView(view) === 'applied') this.onView(view.unpaired === true);
    }
  }

  /** What the node itself needs is always allowed on it, so it must follow names, links and what its agents talk to. */
  async lookAround(): Promise<void> {
    if (this.dialled.see(dialled(), Date.now(), this.agent.podAddresses())) this.saveDialled();
    // What the node knows by itself comes first: whoever has to be asked for the rest may be one of these.
    this.learn({ dialled: this.dialled.remotes, resolvers: resolvers(), links: links() });
    const urls = [this.context.config.CLAS_URL, this.assembly.identity.natsUrl];
    this.learn({ control: await this.control.endpoints(urls) });
    this.lookAtHost();
  }

  private learn(facts: Partial<NodeFacts>): void {
    const next = { ...this.facts, ...facts };
    if (isSameValue(next, this.facts)) return;
    this.facts = next;
    this.agent.reconcile();
  }

  /** Whom full mode would cut off from the node, as of the last look. */
  get cutByFull(): readonly HostConnection[] | undefined {
    return this.cut;
  }

  private lookAtHost(): void {
    if (this.view.revision === undefined) return;
    const standing = connected(this.controlPorts(), hostAddresses());
    this.cut = cutByFull(this.desired.hostInFull(this.assembly.identity.name), standing);
  }

  private controlPorts(): ReadonlySet<number> {
    return controlPorts(this.desired.hostFacts(this.assembly.identity.name), this.view.apiServers);
  }

  /** The last words to the disk. */
  save(): void {
    this.assembly.files.tables.flush();
    this.assembly.files.view.flush();
  }

  private newSources(): SourceTies {
    const { config, logger } = this.context;
    const { kernel } = this.assembly;
    const instruments = sourceInstruments(this.context.metrics);
    return new SourceTies({
      kernel: () => kernel.port,
      netns: `/proc/${process.pid}/ns/net`,
      isWanted: () => this.view.isEnforcing,
      isUnpaired: () => this.isUnpaired,
      freeNamespaces: config.RINGFENCE_FREE_SOURCES,
      hostAddresses,
      cluster: () => this.view.clusterAddresses,
      nodes: () => this.view.nodeAddresses,
      onChange: (why) => {
        instruments.areTied.set(why === undefined ? 1 : 0);
        if (why === undefined) logger.info('no Pod can send under the address of another');
        else logger.warn({ why }, 'a Pod may send under the address of another');
        this.agent.reconcile();
      },
      onForged: (packets) => instruments.forged.add(packets),
      onError: (error) => this.trouble('the sources of packets could not be looked after', error),
    });
  }

  private confirmation(): HostConfirmation {
    const { config, logger } = this.context;
    const { files, metrics } = this.assembly;
    return new HostConfirmation({
      reachable: () => reachable([...this.facts.control, ...this.view.apiServers]),
      witnessed: () => this.uplink.witnessed(this.controlPorts()),
      unconfirmed: files.unconfirmed,
      withinMs: config.RINGFENCE_HOST_CONFIRM_SECONDS * 1000,
      onRollback: () => metrics.hostRollbacks.add(),
      onUnkept: (error) => this.trouble('how the node was reached before a change could not be kept', error),
      onUnwitnessed: () => {
        metrics.hostUnwitnessed.add();
        logger.warn('a change of the host policy was confirmed by nobody outside of the node');
      },
    });
  }

  private events(): AgentEvents {
    const { logger } = this.context;
    const { metrics } = this.assembly;
    return {
      onSandboxSeen: (id, seen) => this.uplink.sandboxSeen(id, seen),
      onSandboxGone: (id) => this.uplink.sandboxGone(id),
      onAck: (ack) => this.uplink.acknowledge(ack),
      onFlowBatches: (batches) => this.uplink.flowBatches(batches),
      onFlows: (named, overflow, disagreements) => metrics.onFlows(named, overflow, disagreements),
      onFlowsLost: (place) => {
        metrics.intervalsLost.add();
        logger.warn({ place: place.id }, 'the flows of an interval could not be read');
      },
      onApplied: (ms) => metrics.apply.record(ms / 1000),
      onPass: (revision, pods) => {
        metrics.onPass(revision, pods);
        this.saveView();
      },
      onHealed: (place) => {
        metrics.heals.add();
        logger.warn({ place: place.id }, 'somebody changed our rules: restored');
      },
      onTampered: ({ place, what, by, count }) => {
        metrics.tamperings.add(1, { repeated: String(count > 1) });
        logger.warn({ place: place.id, what, by, count }, 'tampering');
      },
      onTrouble: this.trouble,
      onUnpaired: () => this.unpaired(),
      onPaired: () => {
        this.isUnpaired = false;
        logger.info('paired again');
      },
    };
  }

  private readonly trouble = (what: string, error: unknown): void =>
    this.context.logger.warn({ err: error }, what);

  private helperLost(reason: string): void {
    this.assembly.metrics.helperRestarts.add();
    this.context.logger.error({ reason }, 'the kernel helper ended; starting another one');
    this.agent.doubtEverything();
  }

  private unpaired(): void {
    this.isUnpaired = true;
    const { viewChanges, ...files } = this.assembly.files;
    // The key too: whoever may have a copy of it is to be nobody.
    for (const file of Object.values(files)) file.remove();
    viewChanges.clear();
    this.context.logger.info('unpaired: every rule of ours is removed');
  }

  private writeDown(change: NodeView): void {
    try {
      this.assembly.files.viewChanges.append(viewMessage(change));
    } catch (error) {
      this.trouble('a change of the view could not be kept', error);
    }
  }

  private saveView(): void {
    const snapshot = () => {
      if (this.isUnpaired) return undefined;
      const view = this.view.snapshot(this.assembly.identity.name, new Date().toISOString());
      return view && viewMessage(view);
    };
    this.assembly.files.view.writeLater(snapshot, SAVE_AFTER_MS, (error) =>
      this.trouble('the view could not be kept', error),
    );
  }

  private saveRecords(): void {
    const current = () => (this.isUnpaired ? undefined : this.records.toFile());
    this.assembly.files.tables.writeLater(current, SAVE_AFTER_MS, (error) =>
      this.trouble('the records of tables could not be kept', error),
    );
  }

  private saveDialled(): void {
    this.assembly.files.dialled.writeLater(
      () => this.dialled.toFile(),
      SAVE_AFTER_MS,
      (error) => this.trouble('what the node talks to could not be kept', error),
    );
  }
}

/** Without those of Pods that ended while no agent ran. */
function livingRecords({ tables }: StateFiles): TableRecordFile {
  const all = Object.entries(tables.read() ?? {});
  return Object.fromEntries(all.filter(([key]) => key === 'host' || existsSync(key)));
}

/** Before anything of the node was looked at. */
function factsAtFirst(config: Config, { remotes }: DialledBook): NodeFacts {
  return {
    control: [],
    dialled: remotes,
    adminPorts: config.RINGFENCE_ADMIN_PORTS,
    managementPort: config.RINGFENCE_MANAGEMENT_PORT,
    resolvers: [],
    timeServers: config.RINGFENCE_NTP_SERVERS,
    links: [],
  };
}
