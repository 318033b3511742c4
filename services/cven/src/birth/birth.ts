/**
 * Closed at birth: no packet of a new Pod passes before its policy, or the knowledge that it has none, is in its namespace.
 *
 *   runtime ──ADD──▶ ringfence-cni ──socket──▶ BirthServer ─▶ BirthGate ─▶ NodeAgent (place, table, decided)
 *                        │ settings, open                                     ▲
 *                        ▼                                                    │ seen, gone
 *             a directory on the node's disk ◀── this file                container runtime
 *
 * The plugin reads the settings by itself, so they are written before anything is enforced by them. They and the plugin stay
 * when the agent goes: the node stays closed. Only unpairing takes them away.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentHeartbeat, EnforcementMode } from '@ringfence/contracts';
import { removeFile, replaceFile } from '@ringfence/edge';
import type { FoundSandbox } from '../adapters/cri/sandbox-record.js';
import type { Context } from '../cven.js';
import type { NftTables } from '../kernel/nftables/nft-tables.js';
import type { Kernel } from '../kernel/port/kernel.port.js';
import { every } from '../timers.js';
import { BirthGate } from './birth-gate.js';
import type { Places, Verdict } from './birth-gate.js';
import { birthInstruments } from './birth-instruments.js';
import { BirthServer } from './birth.server.js';
import { BreakGlass } from './break-glass.js';
import type { Opening } from './break-glass.js';
import { podRanges } from './conflist.js';
import { Guard } from './guard.js';
import { PluginInstaller, readConfFiles } from './plugin-installer.js';
import type { InstallationState } from './plugin-installer.js';
import { isEnforcing, renderSettings } from './plugin-settings.js';
import { refusedNamespace } from './pod-namespace.js';

export interface BirthOptions {
  readonly context: Context;
  readonly places: Places;
  /** Managed namespaces as last told; undefined while nobody has told. */
  readonly namespaces: () => ReadonlyMap<string, EnforcementMode> | undefined;
  readonly kernel: () => Kernel & NftTables;
  readonly hostAddresses: () => readonly string[];
}

const PROGRAM = fileURLToPath(new URL('../../cni/bin/ringfence-cni', import.meta.url));
const LOOK_EVERY_MS = 1_000;
const GUARDED =
  'the node drops packets of Pods that the agent has not placed yet instead: a first packet is sent again, of every ' +
  'namespace, and Pods of one bridge reach each other past it';

export class Birth {
  private readonly directory: string;
  private readonly gate: BirthGate;
  private readonly server: BirthServer;
  private readonly breakGlass: BreakGlass;
  private readonly guard: Guard;
  private readonly instruments;
  private installer: PluginInstaller | undefined;
  /** True: every new Pod is asked about. */
  private installation: InstallationState = 'the CNI plugin is not installed yet';
  private settingsFailure: string | undefined;
  private written: string | undefined;
  private opening: Opening | undefined;
  private isUnpaired = false;
  /** What is not wanted any more, also from an earlier agent, is out of the node. */
  private hasLeft = false;

  constructor(private readonly options: BirthOptions) {
    const { config, logger, metrics, health } = options.context;
    this.directory = config.RINGFENCE_BIRTH_DIR;
    this.instruments = birthInstruments(metrics);
    this.breakGlass = new BreakGlass(this.directory);
    this.gate = new BirthGate({
      places: options.places,
      refusedNamespace: (path) => refusedNamespace(path, config.RINGFENCE_CNI_NETNS_DIRS),
      exists: existsSync,
      now: () => performance.now(),
      onDropFailed: (error) => logger.warn({ err: error }, 'a sandbox could not be let go of'),
    });
    this.server = new BirthServer({
      path: join(this.directory, 'agent.sock'),
      gate: this.gate,
      onAnswer: (verdict, seconds) => this.answered(verdict, seconds),
      onRefused: (why) => {
        this.instruments.refusedRequests.add();
        logger.debug({ why }, 'a request of the CNI plugin was refused');
      },
      onError: (error) => logger.error({ err: error }, 'the socket of the CNI plugin failed'),
    });
    this.guard = new Guard({
      kernel: options.kernel,
      netns: `/proc/${process.pid}/ns/net`,
      places: options.places,
      hostAddresses: options.hostAddresses,
      ranges: () => this.guardedRanges(),
      onError: (error) => logger.warn({ err: error }, 'the guard of new Pods is not as it should be'),
    });
    health.fact('birth', () => this.describe());
  }

