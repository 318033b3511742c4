import { describe, expect, it } from 'vitest';
import { aBatch, aFlow, outsider, webEnd } from '../testing/flow-batch.builder.js';
import type { CollectorSetting } from '../read/traffic-collector.store.js';
import { collected } from './uncollected.js';

type Setting = Partial<CollectorSetting['body']>;

const drop = (setting: Setting) => [
  {
    id: 'one',
    body: { transmission: 'multicast', action: 'drop', target: { proto: 17 }, ...setting } as const,
  },
];
/** To mDNS, to everybody, to one. */
const batch = aBatch({
  ends: [webEnd, outsider('224.0.0.251'), outsider('255.255.255.255'), outsider('10.0.0.9')],
  flows: [1, 2, 3].map((dst) => aFlow({ dst, target: dst, proto: 17, port: 5353, targetPort: 5353 })),
});
const left = (setting: Setting): number[] =>
  collected([batch], drop(setting)).batches.flatMap(({ flows }) => flows.map(({ dst }) => dst));

describe('what the traffic collector drops', () => {
  it.each<[string, Setting, number[]]>([
    ['is what is sent so', {}, [2, 3]],
    ['is of one kind alone', { transmission: 'broadcast' }, [1, 3]],
    ['is what goes to that port', { target: { proto: 17, dst_port: 5353 } }, [2, 3]],
    ['is nothing to another port', { target: { proto: 17, dst_port: 53 } }, [1, 2, 3]],
    ['is any port where that is said', { target: { proto: 17, dst_port: -1 } }, [2, 3]],
    ['is nothing of another protocol', { target: { proto: 6 } }, [1, 2, 3]],
    ['is what goes to those addresses', { target: { proto: 17, dst_ip: '224.0.0.0/24' } }, [2, 3]],
    ['is nothing to other addresses', { target: { proto: 17, dst_ip: '224.0.1.1' } }, [1, 2, 3]],
    ['is what comes from those addresses', { target: { proto: 17, src_ip: '10.244.0.0/16' } }, [2, 3]],
    ['is nothing from addresses of another kind', { target: { proto: 17, src_ip: 'fe80::/10' } }, [1, 2, 3]],
    ['is nothing of one source port', { target: { proto: 17, src_port: 5353 } }, [1, 2, 3]],
    ['is any source port where that is said', { target: { proto: 17, src_port: -1 } }, [2, 3]],
    ['is nothing where it is only to be added up', { action: 'aggregate' }, [1, 2, 3]],
    ['is nothing of other agents', { data_source: 'endpoint' }, [1, 2, 3]],
  ])('%s', (_, setting, expected) => {
    expect(left(setting)).toEqual(expected);
  });
  it('is counted', () => {
    expect(collected([batch, batch], drop({})).dropped).toBe(2);
    expect(collected([batch], [])).toEqual({ batches: [batch], dropped: 0 });
  });
});
