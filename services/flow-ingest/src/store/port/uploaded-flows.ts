/** What flow-ingest asks of a place that keeps flows which somebody uploaded. */
import type { FlowFilter } from '../../domain/flow-filter.js';
import type { UploadedLines } from '../../domain/uploaded-lines.js';
import type { SearchBounds } from './flow-store.js';

export interface UploadedRow {
  readonly src_ip: string;
  readonly dst_ip: string;
  readonly proto: number;
  readonly port: number;
  readonly uploaded_by: string;
  readonly times: number;
  readonly first_at: string;
  readonly last_at: string;
}

export interface UploadedFlows {
  /** Answers how many older ones went for want of room. */
  add(lines: UploadedLines, by: string, at: Date): Promise<number>;
  search(filter: FlowFilter, bounds: SearchBounds): Promise<UploadedRow[]>;
  prune(today: string): Promise<void>;
}
