import { expect, it } from 'vitest';
import { parseAway, renderSettings } from './plugin-settings.js';

it('names what is held and what is only asked about, and leaves out what is exempt', () => {
  const text = renderSettings({
    away: { kind: 'wait', seconds: 20 },
    namespaces: new Map([
      ['shop', 'full'],
      ['web', 'visibility_only'],
      ['db', 'selective'],
      ['kube-system', 'full'],
      ['bad\nenforced evil', 'full'],
    ]),
    exempt: new Set(['kube-system']),
  });
  expect(text).toBe('ringfence birth 1\naway wait 20\nenforced db\nenforced shop\nwatched web\nend\n');
});

it.each([
  ['closed', { kind: 'closed' }],
  ['open', { kind: 'open' }],
  ['wait:50', { kind: 'wait', seconds: 50 }],
  ['wait:51', undefined],
  ['wait:0', undefined],
  ['ajar', undefined],
])('reads %s', (text, away) => {
  expect(parseAway(text)).toEqual(away);
});
