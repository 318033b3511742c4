/**
 * One campaign on one stack: raise the town, let everything loose in rounds, and after each round wait for quiet and compare the
 * whole matrix. Gives what the report shows; decides nothing about it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesApi, Stack } from '@ringfence/up';
import { Attack } from './attack.js';
import { Chaos } from './chaos.js';
import { Churn } from './churn.js';
import { now } from './clock.js';
import type { Fault } from './faults.js';
import { FlowCount } from './flow-count.js';
import { Judge } from './judge.js';
import { KnobHistory } from './knob-history.js';
import { Ledger } from './ledger.js';
import type { Violation } from './model.js';
import { operate } from './operations.js';
import { PodBook } from './pod-book.js';
import { lookAtPods } from './pod-watch.js';
import { PolicyAuthor } from './policy-author.js';
import { untilNothingIsMissing } from './progress.js';
import { Random } from './random.js';
import type { Findings, QuietPoint } from './findings.js';
import { StatusWatch } from './status-watch.js';
import { CHURN, FIRST_VALUES, LISTENERS, MOODY, OPEN, POLICY, SHOP } from './town.js';

export interface CampaignParts {
  readonly running: Awaited<ReturnType<Stack['start']>>;
  readonly kubernetes: KubernetesApi;
  /** What it may suffer; some of them need to know who lives where. */
  readonly faults: (pods: PodBook) => readonly Fault[];
  readonly seed: number;
  readonly minutes: number;
  readonly log: (line: string) => void;
}

const LOOK_MS = 250;
const JUDGE_MS = 1_000;
/** A quiet point after so long; the last round ends with one, too. */
const ROUND_MS = 60_000;
/** Nothing has changed for so long: it will not. Longer than the offline judgement and every back-off of the product. */
const STILL_MS = 90_000;

export class Campaign {
  private readonly knobs = new KnobHistory(FIRST_VALUES);
  private readonly pods = new PodBook();
  private readonly status: StatusWatch;
  private readonly judge: Judge;
  private readonly author: PolicyAuthor;
  private readonly chaos: Chaos;
  private readonly random: Random;
  private readonly quietPoints: QuietPoint[] = [];
  private readonly rounds: { from: number; to: number }[] = [];
  private readonly extra: Violation[] = [];
  private readonly watching = new AbortController();
  private began = now();

  constructor(private readonly parts: CampaignParts) {
    const { running, seed, log } = parts;
    this.random = new Random(seed);
    this.status = new StatusWatch(running.api, running.clusterId);
    this.judge = new Judge(POLICY, this.knobs, this.pods, this.status);
    this.author = new PolicyAuthor(running.api, running.clusterId, this.knobs);
    this.chaos = new Chaos({
      faults: parts.faults(this.pods),
      random: this.random.fork(),
      atOnce: 3,
      pauseMs: [500, 2_500],
      onBegin: ({ name }) => log(`  ${name}`),
      onStuck: (name, why) => this.report('stuck', name, why),
    });
  }

  /** Something that is no packet. */
  report(kind: 'stuck' | 'crash' | 'flows', what: string, detail: string): void {
    const status = this.status.toldAround(now(), []) || 'all in force';
    this.extra.push({ kind, at: now(), source: what, destination: '', rule: '', status, detail });
    this.parts.log(`  ✗ ${what}: ${detail}`);
  }

  async run(): Promise<Findings> {
    const { minutes, log } = this.parts;
    await this.raiseTown();
    await this.chaos.prepare();
    const watch = this.watch();
    this.began = now();
    const flows = new FlowCount(this.pods, this.began);
    const ledger = new Ledger(this.judge, flows, this.pods, this.began);
    const attack = await Attack.begin(this.place(), {
      attempt: (attempt) => ledger.attempt(attempt),
      arrival: (arrival) => ledger.arrival(arrival),
      ended: (name, how) => this.report('crash', `prober ${name}`, how),
    });
    const judging = setInterval(() => ledger.settle(), JUDGE_MS);
    const churn = new Churn(this.parts.kubernetes, this.random.fork(), attack.firstCalls());
    try {
      await this.quiet(attack, churn, ledger);
      for (let left = minutes * 60_000; left > 0; left -= ROUND_MS) {
        log(`Attack of ${Math.round(Math.min(left, ROUND_MS) / 1000)} s:`);
        await this.attackFor(Math.min(left, ROUND_MS), attack, churn);
        await this.quiet(attack, churn, ledger);
      }
      ledger.settle(true);
      log('Counting flows …');
      const compared = await flows.compare(this.parts.running.api);
      for (const { pair, made, reported, detail } of compared) {
        if (made !== reported) this.report('flows', pair, `${made} made, ${reported} reported`);
        for (const line of detail) log(`    ${line}`);
      }
      return this.findings(ledger, churn, compared);
    } finally {
      clearInterval(judging);
      attack.end();
      this.watching.abort();
      await watch;
    }
  }

