import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fewProducts } from './products.js';
import type { Product, Triple } from './products.js';

const text = (triple: Triple): string => `${triple.consumers} ${triple.providers} ${triple.services}`;
const saidBy = ({ consumers, providers, services }: Product): string[] =>
  consumers.flatMap((one) => providers.flatMap((to) => services.map((on) => `${one} ${to} ${on}`)));
const anyTriples = fc.array(
  fc.record({
    consumers: fc.constantFrom('web', 'api', 'job'),
    providers: fc.constantFrom('api', 'db'),
    services: fc.constantFrom('80', '443', '5432'),
  }),
  { maxLength: 12 },
);

describe('triples joined into products', () => {
  it('say exactly what the triples say, each once, in any order', () => {
    fc.assert(
      fc.property(anyTriples, (triples) => {
        const products = fewProducts(triples);
        const said = products.flatMap(saidBy);
        expect(new Set(said)).toEqual(new Set(triples.map(text)));
        expect(said).toHaveLength(new Set(said).size);
        expect(fewProducts([...triples].reverse())).toEqual(products);
      }),
    );
  });

  it('are one where everybody does the same, and never more than one for each consumer and provider', () => {
    const all = ['web', 'job'].flatMap((consumers) =>
      ['80', '443'].map((services) => ({ consumers, providers: 'api', services })),
    );
    expect(fewProducts(all)).toEqual([
      { consumers: ['job', 'web'], providers: ['api'], services: ['443', '80'] },
    ]);
    fc.assert(
      fc.property(anyTriples, (triples) => {
        const pairs = new Set(triples.map(({ consumers, providers }) => `${consumers} ${providers}`));
        expect(fewProducts(triples).length).toBeLessThanOrEqual(pairs.size);
      }),
    );
  });
});
