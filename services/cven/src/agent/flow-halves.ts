/**
 * The two halves of the flow sets in one namespace. A reading is handed on (written down) first, then the half is emptied:
 * whatever a half holds was read by nobody. Between the two the mark of the reading tells it apart, also for the next agent.
 */
import { createHash } from 'node:crypto';
import { FLOW_TABLES } from '@ringfence/firewall';
import type { FlowTable, Half } from '@ringfence/firewall';
import { isSameReading } from '../domain/read-mark.js';
import type { ReadMark } from '../domain/read-mark.js';
import { KernelError } from '../kernel/port/kernel.port.js';
import type { Applied, FlowReading, Kernel } from '../kernel/port/kernel.port.js';

export interface FlowHalvesOptions {
  readonly kernel: Kernel;
  readonly netns: string;
  readonly key: string;
  /** Of this agent's predecessor. */
  readonly lastRead: ReadMark | undefined;
  readonly onApplied: (applied: Applied) => void;
}

export interface MarkedReading {
  readonly reading: FlowReading;
  readonly mark: ReadMark;
  /** It was handed on before, and the half is still to be emptied. */
  readonly isRepeated: boolean;
}

export class FlowHalves {
  private last: ReadMark | undefined;

  constructor(private readonly options: FlowHalvesOptions) {
    this.last = options.lastRead;
  }

  async read(half: Half): Promise<MarkedReading> {
    const { kernel, netns, key } = this.options;
    const reading = await kernel.readFlows(netns, half);
    const mark = readMark(key, half, reading);
    return { reading, mark, isRepeated: isSameReading(mark, this.last) };
  }

  /** After the reading was handed on. Only what holds anything is emptied: most namespaces are quiet most of the time. */
  async empty(half: Half, { reading, mark }: MarkedReading): Promise<void> {
    this.last = mark;
    const filled = FLOW_TABLES.filter((table) => reading.tables[table].length > 0);
    if (filled.length > 0) await this.flush(half, filled);
    this.last = undefined;
  }

  private async flush(half: Half, tables: readonly FlowTable[]): Promise<void> {
    const { kernel, netns, onApplied } = this.options;
    try {
      onApplied(await kernel.emptyFlows(netns, half, tables));
    } catch (error) {
      // Somebody took the sets away; what replaces the table brings new ones.
      if (!(error instanceof KernelError) || error.code !== 'script_refused') throw error;
    }
  }
}

function readMark(place: string, half: Half, { tables }: FlowReading): ReadMark {
  const rows = FLOW_TABLES.flatMap((table) => tables[table].map((count) => `${table} ${count.join(' ')}`));
  // The kernel tells the elements of a set in any order.
  const digest = createHash('sha256').update(rows.sort().join('\n')).digest('base64url');
  return { place, half, digest };
}
