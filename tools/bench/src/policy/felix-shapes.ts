/** The worlds of Calico Felix' benchmarks (calc_graph_bench_test.go), said in labels. Theirs computes one node, ours all. */
import { allow, AMS, label, labels, pods, ruleSet, spread, tcp } from './shape.js';
import type { Shape } from './shape.js';

/**
 * The shape of tag policies: endpoints in 100 namespaces, each with five labels that count on and one of 29 markers, so that each
 * is a label set of its own; 10,000 policies for a marker, each admitting five others.
 */
export function wide(times = 1): Shape {
  const markers = labels('marker', 29, 1);
  const counting = [10, 11, 20, 30, 40].map((every) => labels(`in-${every}`, every, every * 10_000 + 1_000));
  const labelSets = Array.from({ length: 250_000 * times }, (_, n) => {
    const counted = counting.map((of) => of[n % of.length]!);
    return pods(`ns-${n % 100}-${Math.floor(n / 100)}`, markers[n % 29]!, ...counted);
  });
  const marker = (i: number) => label(markers[i % 29]!);
  const ruleSets = Array.from({ length: 10_000 * times }, (_, i) =>
    ruleSet(
      i + 1,
      [marker(i)],
      [1, 2, 3, 4, 5].map((rule) =>
        allow(rule, {
          ...{ providers: [marker(i)], consumers: [marker(i + rule)], ports: tcp(8_000 + rule) },
          isExtra: true,
        }),
      ),
    ),
  );
  return {
    catalogue: {
      types: ['marker', ...counting.map(([first]) => first!.key)],
      labels: [...markers, ...counting.flat()],
    },
    ...{ labelSets, ruleSets, ipLists: [] },
    endpoints: spread(labelSets, labelSets.length),
  };
}

/** `customers` namespaces of one Pod, which has 15 labels, and one policy: all within the namespace, and DNS to one address. */
export function isolatedCustomers(customers: number): Shape {
  const apps = labels('app', customers, 10_000_001);
  const binary = [0, 1, 2, 3].map((n) => labels(`binary-${n}`, 2, 1_000 + n * 10));
  const small = [0, 1, 2, 3].map((n) => labels(`small-${n}`, 5, 2_000 + n * 10));
  const others = [0, 1, 2, 3].map((n) => labels(`other-${n}`, 20, 3_000 + n * 100));
  const constant = labels('constant', 1, 1);
  const many = labels('many', 5_000, 100_000);
  const types = [...binary, ...small, ...others, constant, many];
  const labelSets = apps.map((app, i) =>
    pods(app.value, app, ...types.map((of) => of[(i * 7) % of.length]!)),
  );
  const ruleSets = apps.map((app, i) =>
    ruleSet(
      i + 1,
      [label(app)],
      [
        allow(1, { providers: [AMS], consumers: [AMS], ports: { proto: -1 } }),
        allow(2, {
          providers: [{ kind: 'ip_list', id: '2' }],
          consumers: [AMS],
          ports: { proto: 17, from: 53 },
        }),
      ],
    ),
  );
  const dns = { from: '10.96.0.10', to: null, exclusion: false, description: '' };
  return {
    catalogue: { types: ['app', ...types.map(([first]) => first!.key)], labels: [...apps, ...types.flat()] },
    ...{ labelSets, ruleSets },
    ipLists: [{ id: '2', name: 'dns', description: '', ranges: [dns], fqdns: [] }],
    endpoints: spread(labelSets, customers),
  };
}
