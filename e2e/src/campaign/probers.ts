/** The probers of a campaign: one process per place, entered by its network namespace, ended with the campaign. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Arrival, Attempt, Source } from './model.js';
import type { Order, Report, Target } from './prober-messages.js';

export interface ProberEvents {
  attempt(attempt: Attempt): void;
  arrival(arrival: Arrival): void;
  ended(name: string, how: string): void;
}

const ROUND_MS = 30_000;

export class Prober {
  private readonly child: ChildProcess;
  private readonly rounds = new Map<string, { attempts: Attempt[]; done: (attempts: Attempt[]) => void }>();
  private listening = new Set<string>();
  private isEnding = false;

  constructor(
    readonly source: Source,
    netns: string | null,
    private readonly events: ProberEvents,
  ) {
    const program = [process.execPath, join(import.meta.dirname, 'prober.js'), source.name];
    const [command, ...args] = netns === null ? program : ['nsenter', `--net=${netns}`, ...program];
    this.child = spawn(command!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.once('exit', (code, signal) => {
      if (!this.isEnding) events.ended(source.name, signal ?? `exit ${code}`);
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) =>
      this.hear(JSON.parse(line) as Report),
    );
  }

  tell(order: Order): void {
    if (!this.isEnding) this.child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  listens(proto: number, port: number): boolean {
    return this.listening.has(`${proto}/${port}`);
  }

  /** Each target once; not a verdict of the stream of attempts. */
  round(targets: readonly Target[]): Promise<Attempt[]> {
    const token = randomUUID();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.source.name} did not finish its round`)),
        ROUND_MS,
      );
      const done = (attempts: Attempt[]): void => {
        clearTimeout(timer);
        resolve(attempts);
      };
      this.rounds.set(token, { attempts: [], done });
      this.tell({ kind: 'round', token, targets });
    });
  }

  end(): void {
    this.isEnding = true;
    this.child.kill('SIGKILL');
  }

  private hear(report: Report): void {
    switch (report.kind) {
      case 'listening':
        this.listening.add(`${report.proto}/${report.port}`);
        return;
      case 'attempt': {
        const { round, ...attempt } = report;
        const whole = { ...attempt, from: this.source };
        if (round === undefined) this.events.attempt(whole);
        else this.rounds.get(round)?.attempts.push(whole);
        return;
      }
      case 'arrival':
        this.events.arrival({ ...report, at: this.source });
        return;
      case 'round-done': {
        const round = this.rounds.get(report.token);
        this.rounds.delete(report.token);
        round?.done(round.attempts);
      }
    }
  }
}
