/**
 * Flows as people and their programs upload them: CSV lines `src,dst,port,proto`. They name addresses and nothing else: whose these are, and
 * what a policy said, only agents can know.
 */
import { z } from 'zod';

export interface UploadedFlow {
  readonly src: string;
  readonly dst: string;
  readonly port: number;
  readonly proto: number;
}
export interface UploadedLines {
  readonly received: number;
  /** Each with how often it is there. */
  readonly flows: ReadonlyMap<string, { readonly flow: UploadedFlow; readonly times: number }>;
  /** As they came, with what is wrong with each. */
  readonly failed: readonly string[];
}

export const MOST_LINES = 1_000;
const LONGEST_SHOWN = 200;
const ADDRESS = z.union([z.ipv4(), z.ipv6()]);

/** Null: there are more than can be taken at once. */
export function uploadedLines(text: string): UploadedLines | null {
  const lines = text.split(/\r?\n/).flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  if (lines.length > MOST_LINES) return null;
  const flows = new Map<string, { flow: UploadedFlow; times: number }>();
  const failed: string[] = [];
  for (const line of lines) {
    const flow = flowOf(line);
    if (typeof flow === 'string') {
      failed.push(`${line.slice(0, LONGEST_SHOWN)}: ${flow}`);
      continue;
    }
    const key = JSON.stringify(flow);
    flows.set(key, { flow, times: (flows.get(key)?.times ?? 0) + 1 });
  }
  return { received: lines.length, flows, failed };
}

/** Or what is wrong. */
function flowOf(line: string): UploadedFlow | string {
  const fields = line.split(',').map((field) => field.trim());
  if (fields.length !== 4) return `${fields.length} fields; write src,dst,port,proto`;
  const [src = '', dst = '', port = '', proto = ''] = fields;
  if (!isAddress(src)) return 'src is no IP address';
  if (!isAddress(dst)) return 'dst is no IP address';
  if (!isUpTo(port, 65_535)) return 'port is no number up to 65535';
  if (!isUpTo(proto, 255)) return 'proto is no number up to 255';
  return { src, dst, port: Number(port), proto: Number(proto) };
}

const isAddress = (text: string): boolean => ADDRESS.safeParse(text).success;
const isUpTo = (text: string, most: number): boolean => /^\d{1,5}$/.test(text) && Number(text) <= most;
