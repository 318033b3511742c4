/** Worlds of our own: what a cluster of our users looks like. */
import { allow, label, labels, pods, ruleSet, spread, tcp } from './shape.js';
import type { Shape } from './shape.js';

/** 10,000 Pods in 500 label sets (50 applications × 10 roles) with 1,000 rules (20 in each application's rule set). */
export function applications(times = 1): Shape {
  const roles = labels('role', 10, 1);
  const apps = labels('app', 50 * times, 101);
  const labelSets = apps.flatMap((app) => roles.map((role) => pods(app.value, role, app)));
  const ruleSets = apps.map((app, i) =>
    ruleSet(
      i + 1,
      [label(app)],
      Array.from({ length: 20 }, (_, rule) => {
        const [provider, consumer] = [roles[rule % 10]!, roles[(rule * 3 + 1) % 10]!];
        return allow(rule + 1, {
          ...{ providers: [label(provider)], consumers: [label(consumer)], ports: tcp(8000 + rule) },
        });
      }),
    ),
  );
  return {
    catalogue: { types: ['role', 'app'], labels: [...roles, ...apps] },
    ...{ labelSets, ruleSets, ipLists: [] },
    endpoints: spread(labelSets, 10_000 * times),
  };
}
