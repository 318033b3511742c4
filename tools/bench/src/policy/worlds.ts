/** The worlds by name. `theirs`: what their authors' engine took for the same on two quiet cores of this kind, or ours is to take. */
import {
  clusterScoped,
  largeNamespaces,
  oneNamespace,
  policyPerPod,
  smallNamespaces,
} from './antrea-shapes.js';
import { isolatedCustomers, wide } from './felix-shapes.js';
import { applications } from './own-shapes.js';
import type { Shape } from './shape.js';

export interface World {
  readonly title: string;
  readonly theirs: string;
  make(times: number): Shape;
}

export const WORLDS: Readonly<Record<string, World>> = {
  applications: {
    title: '10,000 Pods in 500 label sets, 1,000 rules',
    theirs: 'nothing of theirs',
    make: applications,
  },
  'small-namespaces': {
    title: "100,000 Pods in 25,000 namespaces, 75,000 rules (Antrea's SmallNamespaces)",
    theirs: 'aim 1.8 s and 0.5 GB (Antrea 2.5.3 on such a machine: some 2 s, 1.6 GB)',
    make: smallNamespaces,
  },
  'large-namespaces': {
    title: "100,000 Pods in 100 namespaces, 10,000 rules (Antrea's LargeNamespaces)",
    theirs: 'aim 0.5 s',
    make: largeNamespaces,
  },
  'one-namespace': {
    title: "10,000 Pods of one label set, 10,000 rules (Antrea's OneNamespace)",
    theirs: 'aim 0.14 s',
    make: oneNamespace,
  },
  'cluster-scoped': {
    title: "100,000 Pods in 1,000 namespaces of 100 companies, 10,000 rules (Antrea's ClusterScopedNetpol)",
    theirs: 'aim 0.4 s',
    make: clusterScoped,
  },
  'policy-per-pod': {
    title: "10,000 Pods in 5,000 pairs, a rule each (Antrea's NetpolPerPod)",
    theirs: 'aim 0.3 s',
    make: policyPerPod,
  },
  'customers-1k': {
    title: "1,000 customers, a namespace each (Felix' IsolatedCustomers1k)",
    theirs: 'aim 20 ms (Felix 45 ms published, for one node)',
    make: (times) => isolatedCustomers(1_000 * times),
  },
  'customers-10k': {
    title: "10,000 customers, a namespace each (Felix' IsolatedCustomers10k)",
    theirs: 'aim 0.2 s (Felix 388 ms published, for one node)',
    make: (times) => isolatedCustomers(10_000 * times),
  },
  'customers-100k': {
    title: "100,000 customers, a namespace each (Felix' IsolatedCustomers100k)",
    theirs: 'aim 3.4 s (Felix 6.9 s published, for one node)',
    make: (times) => isolatedCustomers(100_000 * times),
  },
  wide: {
    title:
      "250,000 endpoints with a label set each, 10,000 policies of 5 rules, 29 markers (Felix' tag policies)",
    theirs: 'aim 3 s and 1 GB (Felix 3.4 s published, for one node)',
    make: wide,
  },
};
