import { describe, expect, it } from 'vitest';
import { idOfToken, parseSubject, subjects } from './subjects.js';

describe('a subject', () => {
  it.each(['node-1', 'node.with.dots', 'a b', '*', ''])('is read as it was written, for %j', (id) => {
    const { lane, cluster, kind, token } = parseSubject(subjects.observation('c1', 'pod', id));
    expect([lane, cluster, kind, idOfToken(token)]).toEqual(['obs', 'c1', 'pod', id]);
  });

  it('that is not one of ours has empty parts', () => {
    expect(parseSubject('obs.c1')).toEqual({ lane: 'obs', cluster: 'c1', kind: '', token: '' });
  });
});
