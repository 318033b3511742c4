/** `npm run campaign` after the set-up: a stack of its own, the attack, the reports, and an exit code that says whether all held. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import {
  claimDataDirectory,
  freePort,
  KubernetesApi,
  parseOptions as parseUpOptions,
  podsReady,
  Progress,
  readCommandLine,
  Stack,
} from '@ringfence/up';
import { Campaign } from './campaign.js';
import { faultList } from './fault-list.js';
import { hog } from './faults.js';
import type { Circumstances, Findings } from './findings.js';
import { parseOptions, USAGE } from './options.js';
import type { CampaignOptions } from './options.js';
import { htmlReport } from './report-html.js';
import { textReport } from './report-text.js';
import { APPLICATION } from './town.js';

export async function main(argv: readonly string[]): Promise<void> {
  const options = readCommandLine(() => parseOptions(argv, process.cwd()), USAGE);
  if (options === null) return;
  mkdirSync(options.data, { recursive: true, mode: 0o711 });
  const circumstances = circumstancesOf(options);
  print(`Campaign: ${options.minutes} min, seed ${options.seed}, in ${options.data}\n`);
  const release = await claimDataDirectory(options.data);
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => ending.abort(new Error(signal)));
  try {
    const findings = await campaignOn(options, ending.signal);
    writeReports(options, findings, circumstances);
    process.exitCode = findings.violations.length === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(
      `ringfence: the campaign ended early: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exitCode = 1;
  } finally {
    release();
  }
  // What a broken-off campaign still waits for does not matter any more.
  process.exit();
}

async function campaignOn(options: CampaignOptions, ending: AbortSignal): Promise<Findings> {
  // The campaign polls: the limit of a person's key is not its.
  process.env['RINGFENCE_RATE_LIMIT'] ??= '100000';
  const manifest = join(options.data, 'town.json');
  writeFileSync(
    manifest,
    JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: {}, items: APPLICATION }),
  );
  const arguments_ = [
    '--data',
    options.data,
    '--port',
    String(await freePort()),
    '--nodes',
    String(options.nodes),
  ];
  const upOptions = parseUpOptions([...arguments_, '--manifest', manifest], process.cwd());
  if (upOptions === 'help') throw new Error('unreachable');
  let campaign: Campaign | undefined;
  const stack = new Stack(upOptions, new Progress(print), ({ name, how, lastLines }) => {
    campaign?.report('crash', name, `${how}: ${lastLines.slice(-300)}`);
    // Whoever runs it would start it again.
    setTimeout(() => stack.processes.get(name).start(), 1_000);
  });
  const hogsBeside = Array.from({ length: options.hogs }, () => hog());
  try {
    const running = await stack.start();
    await podsReady(running);
    campaign = new Campaign({
      ...{ running, seed: options.seed, minutes: options.minutes },
      kubernetes: new KubernetesApi(running.sandbox.kubeconfig),
      faults: (pods) => faultList({ stack, running, pods, dataDirectory: options.data }, options.only),
      log: (line) => print(`${line}\n`),
    });
    return await Promise.race([campaign.run(), aborted(ending)]);
  } finally {
    for (const one of hogsBeside) one.kill('SIGKILL');
    await stack.stop();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error)),
  );
}

function writeReports(options: CampaignOptions, findings: Findings, circumstances: Circumstances): void {
  const text = textReport(findings, circumstances);
  const page = options.report;
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, htmlReport(findings, circumstances));
  writeFileSync(page.replace(/(\.html)?$/, '.txt'), text);
  print(`${text}Page: ${page}\n`);
}

function circumstancesOf({ seed, minutes, nodes, hogs, only }: CampaignOptions): Circumstances {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, Node ${process.version}`;
  return { seed, minutes, nodes, hogs, only, revision: revision(), machine };
}

function revision(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    }).trim();
  } catch {
    return 'no repository';
  }
}

function print(text: string): void {
  process.stdout.write(text);
}
