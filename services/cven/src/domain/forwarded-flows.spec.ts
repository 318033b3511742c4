import { describe, expect, it } from 'vitest';
import type { FlowCount, FlowReading } from '../kernel/port/kernel.port.js';
import { splitForwarded } from './forwarded-flows.js';

const reading = (nb: FlowCount[]): FlowReading => ({
  tables: { na: [], np: [], nb, bo: [], br: [] },
  overflow: 2,
});
const own = new Set(['172.30.0.11']);

describe('what the guard of a host has dropped', () => {
  it('is the flow of the Pod that it was meant for', () => {
    const dropped: FlowCount = ['10.244.2.6', '10.244.1.4', 6, 5432, 3, 180];
    const { host, forwarded } = splitForwarded(reading([dropped]), own);
    expect(host.tables.nb).toEqual([]);
    expect(forwarded.get('10.244.1.4')?.tables.nb).toEqual([dropped]);
  });

  it('is not what the host itself refused', () => {
    const refused: FlowCount = ['10.0.0.9', '172.30.0.11', 6, 22, 1, 60];
    const { host, forwarded } = splitForwarded(reading([refused]), own);
    expect(host).toEqual(reading([refused]));
    expect(forwarded.size).toBe(0);
  });
});
