import { describe, expect, it } from 'vitest';
import { callTree } from './call-tree.js';
import { toDot, toMermaid } from './drawings.js';
import type { Edge } from './flow-edges.js';
import { toSvg } from './svg.js';

function edge(from: string, to: string, verdict: Edge['verdict'] = 'allowed', port = '80/tcp'): Edge {
  const at = '2026-11-20T10:00:00.000Z';
  return { from, to, port, verdict, rule: 'shop / any', connections: 1, first_seen: at, last_seen: at };
}
const shop = [
  edge('shop/web', 'shop/api'),
  edge('shop/api', 'shop/db', 'potentially_blocked', '5432/tcp'),
  edge('shop/web', 'shop/db', 'blocked', '5432/tcp'),
  edge('node-1', 'shop/web'),
];
const plain = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, '');

describe('the call tree', () => {
  it('goes from those whom nobody calls down, and opens each once', () => {
    expect(plain(callTree(shop))).toBe(
      [
        'node-1',
        '└─▶ shop/web 80/tcp  allowed: shop / any',
        '    ├─▶ shop/api 80/tcp  allowed: shop / any',
        '    │   └─▶ shop/db 5432/tcp  potentially_blocked: shop / any',
        '    └─▶ shop/db 5432/tcp  blocked: shop / any',
        '',
      ].join('\n'),
    );
  });

  it('shows every connection of a circle once', () => {
    const circle = [edge('a', 'b'), edge('b', 'c'), edge('c', 'a'), edge('b', 'b')];
    expect(plain(callTree(circle)).match(/▶/g)).toHaveLength(4);
    expect(plain(callTree(circle))).toContain('▶ a 80/tcp  allowed: shop / any  (above)');
  });
});

describe('a drawing', () => {
  it('for Graphviz has a box per namespace and a colour per verdict', () => {
    const dot = toDot(shop);
    expect(dot).toMatch(/^digraph ringfence \{[\s\S]*subgraph cluster_\d \{\n {4}label="shop"[\s\S]*\}\n$/);
    expect(dot.match(/->/g)).toHaveLength(4);
    expect(dot).toContain('[label="5432/tcp", color="#d23f3f", tooltip="blocked"]');
  });

  it('for Mermaid says the same', () => {
    expect(toMermaid([edge('shop/web', 'shop/api')])).toBe(
      [
        'flowchart LR',
        '  subgraph s0 ["shop"]',
        '    n0["api"]',
        '    n1["web"]',
        '  end',
        '  n1 -->|"80/tcp"| n0',
        '  linkStyle 0 stroke:#2e9e5b',
        '',
      ].join('\n'),
    );
  });

  it('as SVG puts callers left of whom they call, a circle included', () => {
    const svg = toSvg([...shop, edge('shop/db', 'shop/web')]);
    const leftOf = (name: string): number =>
      Number(new RegExp(`<text x="(\\d+)"[^>]*font-weight="600">${name}<`).exec(svg)?.[1]);
    expect(leftOf('node-1')).toBeLessThan(leftOf('web'));
    expect(leftOf('web')).toBeLessThan(leftOf('api'));
    expect(leftOf('api')).toBeLessThan(leftOf('db'));
    expect(svg.match(/<path/g)).toHaveLength(5);
  });

  it.each([
    [toDot, 'label="\\"><b>\\\\"'],
    [toMermaid, '["#quot;><b>\\"]'],
    [toSvg, '>&quot;&gt;&lt;b&gt;\\<'],
  ])('lets no name out of its quotes (%#)', (draw, expected) => {
    expect(draw([edge('"><b>\\', 'api')])).toContain(expected);
  });
});
