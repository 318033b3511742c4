/**
 * Keeps the plugin where the runtime calls it: the program in the CNI binary directory, its entry last in the configuration that
 * wins. Looks whenever anything in the configuration directory changes (a file that sorts earlier would bypass us in silence,
 * owners rewrite theirs), and now and then besides. When somebody undoes it again and again it slows down and says so.
 */
import { existsSync, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { isSameValue } from '@ringfence/decider';
import { removeFile, replaceFile } from '@ringfence/edge';
import { isConfFile, planInstallation, planRemoval, PLUGIN } from './conflist.js';
import type { ConfFile, Edit } from './conflist.js';

export interface PluginInstallerOptions {
  /** The compiled plugin that this agent brings along. */
  readonly program: string;
  readonly binDirectory: string;
  readonly confDirectory: string;
  /** What the plugin is told: where agent and plugin meet. */
  readonly meetingDirectory: string;
  /** Every look's outcome that differs from the one before. */
  readonly onState: (state: InstallationState) => void;
}

/** `true`: every new Pod goes through the plugin. Otherwise why not. */
export type InstallationState = true | string;

const LOOK_EVERY_MS = 5_000;
/** An owner writes its file in several steps. */
const SETTLE_MS = 20;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
/** Undone within this time of our writing: a quarrel. */
const QUARREL_MS = 10_000;

export class PluginInstaller {
  private state: InstallationState | undefined;
  private watcher: FSWatcher | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private lastEdit = { at: -Infinity, name: '' };
  private pauseMs = 0;

  constructor(private readonly options: PluginInstallerOptions) {}

  start(): void {
    this.look();
  }

  /** Out of the configuration first: a binary without its entry harms nobody, an entry without it ends every Pod's network. */
  remove(): void {
    this.close();
    this.write(planRemoval(this.files()));
  }

  /** Leaves everything in place: Pods stay closed while no agent runs. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.watcher?.close();
    this.watcher = undefined;
  }

  private look(): void {
    if (this.closed) return;
    this.followDirectory();
    let pause = LOOK_EVERY_MS;
    try {
      this.say(this.install());
      if (this.pauseMs > 0) pause = Math.min(pause, this.pauseMs);
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
    this.lookIn(pause);
  }

  private install(): InstallationState {
    const { meetingDirectory } = this.options;
    const files = this.files();
    const plan = planInstallation(files, meetingDirectory);
    if (plan.state === 'installed') this.bringProgram();
    const [edit] = plan.edits;
    if (edit !== undefined && this.isQuarrel(edit))
      return `${edit.name} is rewritten by somebody else again and again`;
    // Only on what was looked at: an owner's newer file is looked at anew first.
    if (!isSameValue(this.files(), files)) throw new Error('the CNI configuration is changing');
    this.write(plan.edits);
    return plan.state === 'installed' ? true : plan.why;
  }

  /** The first time back at once, then with a pause that doubles. */
  private isQuarrel({ name }: Edit): boolean {
    const now = performance.now();
    const since = now - this.lastEdit.at;
    const isUndone = name === this.lastEdit.name && since < Math.max(QUARREL_MS, 2 * this.pauseMs);
    if (!isUndone) this.pauseMs = 0;
    else if (since < this.pauseMs) return true;
    else this.pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * this.pauseMs));
    this.lastEdit = { at: now, name };
    return false;
  }

  private write(edits: readonly Edit[]): void {
    for (const { name, text } of edits) {
      const path = join(this.options.confDirectory, name);
      if (text === null) removeFile(path);
      else replaceFile(path, text, modeOf(path));
    }
  }

  private bringProgram(): void {
    const { program, binDirectory } = this.options;
    const target = join(binDirectory, PLUGIN);
    const wanted = readFileSync(program);
    const present = statSync(target, { throwIfNoEntry: false });
    if (present?.size === wanted.length && readFileSync(target).equals(wanted)) return;
    replaceFile(target, wanted, 0o755);
  }

  private files(): ConfFile[] {
    return readConfFiles(this.options.confDirectory);
  }

  /** The directory may come later than the agent, and go with its owner. */
  private followDirectory(): void {
    if (this.watcher !== undefined) return;
    try {
      const watcher = watch(this.options.confDirectory, () => this.lookIn(SETTLE_MS));
      watcher.on('error', () => {
        watcher.close();
        this.watcher = undefined;
      });
      this.watcher = watcher;
    } catch {
      this.watcher = undefined;
    }
  }

  private lookIn(pauseMs: number): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), pauseMs);
  }

  private say(state: InstallationState): void {
    if (state === this.state) return;
    this.state = state;
    this.options.onState(state);
  }
}

/** None while the network has not been set up at all. */
export function readConfFiles(directory: string): ConfFile[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter(isConfFile)
    .sort()
    .map((name) => ({ name, text: readFileSync(join(directory, name), 'utf8') }));
}

function modeOf(path: string): number {
  return (statSync(path, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777;
}