  private place() {
    const { sandbox } = this.parts.running;
    const netnsRoot = `/run/rf-sandbox-${sandbox.instance}`;
    return {
      netnsRoot,
      hostAddress: sandbox.hostAddress,
      pods: this.pods,
      kubernetes: this.parts.kubernetes,
    };
  }

  private async raiseTown(): Promise<void> {
    const { kubernetes } = this.parts;
    for (const name of [CHURN, OPEN])
      await kubernetes.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await kubernetes.apply(LISTENERS);
    await this.author.write();
    await untilNothingIsMissing(
      'the town',
      async () => {
        await lookAtPods(kubernetes, this.pods);
        return this.unready();
      },
      STILL_MS,
    );
  }

  /** Looks at Pods and status all the while, each at its own pace. */
  private async watch(): Promise<void> {
    const { signal } = this.watching;
    const forever = async (look: () => Promise<unknown>): Promise<void> => {
      while (!signal.aborted) {
        await look().catch(() => undefined);
        await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
      }
    };
    await Promise.all([
      forever(() => lookAtPods(this.parts.kubernetes, this.pods)),
      forever(async () => {
        await this.status.look();
        const told = this.status.allInForce();
        if (told !== undefined) this.knobs.settle(told.ended, told.since);
      }),
    ]);
  }

  private async attackFor(ms: number, attack: Attack, churn: Churn): Promise<void> {
    const from = now();
    const ending = AbortSignal.timeout(ms);
    const aiming = setInterval(() => attack.aim(), LOOK_MS * 2);
    const operators = { author: this.author, knobs: this.knobs, random: this.random.fork(), signal: ending };
    const work = [churn.run(ending), this.chaos.run(ending), operate(operators)];
    const results = await Promise.allSettled(work);
    clearInterval(aiming);
    for (const result of results)
      if (result.status === 'rejected') this.report('stuck', 'the campaign', String(result.reason));
    this.rounds.push({ from, to: now() });
  }

  /** Calm, everything said to be in force, then the whole matrix once. */
  private async quiet(attack: Attack, churn: Churn, ledger: Ledger): Promise<void> {
    const { log } = this.parts;
    attack.rest();
    const began = now();
    try {
      await churn.end();
      await untilNothingIsMissing('quiet', async () => this.notQuiet(), STILL_MS);
    } catch (error) {
      this.report('stuck', 'a quiet point', error instanceof Error ? error.message : String(error));
      return;
    }
    const at = now();
    const attempts = await attack.matrix();
    for (const attempt of attempts) ledger.attempt(attempt, true);
    this.quietPoints.push({ at, waitedMs: at - began, compared: attempts.length });
    log(`Quiet after ${((at - began) / 1000).toFixed(1)} s: ${attempts.length} connections compared`);
  }

  private notQuiet(): string | null {
    const unready = this.unready();
    if (unready !== null) return unready;
    const newcomers = this.pods.living(CHURN).length;
    if (newcomers > 0) return `${newcomers} newcomers to go`;
    const unsettled = this.knobs.unsettled();
    const said = this.status.last?.notInForce ?? ['no status yet'];
    if (said.length > 0) return said.join('; ');
    const waitingFor = this.status.last?.waitingFor ?? '';
    return unsettled.length > 0 ? `${unsettled.join(', ')} to be in force: ${waitingFor}` : null;
  }

  private unready(): string | null {
    const expected = [
      [SHOP, 6],
      [MOODY, 2],
      [OPEN, 2],
    ] as const;
    const missing = expected.flatMap(([namespace, count]) => {
      const living = this.pods.living(namespace);
      const ready = living.filter(({ uid }) => this.pods.readyNow(uid)).length;
      return living.length === count && ready === count
        ? []
        : [`${namespace}: ${ready} of ${count} ready, ${living.length} there`];
    });
    return missing.length === 0 ? null : missing.join('; ');
  }

  private findings(ledger: Ledger, churn: Churn, flows: Findings['flows']): Findings {
    return {
      began: this.began,
      ended: now(),
      tally: this.judge.tally,
      violations: [...this.judge.violations, ...this.extra].sort((left, right) => left.at - right.at),
      faults: this.chaos.timeline,
      rounds: this.rounds,
      quietPoints: this.quietPoints,
      flows,
      seconds: ledger.seconds,
      newcomers: churn.made,
      changes: this.author.changes,
      longestSilenceMs: this.status.longestSilenceMs,
    };
  }
}
