/** Reading nft's own listing of our table. */
import { COUNTERS, flowSetNames, HALVES } from '@ringfence/firewall';
import { describe, expect, it } from 'vitest';
import { contentsOf, policyPart, withoutFlowElements } from './listing.js';

const listing = `table inet ringfence {
	set h_a_4 {
		type ipv4_addr
		elements = { 10.0.0.1,
			     10.0.0.2 }
	}

	set na4_0 {
		type ipv4_addr . ipv4_addr . inet_proto . inet_service
		flags dynamic,timeout
		elements = { 10.0.0.1 . 10.0.0.2 . tcp . 80 expires 9m59s,
			     10.0.0.3 . 10.0.0.2 . tcp . 80 expires 9m59s }
	}

	chain w_na {
		goto w_na_0
	}

	chain revision {
		return comment "kind=pod mode=full revision=17 generation=3 half=0"
	}
}
`;

describe('a listing', () => {
  it('without what is in the flow sets is the same whoever talked to whom', () => {
    const kept = withoutFlowElements(listing);
    expect(kept).toContain('10.0.0.2 }');
    expect(kept).not.toContain('expires');
    expect(withoutFlowElements(kept)).toBe(kept);
  });

  it('has the same policy after a rotation', () => {
    const rotated = listing.replace('goto w_na_0', 'goto w_na_1').replace('half=0', 'half=1');
    expect(policyPart(rotated)).toBe(policyPart(listing));
    expect(policyPart(listing.replace('generation=3', 'generation=4'))).not.toBe(policyPart(listing));
  });

  it('names what can be replaced around its flow sets, only where all is declared as we declare it', () => {
    const counters = COUNTERS.map((name) => `\tcounter ${name} {\n\t}\n`);
    const flowSets = HALVES.flatMap(flowSetNames).map((name) => {
      const address = name[2] === '4' ? 'ipv4_addr' : 'ipv6_addr';
      return `\tset ${name} {\n\t\ttype ${address} . ${address} . inet_proto . inet_service\n\t\tsize 65535\n\t\tflags dynamic,timeout\n\t\tcounter\n\t\ttimeout 10m\n\t}\n`;
    });
    const chains = ['revision', 'p_in'].map(
      (name) =>
        `\tchain ${name} {\n\t\treturn comment "kind=pod mode=full revision=17 generation=3 half=0"\n\t}\n`,
    );
    const whole = `table inet ringfence {\n${[...counters, ...flowSets, ...chains].join('\n')}}\n`;
    const { objects } = contentsOf(whole) ?? {};
    expect(objects?.chains).toEqual(['revision', 'p_in']);
    expect(objects?.sets).toHaveLength(20);
    const withMap = whole.replace(
      '\tchain p_in',
      '\tmap m {\n\t\ttype ipv4_addr : classid\n\t}\n\tchain p_in',
    );
    expect(contentsOf(withMap)?.objects?.maps).toEqual(['m']);
    for (const [from, to] of [
      ['size 65535', 'size 1'],
      ['timeout 10m', 'timeout 1s'],
      ['set na4_0 {', 'set na4_x {'],
      ['counter c_overflow', 'counter c_other'],
      ['table inet ringfence {', 'table inet ringfence {\n\tflags dormant'],
      ['\tchain p_in', '\tquota q {\n\t\tover 10 mbytes\n\t}\n\tchain p_in'],
    ] as const)
      expect(contentsOf(whole.replace(from, to))?.objects, to).toBeUndefined();
  });

  it('tells a restarted agent what it found', () => {
    expect(contentsOf(listing)).toEqual({
      kind: 'pod',
      mode: 'full',
      revision: 17,
      generation: 3,
      half: 0,
      objects: undefined,
    });
    expect(
      contentsOf(listing.replace('chain revision', 'chain x').replace(/comment .*/, '')),
    ).toBeUndefined();
  });
});
