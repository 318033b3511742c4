import { describe, expect, it } from 'vitest';
import { freeSlots, nodeAddresses, planForSlot, slotCount } from './address-plan.js';

describe('the address plan', () => {
  it('gives each slot networks of its own', () => {
    const networks = Array.from({ length: slotCount }, (_, slot) => planForSlot(slot)).flatMap((plan) => [
      plan.nodeNetwork,
      plan.podNetwork,
    ]);
    expect(new Set(networks).size).toBe(2 * slotCount);
  });

  it('gives each node an address and a part of the Pod network', () => {
    expect(nodeAddresses(planForSlot(2), 3)).toEqual({ address: '172.30.2.13', podCidr: '10.246.3.0/24' });
  });

  it('leaves out slots that the machine uses, whichever network contains the other', () => {
    expect(freeSlots([])).toHaveLength(slotCount);
    expect(freeSlots(['172.30.0.1/24', '10.245.3.0/24'])[0]).toBe(2);
    expect(freeSlots(['172.16.0.0/12'])).toEqual([]);
    expect(freeSlots(['192.168.1.5', '127.0.0.0/8'])).toHaveLength(slotCount);
  });
});
