/** Findings for the reports: four minutes, a dozen faults, by default nothing wrong. */
import { now } from '../clock.js';
import type { Circumstances, Findings } from '../findings.js';
import type { Violation } from '../model.js';

export const CIRCUMSTANCES: Circumstances = {
  ...{ seed: 42, minutes: 2, nodes: 2, hogs: 0, only: [] },
  ...{ revision: 'abc1234', machine: '2 × CPU, Node v20' },
};

export function violation(changes: Partial<Violation> = {}): Violation {
  return {
    kind: 'forbidden',
    at: now() - 100_000,
    source: 'shop/stranger-1',
    destination: 'shop/server-1 (10.0.0.1) tcp/80',
    rule: 'no rule allows it (mode:shop=full)',
    status: 'all in force',
    detail: 'open after 3 ms',
    ...changes,
  };
}

const PARTS = ['gateway', 'clas-cache', 'postgres', 'cven-node-1', 'nats-cluster', 'helper of cven-node-2'];

export function findings(changes: Partial<Findings> = {}): Findings {
  const ended = now();
  const began = ended - 240_000;
  const faults = PARTS.flatMap((part, index) =>
    ['kill', 'freeze'].map((how, turn) => {
      const from = began + 15_000 + index * 14_000 + turn * 97_000;
      return { name: `${how} ${part}`, from, ended: from + 4_000, healed: from + 5_000 + index * 900 };
    }),
  );
  return {
    ...{ began, ended, faults, newcomers: 141, changes: 23, longestSilenceMs: 9_000, violations: [] },
    tally: {
      ...{ attempts: 14_211, passed: 3_804, dropped: 10_407, arrivals: 0 },
      ...{ mustNotPass: 9_412, mustPass: 3_120, either: 1_420, unclear: 34, empty: 3 },
    },
    rounds: [
      { from: began + 10_000, to: began + 100_000 },
      { from: began + 112_000, to: began + 214_000 },
    ],
    quietPoints: [4_000, 106_000, 222_000].map((at) => ({ at: began + at, waitedMs: 5_400, compared: 111 })),
    flows: [
      { pair: 'shop-client → shop-server tcp/7300', made: 214, reported: 214, detail: [] },
      { pair: 'shop-client → shop-server tcp/7301', made: 97, reported: 97, detail: [] },
    ],
    seconds: Array.from({ length: 240 }, (_, second): [number, number] => [
      20 + Math.round(6 * Math.sin(second / 9)),
      44 + Math.round(14 * Math.cos(second / 17)),
    ]),
    ...changes,
  };
}
