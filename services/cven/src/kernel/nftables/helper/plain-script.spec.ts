/** Which scripts need no libnftables: those that follow from an address that comes or goes, and from the clock. */
import { changeBetween, renderChange, renderFlush, renderTable, rotation } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import { describe, expect, it } from 'vitest';
import { allow, modelOf, unitOf } from '../../../testing/models.js';
import { plainScript } from './plain-script.js';

const rules = {
  ingress: [allow([1], { proto: 6, from: 80 })],
  egress: [allow([2], { proto: 17, from: 53 })],
};
const of = (...members: string[]): FirewallModel =>
  modelOf(unitOf('full', rules), { 1: members, 2: ['10.0.0.9', 'fd00::9'] });
const scriptBetween = (from: FirewallModel, to: FirewallModel): string => {
  const change = changeBetween(from, to);
  if (change === 'nothing') throw new Error('expected a change');
  return renderChange(change);
};
const isPlain = (script: string): boolean => plainScript(script) !== undefined;

describe('a plain script', () => {
  const before = of('10.0.0.1', 'fd00::1');

  it('is that of an address that comes, of one that leaves and revokes, and of a rotation', () => {
    expect(isPlain(scriptBetween(before, of('10.0.0.1', 'fd00::1', '10.0.0.2', '2001:db8::2')))).toBe(true);
    expect(isPlain(scriptBetween(of('10.0.0.1', '10.0.0.2', 'fd00::1'), before))).toBe(true);
    expect(isPlain(renderChange(rotation(before)))).toBe(true);
    expect(isPlain(renderFlush(0, ['na', 'br']))).toBe(true);
  });

  it('is none with whatever else is in it, whole tables and CIDRs for two', () => {
    expect(isPlain(renderTable(before))).toBe(false);
    expect(isPlain(scriptBetween(before, of('10.0.0.1', 'fd00::1', '10.1.0.0/16')))).toBe(false);
    expect(isPlain('add element inet ringfence n_in_4 { 10.0.0.1 : 1:1 }\n')).toBe(false);
    expect(isPlain('add element inet other c_in_4 { 10.0.0.1 : 1:1 }\n')).toBe(false);
    for (const element of [
      '10.0.0.0/8 : 1:1',
      '10.0.0.1-10.0.0.2',
      'name',
      '::ffff:1.2.3.4',
      '1:2:3 : 1:1',
      '10.0.0.1 : x',
    ])
      expect([element, isPlain(`add element inet ringfence c_in_4 { ${element} }\n`)]).toEqual([
        element,
        false,
      ]);
    for (const rule of ['jump m_fast', 'goto a goto', 'ct mark 0x1 accept', 'ct state new goto w_na'])
      expect([rule, isPlain(`add rule inet ringfence w_na ${rule}\n`)]).toEqual([rule, false]);
    expect(isPlain('\n')).toBe(false);
  });
});
