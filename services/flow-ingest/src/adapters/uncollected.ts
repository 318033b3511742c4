/** What arrives without the flows that the traffic collector is told to drop. Agents are those of servers, in the corporate network. */
import type { DecoratedFlowBatch } from '@ringfence/contracts';
import { transmissionOf } from '../domain/transmission.js';
import { membership } from '../read/addresses.js';
import { namesSourcePort } from '../read/traffic-collector.store.js';
import type { CollectorSetting } from '../read/traffic-collector.store.js';

interface Sent {
  readonly proto: number;
  readonly port: number;
  readonly from: string;
  readonly to: string;
}
type Drops = (sent: Sent) => boolean;

export interface Collected {
  readonly batches: readonly DecoratedFlowBatch[];
  readonly dropped: number;
}

export function collected(
  batches: readonly DecoratedFlowBatch[],
  settings: readonly CollectorSetting[],
): Collected {
  const drops = settings.flatMap(dropsOf);
  if (drops.length === 0) return { batches, dropped: 0 };
  const kept = batches.map((batch) => ({
    ...batch,
    flows: batch.flows.filter((flow) => {
      const [from, to] = [batch.ends[flow.src]?.address, batch.ends[flow.dst]?.address];
      if (from === undefined || to === undefined) return true;
      return !drops.some((isDropped) => isDropped({ proto: flow.proto, port: flow.port, from, to }));
    }),
  }));
  return { batches: kept, dropped: countOf(batches) - countOf(kept) };
}

const countOf = (batches: readonly DecoratedFlowBatch[]): number =>
  batches.reduce((sum, { flows }) => sum + flows.length, 0);

function dropsOf({ body }: CollectorSetting): Drops[] {
  const { target, transmission } = body;
  if (body.action !== 'drop' || !target || body.data_source === 'endpoint' || body.network === 'external')
    return [];
  if (namesSourcePort(body)) return [];
  const [isFrom, isTo] = [within(target.src_ip), within(target.dst_ip)];
  const port = target.dst_port ?? -1;
  return [
    (sent) =>
      transmissionOf(sent.to) === transmission &&
      (target.proto === -1 || target.proto === sent.proto) &&
      (port === -1 || port === sent.port) &&
      isFrom(sent.from) &&
      isTo(sent.to),
  ];
}

const within = (text: string | null | undefined): ((address: string) => boolean) =>
  text ? membership([{ from: text, to: null, exclusion: false, description: '' }]) : () => true;
