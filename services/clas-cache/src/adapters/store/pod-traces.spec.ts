import { describe, expect, it } from 'vitest';
import { PodTraces } from './pod-traces.js';

const first = { traceparent: '00-11111111111111111111111111111111-1111111111111111-01' };
const later = { traceparent: '00-22222222222222222222222222222222-2222222222222222-01' };

describe('a Pod on its way', () => {
  it('stays in the trace of its first observation, whoever tells of it later', () => {
    const traces = new PodTraces();
    expect(traces.seen('pod', first)).toEqual(first);
    expect(traces.seen('pod', later)).toEqual(first);
    expect(traces.seen('pod', {})).toEqual(first);
    expect(traces.seen('other', later)).toEqual(later);
  });

  it('goes on in traces of their own once it has arrived', () => {
    const traces = new PodTraces();
    traces.seen('pod', first);
    traces.keepOnly(() => false);
    expect(traces.seen('pod', later)).toEqual(later);
  });

  it('does not begin one with what came without a trace', () => {
    const traces = new PodTraces();
    expect(traces.seen('pod', {})).toEqual({});
    expect(traces.seen('pod', later)).toEqual(later);
  });
});
