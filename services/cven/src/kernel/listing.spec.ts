/** Reading nft's own listing of our table. */
import { describe, expect, it } from 'vitest';
import { foundTable, policyPart, withoutFlowElements } from './listing.js';

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

  it('tells a restarted agent what it found', () => {
    expect(foundTable(listing)).toEqual({ kind: 'pod', mode: 'full', revision: 17, generation: 3, half: 0 });
    expect(
      foundTable(listing.replace('chain revision', 'chain x').replace(/comment .*/, '')),
    ).toBeUndefined();
  });
});
