/** The worlds of Antrea's controller benchmarks (networkpolicy_controller_perf_test.go), said in labels; their deny-all is our mode `full`. */
import { allow, AMS, label, labels, pods, ruleSet, spread, tcp } from './shape.js';
import type { Shape } from './shape.js';

/** 25,000 namespaces × (4 Pods in two pairs, 3 rules): each pair admits itself; one rule that admits nobody stands for their deny-all. */
export function smallNamespaces(times = 1): Shape {
  const pairs = labels('role', 2, 1);
  const apps = labels('app', 25_000 * times, 101);
  const labelSets = apps.flatMap((app) => pairs.map((pair) => pods(app.value, pair, app)));
  const nobody = { kind: 'ip_list', id: '1' } as const;
  const ruleSets = apps.map((app, i) =>
    ruleSet(
      i + 1,
      [label(app)],
      [
        allow(1, { providers: [AMS], consumers: [nobody], ports: tcp(1) }),
        ...pairs.map((pair, rule) =>
          allow(rule + 2, { providers: [label(pair)], consumers: [label(pair)], ports: tcp(8080) }),
        ),
      ],
    ),
  );
  return {
    catalogue: { types: ['role', 'app'], labels: [...pairs, ...apps] },
    ...{ labelSets, ruleSets, ipLists: [] },
    endpoints: spread(labelSets, 100_000 * times),
  };
}

/** 100 namespaces × 1,000 Pods in 100 groups of 10, each group admits itself. */
export function largeNamespaces(times = 1): Shape {
  const groups = labels('role', 100, 1);
  const apps = labels('app', 100 * times, 1_001);
  const labelSets = apps.flatMap((app) => groups.map((group) => pods(app.value, group, app)));
  const ruleSets = apps.map((app, i) =>
    ruleSet(
      i + 1,
      [label(app)],
      groups.map((group, rule) =>
        allow(rule + 1, { providers: [label(group)], consumers: [label(group)], ports: tcp(8080) }),
      ),
    ),
  );
  return {
    catalogue: { types: ['role', 'app'], labels: [...groups, ...apps] },
    ...{ labelSets, ruleSets, ipLists: [] },
    endpoints: spread(labelSets, 100_000 * times),
  };
}

/** One namespace, 10,000 Pods with one label, 10,000 policies that each select all of them on both sides. */
export function oneNamespace(times = 1): Shape {
  const app = labels('app', 1, 1)[0]!;
  const labelSets = [pods('one', app)];
  const ruleSets = Array.from({ length: 10_000 * times }, (_, i) =>
    ruleSet(
      i + 1,
      [label(app)],
      [allow(1, { providers: [AMS], consumers: [AMS], ports: tcp(1 + (i % 60_000)) })],
    ),
  );
  return {
    catalogue: { types: ['app'], labels: [app] },
    ...{ labelSets, ruleSets, ipLists: [] },
    endpoints: spread(labelSets, 10_000 * times),
  };
}

/** One namespace, 5,000 pairs: 10,000 Pods with a label of their own, each admits exactly its partner. */
export function policyPerPod(times = 1): Shape {
  const app = labels('app', 1, 1)[0]!;
  const roles = labels('role', 10_000 * times, 101);
  const labelSets = roles.map((role) => pods('one', role, app));
  const ruleSets = roles.map((role, i) =>
    ruleSet(
      i + 1,
      [label(app)],
      [allow(1, { providers: [label(role)], consumers: [label(roles[i ^ 1]!)], ports: tcp(8080) })],
    ),
  );
  return {
    catalogue: { types: ['app', 'role'], labels: [app, ...roles] },
    ...{ labelSets, ruleSets, ipLists: [] },
    endpoints: spread(labelSets, 10_000 * times),
  };
}

/** 1,000 namespaces of 100 companies; 10 × 10 Pods and 10 policies in each, whose peers are 100 Pods of the company's 10 namespaces. */
export function clusterScoped(times = 1): Shape {
  const groups = labels('role', 10, 1);
  const companies = labels('company', 100 * times, 1_001);
  const apps = labels('app', 1_000 * times, 1_000_001);
  const companyOf = (app: number) => companies[app % companies.length]!;
  const labelSets = apps.flatMap((app, i) =>
    groups.map((group) => pods(app.value, group, companyOf(i), app)),
  );
  const ruleSets = apps.map((app, i) =>
    ruleSet(
      i + 1,
      [label(app)],
      groups.map((group, rule) =>
        allow(rule + 1, {
          ...{ providers: [label(group)], consumers: [label(companyOf(i)), label(group)], ports: tcp(8080) },
          isExtra: true,
        }),
      ),
    ),
  );
  return {
    catalogue: { types: ['role', 'company', 'app'], labels: [...groups, ...companies, ...apps] },
    ...{ labelSets, ruleSets, ipLists: [] },
    endpoints: spread(labelSets, 100_000 * times),
  };
}
