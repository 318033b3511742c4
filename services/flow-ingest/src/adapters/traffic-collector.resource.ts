/** `settings/traffic_collector`. What they leave out of what arrives is beside this, in `uncollected.ts`. */
import { CallError } from '@ringfence/bus';
import { TrafficCollectorCreate, TrafficCollectorUpdate } from '@ringfence/contracts';
import type { ResourceRequest, TrafficCollectorItem } from '@ringfence/contracts';
import { invalid, maxResults, notFound, orgHref, parsed } from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import { isAddressOrCidr } from '../read/addresses.js';
import { MOST_SETTINGS, namesSourcePort } from '../read/traffic-collector.store.js';
import type { CollectorSetting, TrafficCollector } from '../read/traffic-collector.store.js';

const LETTERS = { broadcast: 'B', multicast: 'M', unicast: 'U' } as const;
const WORDS = { B: 'broadcast', M: 'multicast', U: 'unicast' } as const;

export function trafficCollectorOperations(collector: TrafficCollector): Operations {
  const one = async ({ ids: [id] }: ResourceRequest): Promise<CollectorSetting> => {
    const found = id === undefined ? null : await collector.get(id);
    if (found === null) throw gone();
    return found;
  };
  return {
    list: async ({ query }) => {
      const all = (await collector.list()).map(show);
      return { body: all.slice(0, maxResults(query)), total: all.length, matched: all.length };
    },
    get: async (request) => ({ body: show(await one(request)) }),
    create: async (request) => {
      const added = await collector.add(sensible(parsed(TrafficCollectorCreate, request.body)));
      if (added !== undefined) return { body: show(added) };
      const most = `there are ${String(MOST_SETTINGS)} settings of the traffic collector, which is the most`;
      throw CallError.of('RESOURCE_EXHAUSTED', 'too_many_requests_error', most);
    },
    update: async (request) => {
      const change = parsed(TrafficCollectorUpdate, request.body);
      const [id = ''] = request.ids;
      if (!(await collector.change(id, (before) => sensible({ ...before, ...change })))) throw gone();
      return {};
    },
    delete: async (request) => {
      await collector.remove((await one(request)).id);
      return {};
    },
  };
}

const gone = (): CallError => notFound('setting of the traffic collector');

function sensible(body: TrafficCollectorCreate): CollectorSetting['body'] {
  if (body.action === 'drop' && !body.target) throw invalid('target: must say what is dropped');
  for (const field of ['dst_ip', 'src_ip'] as const) {
    const text = body.target?.[field];
    if (text && !isAddressOrCidr(text)) throw invalid(`target.${field}: must be an address or a CIDR`);
  }
  const { transmission: sent } = body;
  return { ...body, transmission: sent === 'B' || sent === 'M' || sent === 'U' ? WORDS[sent] : sent };
}

const UNTOLD_BY_SOURCE_PORT = 'flows are added up over their source ports, so that none is dropped for one';

function show({ id, body }: CollectorSetting): TrafficCollectorItem {
  return {
    href: orgHref(`settings/traffic_collector/${id}`),
    transmission: LETTERS[body.transmission],
    action: body.action,
    ...(body.target && { target: body.target }),
    data_source: body.data_source ?? 'any',
    network: body.network ?? 'any',
    ...(namesSourcePort(body) && { not_enforced: UNTOLD_BY_SOURCE_PORT }),
  };
}
