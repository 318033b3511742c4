import { describe, expect, it } from 'vitest';
import { compatibility } from './compatibility.js';

const fit = { isOnline: true, errors: [], cutByFull: [], heardAt: new Date('2026-01-01T00:00:00Z') };

describe('whether a node is fit for full enforcement', () => {
  it('is as its worst test says', () => {
    expect(compatibility(fit)).toEqual({
      last_updated_at: '2026-01-01T00:00:00.000Z',
      qualify_status: 'green',
      results: {
        qualify_tests: [
          { agent_is_heard: true, status: 'green' },
          { connections_cut_by_full: [], status: 'green' },
        ],
      },
    });
    const cut = { ...fit, cutByFull: [{ peer: '10.0.0.9', proto: 6 as const, port: 22 }] };
    expect(compatibility(cut).qualify_status).toBe('yellow');
    expect(compatibility({ ...fit, cutByFull: null }).qualify_status).toBe('yellow');
    const ailing = { ...cut, errors: [{ token: 'kernel_too_old', message: 'of 2009' }] };
    expect(compatibility(ailing)).toMatchObject({
      qualify_status: 'red',
      results: { qualify_tests: [{}, { kernel_too_old: 'of 2009', status: 'red' }, {}] },
    });
    expect(compatibility({ ...fit, isOnline: false }).qualify_status).toBe('red');
  });
});
