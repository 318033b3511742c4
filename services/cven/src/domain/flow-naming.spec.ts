/** Counts of the kernel → flows with verdict, direction, bytes and the rule that decided. */
import type { Unit, WireRule } from '@ringfence/contracts';
import { endpointUnit } from '@ringfence/firewall';
import { describe, expect, it } from 'vitest';
import type { FlowCount, FlowReading } from '../kernel/port/kernel.port.js';
import { modelOf, unitOf } from '../testing/models.js';
import { nameFlows } from './flow-naming.js';

const POD = '10.0.0.2';
const rule = (ref: string, extra: Partial<WireRule> = {}): WireRule => ({
  ref,
  class: 'allow',
  ports: [{ proto: 6, from: 80 }],
  peers: ['g-00000000000000000001'],
  ...extra,
});
const shop = unitOf('full', {
  ingress: [
    rule('/rules/1'),
    rule('/rules/2', { ports: [{ proto: 1, icmpType: 8 }] }),
    rule('/deny/3', { class: 'deny', ports: [{ proto: 6, from: 81 }] }),
  ],
  egress: [rule('/rules/4', { ports: [{ proto: 17, from: 53 }] })],
});
const reading = (tables: Partial<FlowReading['tables']>): FlowReading => ({
  tables: { na: [], np: [], nb: [], bo: [], br: [], ...tables },
  overflow: 0,
});
const named = (tables: Partial<FlowReading['tables']>, unit: Unit = shop) =>
  nameFlows(reading(tables), {
    unit,
    model: modelOf(unit, { 1: ['10.0.0.1', '10.5.0.0/16'] }),
    own: new Set([POD]),
  });
const flow = (src: string, dst: string, proto: number, port: number, packets = 1, bytes = 60): FlowCount => [
  src,
  dst,
  proto,
  port,
  packets,
  bytes,
];

describe('flows of an interval', () => {
  it('name the rule that names workloads, as the table of one of them has it', () => {
    const workload = '7d3c1e0a-0000-4000-8000-000000000001';
    const named = endpointUnit(
      unitOf('full', { ingress: [rule('/rules/1', { onlyWorkloads: [workload] })] }),
      { workload, probePorts: [] },
    );
    const model = modelOf(named, { 1: ['10.0.0.1'] });
    const count = flow('10.0.0.1', POD, 6, 80);
    const { flows, disagreements } = nameFlows(reading({ na: [count] }), {
      unit: named,
      model,
      own: new Set([POD]),
    });
    expect({ rule: flows[0]?.rule, disagreements }).toEqual({ rule: '/rules/1', disagreements: 0 });
  });

  it('join what the opener sent and what came back, and name the rule', () => {
    const { flows } = named({
      na: [flow('10.0.0.1', POD, 6, 80, 3, 180)],
      bo: [flow('10.0.0.1', POD, 6, 80, 9, 1000)],
      br: [flow('10.0.0.1', POD, 6, 80, 8, 5000)],
    });
    expect(flows).toEqual([
      {
        src: '10.0.0.1',
        dst: POD,
        direction: 'inbound',
        proto: 6,
        port: 80,
        verdict: 'allowed',
        state: 'new',
        connections: 3,
        bytesOut: 1180,
        bytesIn: 5000,
        rule: '/rules/1',
        ruleClass: 'allow',
      },
    ]);
  });

  it('are active when no connection began', () => {
    expect(named({ bo: [flow('10.5.3.3', POD, 6, 80)] }).flows).toMatchObject([
      { state: 'active', connections: 0, verdict: 'allowed', rule: '/rules/1' },
    ]);
  });

  it('name the deny rule that blocked, and none where the default did', () => {
    const { flows } = named({ nb: [flow('10.0.0.1', POD, 6, 81), flow('10.9.9.9', POD, 6, 80)] });
    expect(flows).toMatchObject([
      { verdict: 'blocked', rule: '/deny/3', ruleClass: 'deny' },
      { verdict: 'blocked', rule: null, ruleClass: null },
    ]);
  });

  it('of the Pod itself are outbound', () => {
    expect(named({ na: [flow(POD, '10.0.0.1', 17, 53)] }).flows).toMatchObject([
      { direction: 'outbound', rule: '/rules/4' },
    ]);
  });

  it('join an echo with its answer, which bears another type', () => {
    const { flows } = named({
      na: [flow('10.0.0.1', POD, 1, 2048)],
      br: [flow('10.0.0.1', POD, 1, 0, 1, 84)],
    });
    expect(flows).toMatchObject([{ port: 2048, bytesIn: 84, rule: '/rules/2' }]);
  });

  it('of protocols without ports are one flow, whatever stood in the field', () => {
    expect(
      named({ nb: [flow('10.0.0.1', POD, 47, 17_000, 2), flow('10.0.0.1', POD, 47, 18_000, 3)] }).flows,
    ).toMatchObject([{ proto: 47, port: 0, connections: 5 }]);
  });

  it('keep the verdict of the kernel where the engine disagrees, name no rule, and are counted', () => {
    const result = named({ na: [flow('10.9.9.9', POD, 6, 80)] });
    expect(result.disagreements).toBe(1);
    expect(result.flows).toMatchObject([{ verdict: 'allowed', rule: null }]);
  });

  it('in visibility are potentially blocked, also while they go on', () => {
    const visible = { ...shop, mode: 'visibility_only' as const };
    const { flows, disagreements } = named(
      { np: [flow('10.9.9.9', POD, 6, 80)], bo: [flow('10.8.8.8', POD, 6, 99)] },
      visible,
    );
    expect(flows.map(({ verdict }) => verdict)).toEqual(['potentially_blocked', 'potentially_blocked']);
    expect(disagreements).toBe(0);
  });

  it('are not made of ICMP errors: those belong to the connection that they are about', () => {
    const portUnreachable = 3 * 256 + 3;
    expect(named({ br: [flow(POD, '10.0.0.1', 1, portUnreachable)] }).flows).toEqual([]);
    expect(named({ nb: [flow('10.0.0.9', POD, 1, portUnreachable)] }).flows).toHaveLength(1);
  });
});
