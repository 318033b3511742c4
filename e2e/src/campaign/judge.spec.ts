/** A green campaign means something only if the judge sees what is planted. */
import { describe, expect, it } from 'vitest';
import { Judge } from './judge.js';
import type { Arrival, Source } from './model.js';
import { attempt, bookOf, knobs, pod, POLICY, source } from './testing/town.builder.js';

const SERVER = '10.0.0.1';
const NEWCOMER = '10.0.0.2';
const client = source('shop', 'client');
const stranger = source('shop', 'stranger');
const listener: Source = { ...source('open', 'listener'), address: '10.0.0.7' };
const silent = { toldAround: () => '' };

function judge(status = silent, history = knobs()) {
  const book = bookOf(
    (second) => [
      pod('server', SERVER),
      pod('newcomer', NEWCOMER, { role: 'newcomer', createdAt: 4_000, isReady: second >= 8 }),
    ],
    60,
  );
  return new Judge(POLICY, history, book, status);
}
const kinds = (of: Judge): string[] => of.violations.map(({ kind }) => kind);

function arrival(changes: Partial<Arrival>): Arrival {
  return {
    ...{ at: listener, port: 9, proto: 17, address: NEWCOMER, began: 5_000, ended: 5_001, sender: null },
    ...changes,
  };
}

describe('the judge', () => {
  it('accuses nobody when all is as the oracle says', () => {
    const fair = judge();
    fair.attempt(attempt(client, SERVER));
    fair.attempt(attempt(stranger, SERVER, { outcome: 'dropped' }));
    expect(fair.violations).toEqual([]);
    expect(fair.tally).toMatchObject({ attempts: 2, passed: 1, dropped: 1, mustPass: 1, mustNotPass: 1 });
  });

  it('sees a forbidden connection, and one that was only answered with a reset', () => {
    const fair = judge();
    fair.attempt(attempt(stranger, SERVER));
    fair.attempt(attempt(stranger, SERVER, { outcome: 'refused' }));
    expect(kinds(fair)).toEqual(['forbidden', 'forbidden']);
    expect(fair.violations[0]).toMatchObject({
      source: 'shop/stranger-1',
      destination: 'shop/server (10.0.0.1) tcp/80',
      status: 'all in force',
    });
  });

  it('sees a forbidden packet arrive, from a Pod that introduces itself or by its address', () => {
    const fair = judge();
    fair.arrival(arrival({ sender: 'newcomer' }));
    fair.arrival(arrival({}));
    expect(kinds(fair)).toEqual(['forbidden', 'forbidden']);
  });

  it('sees a forbidden packet into a Pod that is just being born', () => {
    const fair = judge();
    fair.attempt(attempt(listener, NEWCOMER, { began: 4_100, ended: 4_110 }));
    expect(kinds(fair)).toEqual(['forbidden']);
  });

  it('takes a reset of a namespace in which nothing ran for no packet that got anywhere', () => {
    const born = bookOf(() => [pod('newcomer', NEWCOMER, { role: 'newcomer', startedAt: 7_000 })], 60);
    const fair = new Judge(POLICY, knobs(), born, silent);
    const knock = (began: number, outcome: 'open' | 'refused') =>
      fair.attempt(attempt(listener, NEWCOMER, { began, ended: began + 10, outcome }));
    knock(5_000, 'refused');
    expect(fair.violations).toEqual([]);
    expect(fair.tally.empty).toBe(1);
    knock(5_000, 'open');
    knock(9_000, 'refused');
    expect(kinds(fair)).toEqual(['forbidden', 'forbidden']);
  });

  it('sees an allowed connection refused, but not before its Pod was said to be ready', () => {
    const fair = judge();
    fair.attempt(attempt(client, SERVER, { outcome: 'dropped' }));
    expect(kinds(fair)).toEqual(['refused']);
    const young = bookOf((second) => [pod('young', SERVER, { isReady: second >= 10 })], 60);
    const patient = new Judge(POLICY, knobs(), young, silent);
    patient.attempt(attempt(client, SERVER, { outcome: 'dropped' }));
    expect(patient.violations).toEqual([]);
    expect(patient.tally.either).toBe(1);
  });

  it('calls the status a liar at a quiet point', () => {
    const fair = judge();
    fair.attempt(attempt(stranger, SERVER), true);
    fair.attempt(attempt(client, SERVER, { outcome: 'dropped' }), true);
    expect(kinds(fair)).toEqual(['lie', 'lie']);
  });

  it('lets either answer be right while a change is on its way, and only the new one after', () => {
    const history = knobs();
    history.ask('rule:web', 'off', 4_000);
    history.accept('rule:web', 4_100);
    history.settle(9_000, 8_000);
    const fair = judge(silent, history);
    fair.attempt(attempt(client, SERVER));
    fair.attempt(attempt(client, SERVER, { outcome: 'dropped' }));
    expect(fair.violations).toEqual([]);
    fair.attempt(attempt(client, SERVER, { began: 9_500, ended: 9_600 }));
    expect(kinds(fair)).toEqual(['forbidden']);
  });

  it('accuses of silence what lasts longer than it may stay unsaid, once', () => {
    const open = (of: Judge): void => {
      for (let began = 5_000; began < 20_000; began += 1_000)
        of.attempt(attempt(stranger, SERVER, { began, ended: began + 10 }));
    };
    const quiet = judge();
    open(quiet);
    expect(kinds(quiet).filter((kind) => kind === 'untold')).toEqual(['untold']);
    const honest = judge({ toldAround: () => 'shop/server: in force on 0 of 1' });
    open(honest);
    expect(kinds(honest)).not.toContain('untold');
    expect(kinds(honest)).toContain('forbidden');
  });

  it('calls short leaks far apart what they are, not silence', () => {
    const fair = judge();
    for (const began of [5_000, 15_000, 25_000])
      fair.attempt(attempt(stranger, SERVER, { began, ended: began + 10 }));
    expect(kinds(fair)).toEqual(['forbidden', 'forbidden', 'forbidden']);
  });

  it('counts what it cannot judge', () => {
    const fair = judge();
    fair.attempt(attempt(client, '10.0.0.77'));
    expect(fair.violations).toEqual([]);
    expect(fair.tally.unclear).toBe(1);
  });
});
