/**
 * Our table of one network namespace as anybody with `nft` sees it and takes it apart. What is run here has precedence over
 * ordinary work: on a busy machine the agent is to be measured, not the stop-watch.
 */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { flowSetNames, HALVES } from '@ringfence/firewall';
import type { SandboxNode } from '@ringfence/up';

const run = promisify(execFile);
const PRECEDENCE = '-15';
const TABLE = ['table', 'inet', 'ringfence'];
const MOST_BYTES = 64 * 1024 ** 2;
const FLOW_SETS = new Set(HALVES.flatMap((half) => flowSetNames(half)));

export async function nft(netns: string, ...command: string[]): Promise<string> {
  const args = ['-n', PRECEDENCE, 'nsenter', `--net=${netns}`, 'nft', ...command];
  return (await run('nice', args, { maxBuffer: MOST_BYTES })).stdout;
}

/** What must be the same again: everything but what counts up, and what a reload numbers anew. */
export async function policyIn(netns: string): Promise<string> {
  const listing = await nft(netns, '-s', 'list', ...TABLE).catch(() => '');
  return listing
    .replace(/generation=\d+ half=\d/, '')
    .replace(/0x[0-9a-f]{8}/g, 'mark')
    .replace(/goto (w_\w\w|m_there)_[01]/g, 'goto $1')
    .split(/\n(?=\t\S)/)
    .filter((block) => !FLOW_SETS.has(/^\tset (\w+)/.exec(block)?.[1] ?? ''))
    .map((block) => block.trim())
    .sort()
    .join('\n');
}

/** One address of one of its sets of peers. */
export async function anElement(netns: string): Promise<{ set: string; element: string }> {
  const listing = await nft(netns, 'list', ...TABLE);
  const found = /map (c_\w+) \{[^}]*elements = \{ ([^,\s}]+)/.exec(listing);
  if (found?.[1] === undefined || found[2] === undefined) throw new Error(`no set with elements in ${netns}`);
  return { set: found[1], element: found[2] };
}

/** The handle of the last rule for what comes in: what nothing else has decided is decided there. */
export async function aRule(netns: string): Promise<string> {
  const listing = await nft(netns, '-a', 'list', 'chain', 'inet', 'ringfence', 'p_in');
  const handles = [...listing.matchAll(/# handle (\d+)$/gm)].map(([, handle]) => handle);
  // The first one is the chain's own.
  const last = handles.slice(1).at(-1);
  if (last === undefined) throw new Error(`no rule for what comes into ${netns}`);
  return last;
}

export function podNamespacesOn({ cni }: SandboxNode): string[] {
  if (cni === undefined) throw new Error('a simulated node has no namespaces');
  return readdirSync(cni.namespaces).map((name) => join(cni.namespaces, name));
}