  /** Answers the plugin, and has it called. What was enforced before is to be known by then. */
  async start(): Promise<void> {
    const { context } = this.options;
    this.leaveUnwanted();
    if (!this.isOff) {
      context.onShutdown(() => this.server.close());
      await this.open();
    }
    const timer = every(
      LOOK_EVERY_MS,
      () => this.look(),
      (error) => context.logger.warn({ err: error }, 'the record of openings by hand could not be read'),
    );
    context.onShutdown(() => {
      timer.stop();
      this.installer?.close();
    });
  }

  /** After every view, before anything of it is enforced: a Pod that is born now is asked about by the new list. */
  follow(isUnpaired: boolean): void {
    if (this.isOff) return;
    this.isUnpaired = isUnpaired;
    this.hasLeft &&= this.unwanted !== undefined;
    if (isUnpaired) return this.leaveUnwanted();
    this.keepSettings();
    if (this.server.isListening) this.install();
  }

  /** The container runtime has told of a sandbox, or of its end. */
  seen(sandbox: FoundSandbox): void {
    this.gate.seen(sandbox.id);
    this.guard.seen(sandbox);
  }

  gone(id: string): void {
    this.gate.gone(id);
    this.guard.gone(id);
  }

  /** It has told of all that there are. */
  listed(): void {
    this.guard.listed();
  }

  /** Nothing of it is left on the node. */
  get isGone(): boolean {
    return this.hasLeft && this.guard.isGone;
  }

  /** For the heartbeat: what a person should know of. */
  errors(): AgentHeartbeat['errors'] {
    const { opening } = this;
    // Somebody's decision, and a start that is not over yet, are no errors.
    const notClosed = this.installer === undefined ? undefined : this.notClosed();
    return [
      ...(notClosed === undefined ? [] : [{ token: 'open_at_birth', message: notClosed }]),
      ...(opening === undefined ? [] : [{ token: 'open_by_hand', message: describeOpening(opening) }]),
    ];
  }

  private async open(): Promise<void> {
    if (this.server.isListening && (await this.server.isReachable())) return;
    try {
      await this.server.listen();
      if (this.written !== undefined) this.install();
    } catch (error) {
      const why = wordsOf(error);
      if (this.installation !== why) this.installed(why);
    }
  }

  private install(): void {
    if (this.installer !== undefined || this.options.context.config.RINGFENCE_CNI !== 'auto') return;
    this.installer = this.newInstaller();
    this.installer.start();
  }

  private newInstaller(): PluginInstaller {
    const { config } = this.options.context;
    return new PluginInstaller({
      program: config.RINGFENCE_CNI_PROGRAM || PROGRAM,
      binDirectory: config.RINGFENCE_CNI_BIN_DIR,
      confDirectory: config.RINGFENCE_CNI_CONF_DIR,
      meetingDirectory: this.directory,
      onState: (state) => this.installed(state),
    });
  }

  private installed(state: InstallationState): void {
    const { logger } = this.options.context;
    this.installation = state;
    this.instruments.isClosed.set(this.notClosed() === undefined ? 1 : 0);
    if (state === true) logger.info('new Pods are closed until their policy is in place');
    else logger.warn(`not closed at birth: ${state}`);
  }

  /** Why no plugin is to be in the chain; undefined: one is. */
  private get unwanted(): string | undefined {
    const { RINGFENCE_CNI: wanted } = this.options.context.config;
    if (this.isUnpaired) return 'the node is unpaired';
    return wanted === 'auto' ? undefined : `RINGFENCE_CNI is ${wanted}`;
  }

  /** Again with each look until it is done: a chain that somebody else writes at the moment cannot be read. */
  private leaveUnwanted(): void {
    const { unwanted } = this;
    if (unwanted === undefined || this.hasLeft) return;
    const installer = this.installer ?? this.newInstaller();
    this.installer = undefined;
    let why = unwanted;
    try {
      // Without them the plugin lets everything through, also where it cannot be taken out.
      this.dropSettings();
      installer.remove();
      this.hasLeft = true;
    } catch (error) {
      why = `${unwanted}, and the CNI plugin cannot be taken out: ${wordsOf(error)}`;
    }
    if (this.installation !== why) this.installed(why);
  }

