/** The page as a browser is given it, for each thing that may be known. */
import type { Health } from '@ringfence/contracts';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { answered, failed, NOTHING_YET } from '../api/live.calculator.js';
import type { Live } from '../api/live.calculator.js';
import { report } from '../testing/health-report.js';
import { HealthShown } from './health.page.js';

const NOW = Date.now();
const shown = (live: Live<Health>): string => renderToStaticMarkup(createElement(HealthShown, { live }));

describe('the health page', () => {
  it('says that it asks, and why it has no answer yet', () => {
    expect(shown(NOTHING_YET)).toContain('aria-busy="true"');
    const page = shown(failed(NOTHING_YET, 'the gateway does not answer', NOW));
    expect(page).toContain('role="alert"');
    expect(page).toContain('Trying again by itself: the gateway does not answer.');
  });

  it('shows the verdict, each cluster and each service', () => {
    const page = shown(answered(report(), NOW));
    expect(page).toContain('<h1>Everything is as it should be</h1>');
    for (const words of ['lab', 'in sync', '12 in force', 'inventory', 'gateway', 'Ringfence 1.2.3'])
      expect(page).toContain(words);
    expect(page).not.toContain('Needs attention');
  });

  it('shows what needs attention, in words beside the colour, and never as markup', () => {
    const notifications = [{ status: 'critical', token: 't', message: 'cluster <b>lab</b> is late' }];
    const page = shown(answered(report({ status: 'critical', notifications }, ['inventory: postgres']), NOW));
    expect(page).toContain('Needs attention');
    expect(page).toContain('cluster &lt;b&gt;lab&lt;/b&gt; is late');
    expect(page).toContain('aria-label="critical"');
    expect(page).toContain('postgres');
  });

  it('keeps the last answer in sight while there is no new one, marked as an old one', () => {
    const page = shown(failed(answered(report(), NOW - 60_000), 'timed out', NOW));
    expect(page).toContain('Reconnecting');
    expect(page).toMatch(/was told .* ago: timed out/);
    expect(page).toContain('class="stale"');
    expect(page).toContain('12 in force');
  });

  it('says what to do when there is no cluster yet', () => {
    expect(shown(answered(report({ ringfence_clusters: [] }), NOW))).toContain('No cluster yet');
  });
});
