/** How much is stored, as `traffic_flows/database_metrics` shows it. */
import type { StoredSize } from '../store/port/flow-store.js';

const GIB = 1024 ** 3;

export function flowMetrics({ days, oldestDay, bytes, rows }: StoredSize, retentionDays: number): object {
  const sizes = {
    flows_days: days,
    flows_days_limit: retentionDays,
    flows_size_gb: Number((bytes / GIB).toFixed(3)),
  };
  return {
    ...sizes,
    ...(oldestDay === null ? {} : { flows_oldest_day: oldestDay }),
    // Days are the limit, not gigabytes.
    flows_size_gb_limit: 0,
    server: { ...sizes, num_flows_estimated: rows },
    endpoint: { flows_days: 0, flows_days_limit: 0, flows_size_gb: 0 },
    backlog: {},
    updated_at: new Date().toISOString(),
  };
}