  private dropSettings(): void {
    const path = join(this.directory, 'settings');
    if (existsSync(path)) removeFile(path);
    this.written = undefined;
    this.settingsFailure = undefined;
  }

  /** Without them the plugin takes the node for one on which nothing was ever enforced. */
  private lookAtSettings(): void {
    const { logger } = this.options.context;
    if (this.written !== undefined && contentOf(join(this.directory, 'settings')) !== this.written) {
      logger.warn('somebody changed the list of namespaces that the CNI plugin reads: putting it back');
      this.written = undefined;
    }
    this.keepSettings();
  }

  private keepSettings(): void {
    const { context, namespaces } = this.options;
    const { RINGFENCE_BIRTH_WHEN_AWAY: away, RINGFENCE_BIRTH_EXEMPT: exempt } = context.config;
    const managed = namespaces();
    if (managed === undefined || this.unwanted !== undefined) return;
    const text = renderSettings({ away, namespaces: managed, exempt: new Set(exempt) });
    if (text === this.written) return;
    try {
      mkdirSync(this.directory, { recursive: true, mode: 0o700 });
      replaceFile(join(this.directory, 'settings'), text, 0o600);
      this.written = text;
      this.settingsFailure = undefined;
    } catch (error) {
      this.settingsFailure = `the list of namespaces cannot be kept: ${wordsOf(error)}`;
      context.logger.error(`not closed at birth: ${this.settingsFailure}`);
    }
    this.instruments.isClosed.set(this.notClosed() === undefined ? 1 : 0);
  }

  private async look(): Promise<void> {
    const { logger } = this.options.context;
    this.leaveUnwanted();
    if (this.isOff) return this.guard.look();
    await this.open();
    this.lookAtSettings();
    this.opening = this.breakGlass.current(new Date());
    this.instruments.isOpenByHand.set(this.opening === undefined ? 0 : 1);
    for (const line of this.breakGlass.take()) {
      this.instruments.recorded.add();
      logger.warn({ record: line }, 'while the agent was away');
    }
    await this.gate.sweep();
    await this.guard.look();
  }

  private get isOff(): boolean {
    return this.options.context.config.RINGFENCE_CNI === 'off';
  }

  /** Nothing to guard where the plugin does it, where nothing is enforced, and where an agent that is away is to harm nobody. */
  private guardedRanges(): readonly string[] | undefined {
    const { context, namespaces } = this.options;
    const { config } = context;
    if (this.installation === true || this.isUnpaired || this.isOff) return [];
    const managed = namespaces();
    if (managed === undefined) return undefined;
    if (![...managed.values()].some(isEnforcing)) return [];
    if (config.RINGFENCE_BIRTH_WHEN_AWAY.kind !== 'closed') return [];
    return config.RINGFENCE_POD_CIDRS.length > 0
      ? config.RINGFENCE_POD_CIDRS
      : configuredRanges(config.RINGFENCE_CNI_CONF_DIR);
  }

  private answered(verdict: Verdict, seconds: number): void {
    this.instruments.seconds.record(seconds);
    const outcome = 'go' in verdict ? verdict.go : 'refused';
    this.instruments.births.add(1, { outcome });
    this.options.context.logger.debug({ birth: { outcome, seconds } }, 'a new Pod is decided');
    if ('no' in verdict)
      this.options.context.logger.warn({ why: verdict.no }, 'a new Pod was not let through');
  }

  private notClosed(): string | undefined {
    const why = this.settingsFailure ?? (this.installation === true ? undefined : this.installation);
    if (why === undefined) return undefined;
    return this.guard.isLoaded ? `${why}; ${GUARDED}` : `not closed at birth: ${why}`;
  }

  private describe(): string {
    const state = this.notClosed() ?? 'closed at birth';
    return this.opening === undefined ? state : `${state}; ${describeOpening(this.opening)}`;
  }
}

function configuredRanges(directory: string): readonly string[] {
  try {
    return podRanges(readConfFiles(directory));
  } catch {
    return [];
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function describeOpening({ until, by, reason }: Opening): string {
  return `open by hand until ${until.toISOString()}, by ${by}: ${reason}`;
}
