import { describe, expect, it } from 'vitest';
import { repeatCommand } from './findings.js';
import { htmlReport } from './report-html.js';
import { textReport } from './report-text.js';
import { groupsOf } from './violation-groups.js';
import { CIRCUMSTANCES, findings, violation } from './testing/findings.builder.js';

describe('the reports', () => {
  it('say that all held, with the numbers and how to repeat it', () => {
    const page = htmlReport(findings(), CIRCUMSTANCES);
    expect(page).toContain('<h1>Nothing got through</h1>');
    expect(page).toContain('9,412');
    expect(page).toContain('311 = 311');
    expect(page).toContain('npm run campaign -- --minutes 2 --seed 42');
    expect(textReport(findings(), CIRCUMSTANCES)).toMatch(/A forbidden packet passed +0\n/);
  });

  it('name each violation with its ends, rule and what the product said', () => {
    const bad = findings({ violations: [violation(), violation({ kind: 'lie', source: 'shop/client-1' })] });
    const [page, text] = [htmlReport(bad, CIRCUMSTANCES), textReport(bad, CIRCUMSTANCES)];
    expect(page).toContain('<h1>2 violations</h1>');
    for (const report of [page, text])
      for (const word of [
        'shop/stranger-1',
        'shop/client-1',
        '10.0.0.1',
        'no rule allows it',
        'all in force',
      ])
        expect(report).toContain(word);
  });

  it('tell what happened to Pods of the same workloads once, with its count', () => {
    const between = (pod: string, count: number) =>
      Array.from({ length: count }, (_, index) =>
        violation({
          source: `open/listener-ab1c${index}`,
          destination: `churn/${pod}${pod.includes('crowd') ? '' : '-'}${index} (10.0.0.${index}) udp/9`,
        }),
      );
    const groups = groupsOf([...between('newcomer', 3), ...between('crowd-66m87sk5bw-hzkd', 2), violation()]);
    expect(groups.map(({ count, source, destination }) => [count, source, destination])).toEqual([
      [3, 'open/listener', 'churn/newcomer udp/9'],
      [2, 'open/listener', 'churn/crowd udp/9'],
      [1, 'shop/stranger', 'shop/server tcp/80'],
    ]);
  });

  it('mark flows that differ', () => {
    const page = htmlReport(
      findings({ flows: [{ pair: 'a → b', made: 10, reported: 9, detail: [] }] }),
      CIRCUMSTANCES,
    );
    expect(page).toContain('10 ≠ 9');
    expect(page).toContain('<tr class="wrong">');
  });

  it('stand alone, and let no text of the cluster become markup', () => {
    const hostile = violation({ source: '<script>alert("x")</script>', status: '<img src=x>' });
    const page = htmlReport(findings({ violations: [hostile] }), CIRCUMSTANCES);
    expect(page).not.toMatch(/<script|<img|https?:/);
    expect(page).toContain('&lt;script&gt;');
  });

  it('show a campaign without faults and without traffic', () => {
    const empty = findings({ faults: [], seconds: [], flows: [], quietPoints: [], rounds: [] });
    expect(htmlReport(empty, CIRCUMSTANCES)).not.toMatch(/NaN|undefined|Infinity/);
    expect(textReport(empty, CIRCUMSTANCES)).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('repeat what was asked for', () => {
    expect(repeatCommand({ ...CIRCUMSTANCES, nodes: 3, hogs: 2, only: ['kill'] })).toBe(
      'npm run campaign -- --minutes 2 --seed 42 --nodes 3 --hogs 2 --only kill',
    );
  });
});
