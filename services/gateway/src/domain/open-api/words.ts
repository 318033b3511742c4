/**
 * How the things of the API are called in sentences, and what each is. A new collection has its line here; what its actions do is said
 * where they are listed (`routes/`), what the usual ones do beside this file (`sentences.ts`).
 */
import { ABSENT_WORDS } from './absent-words.js';

export interface Words {
  /** One of it, as in a sentence: `IP list`. */
  readonly one: string;
  readonly about: string;
  /** Under whose heading it stands, where it is too little for one of its own. */
  readonly within?: string;
}

const WORDS: Readonly<Record<string, Words>> = {
  server: { one: 'the server', about: 'How it is, which release it is, and what it says by itself.' },
  health: {
    one: 'health',
    within: 'server',
    about: 'Whether every part has what it needs and policy is in force everywhere, for anybody who asks.',
  },
  node_available: {
    one: 'availability',
    within: 'server',
    about: 'Whether this gateway takes requests, for load balancers.',
  },
  noop: { one: 'echo', within: 'server', about: 'Answers nothing: whether credentials are good.' },
  product_version: {
    one: 'product version',
    within: 'server',
    about: 'The release of the API that clients compare with, and ours.',
  },
  openapi: { one: 'description', within: 'server', about: 'This document.' },
  users: { one: 'user', about: 'Who people are, and who is signed in.' },
  login_users: { one: 'log-in', about: 'How people log in with a password, and change it.', within: 'users' },
  'users/orgs': { one: 'organisation', within: 'users', about: 'Which organisations a user is of.' },
  'users/local_profile': {
    one: 'local profile',
    within: 'users',
    about: 'A forgotten password, and who is let in no more.',
  },
  roles: { one: 'role', within: 'permissions', about: 'What a permission can give.' },
  permissions: {
    one: 'permission',
    about: 'Who may what: a role, within some labels where the role has a scope, for a principal.',
  },
  auth_security_principals: {
    one: 'auth security principal',
    within: 'permissions',
    about: 'Who is given permissions: the user of that name. Groups are data only.',
  },
  'users/api_keys': {
    one: 'API key',
    about: 'What programs sign their requests with. A secret is shown once, when its key is made.',
  },
  api_keys: {
    one: 'key of the organisation',
    about: 'All keys there are, of people and of service accounts: whose each is, and what that one may.',
  },
  service_accounts: {
    one: 'service account',
    about:
      'Programs that are nobody’s: a name, what it may, and keys of its own that end. What it may goes with it when it is deleted.',
  },
  'service_accounts/api_keys': {
    one: 'service account key',
    within: 'service_accounts',
    about: 'More keys of a service account: one after the other lets a program go on while they are changed.',
  },
  access_restrictions: {
    one: 'access restriction',
    about:
      'From which addresses somebody may come; it holds for the principals and service accounts that name it. Up to 50.',
  },
  'settings/trusted_proxy_ips': {
    one: 'trusted proxies',
    within: 'access_restrictions',
    about: 'Which proxies are believed when they say for whom they speak (`X-Forwarded-For`). None: nobody.',
  },
  authentication_settings: {
    one: 'authentication settings',
    within: 'settings',
    about: 'By whom people prove who they are: by this server alone.',
  },
  'authentication_settings/password_policy': {
    one: 'password policy',
    within: 'settings',
    about: 'What a password must hold that somebody chooses, and how long a session lives without use.',
  },
  optional_features: {
    one: 'optional feature',
    within: 'settings',
    about: 'Features that clients ask for by name, and whether they are here. None can be switched.',
  },
  settings: {
    one: 'organisation settings',
    about:
      'What holds for the whole organisation: how long keys of service accounts live, and whether somebody else provisions what one has written (`ringfence_second_person_provisions`).',
  },
  jobs: {
    one: 'job',
    about: 'Lists that were asked for with `Prefer: respond-async`; gone after 15 minutes.',
  },
  datafiles: { one: 'data file', about: 'What a job has collected.' },
  events: {
    one: 'event',
    about: 'The audit trail: every change that was made, and every request that was refused.',
  },
  system_events: {
    one: 'system event',
    within: 'events',
    about: 'Those of the audit trail that the system itself is the author of.',
  },
  'settings/syslog/destinations': {
    one: 'syslog destination',
    within: 'events',
    about: 'Where audit events, and flows where asked, are forwarded to.',
  },
  'settings/events': {
    one: 'event settings',
    within: 'events',
    about: 'How long the audit trail is kept, from which severity on, and in which form it is forwarded.',
  },
  stream: {
    one: 'stream',
    within: 'server',
    about: 'New flows and policy versions as they come, as server-sent events.',
  },
  explain: {
    one: 'explanation',
    about: 'Why a connection is allowed or not: asked of the cluster itself, or of a draft.',
  },
  resync: {
    one: 'resync',
    within: 'server',
    about: 'Has an owner of facts say again what others mirror of it, after a loss.',
  },
  edge: {
    one: 'edge credential',
    about: 'What clusters exchange for their credentials; their proof is in the body.',
  },
  labels: {
    one: 'label',
    about:
      'What policy is written in: a key (the type) and a value. Effective at once, and kept when deleted.',
  },
  label_dimensions: {
    one: 'label type',
    about: 'The types of labels: role, app, env and loc, and up to 16 more.',
  },
  container_clusters: {
    one: 'container cluster',
    about: 'Kubernetes clusters, what runs in them, and how far policy is in force there.',
  },
  'container_clusters/container_workload_profiles': {
    one: 'container workload profile',
    about:
      'How the workloads of a namespace are labelled and enforced; the one without a namespace is the template.',
  },
  pairing_profiles: { one: 'pairing profile', about: 'What nodes get that are paired with one of its keys.' },
  workloads: {
    one: 'workload',
    about: 'Hosts and nodes: paired ones have an agent, unmanaged ones are written here.',
  },
  'container_clusters/service_backends': {
    one: 'service backend',
    within: 'container_clusters',
    about: 'What is behind virtual services that stand for Services: nothing here.',
  },
  networks: {
    one: 'network',
    about: 'What addresses are on: the corporate network, and each cluster’s for its Pods.',
  },
  agents: {
    one: 'agent of the older form',
    within: 'vens',
    about: 'Agents, as they were called before VENs.',
  },
  container_workloads: {
    one: 'container workload',
    within: 'kubernetes_workloads',
    about: 'Pods of clusters without CLAS: there are none here.',
  },
  'workloads/interfaces': { one: 'interface', about: 'The network interfaces of a workload.' },
  kubernetes_workloads: {
    one: 'Kubernetes workload',
    about: 'Deployments and their like in managed namespaces, as the cluster reports them.',
  },
  'settings/workloads': {
    one: 'workload settings',
    about: 'After how long a silent workload counts as offline.',
  },
  'settings/traffic_collector': {
    one: 'traffic collector setting',
    about: 'Which flows are not kept, chiefly of what is sent to everybody at once.',
  },
  vens: { one: 'agent', about: 'The agents of paired nodes.' },
  support_report_requests: {
    one: 'request for a support report',
    about: 'Who asked for a report of which agent, and what came of it.',
  },
  support_reports: {
    one: 'support report',
    within: 'support_report_requests',
    about: 'What is known of one agent, collected when somebody asked for it; the newest hundred are kept.',
  },
  rule_sets: { one: 'rule set', about: 'Rules that share a scope, and are provisioned together.' },
  'rule_sets/sec_rules': { one: 'rule', about: 'Who may reach whom, and on which services.' },
  'rule_sets/deny_rules': {
    one: 'deny rule',
    about: 'Who may not reach whom; with `override`, whatever a rule allows.',
  },
  ip_lists: { one: 'IP list', about: 'Addresses, ranges and names outside of what is labelled.' },
  services: { one: 'service', about: 'Protocols and ports by name.' },
  label_groups: { one: 'label group', about: 'Labels of one type under one name; a group may hold groups.' },
  virtual_services: {
    one: 'virtual service',
    about: 'A labelled name for what answers at some addresses and ports.',
  },
  security_principals: {
    one: 'security principal',
    about: 'User groups of a directory, as data: no rule may name one.',
  },
  service_bindings: {
    one: 'service binding',
    about:
      'Which workloads answer for a virtual service, and on which ports; in force at once, without a draft.',
  },
  enforcement_boundaries: {
    one: 'enforcement boundary',
    about: 'The older form of deny rules: with a name of their own, and without a scope.',
  },
  firewall_settings: {
    one: 'firewall settings',
    about: 'Which workloads have what besides policy, by their labels.',
  },
  sec_policy: { one: 'policy version', about: 'What was provisioned when, and what would be.' },
  ...ABSENT_WORDS,
  'traffic_flows/async_queries': {
    one: 'traffic query',
    about:
      'Who talked to whom. A query runs in the background; its result is downloaded and kept for a while.',
  },
  'traffic_flows/traffic_analysis_queries': {
    one: 'traffic analysis',
    within: 'traffic_flows/async_queries',
    about: 'A traffic query that is answered with what it finds.',
  },
  'agents/bulk_traffic_flows': {
    one: 'uploaded flow',
    within: 'traffic_flows/async_queries',
    about: 'Flows that somebody uploads: addresses alone, apart from what agents report.',
  },
  'traffic_flows/edges': {
    one: 'traffic edge',
    within: 'traffic_flows/async_queries',
    about: 'Flows added up by their ends and port, for judging policy by them.',
  },
  'traffic_flows/database_metrics': {
    one: 'traffic store',
    within: 'traffic_flows/async_queries',
    about: 'How many flows are stored, and since when.',
  },
};

export const wordsOf = (collection: string): Words | undefined => WORDS[collection];

/** Of a collection that has no line yet: its own word, without the s. */
export const nounOf = (collection: string): string =>
  WORDS[collection]?.one ??
  collection
    .slice(collection.lastIndexOf('/') + 1)
    .replaceAll('_', ' ')
    .replace(/s$/, '');

/** Where one is always there, it has no plural. */
export function plural(noun: string): string {
  if (noun.endsWith('s')) return noun;
  return noun.endsWith('y') && !/[aeo]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
export const pascal = (words: string): string =>
  words
    .split(/[ _/-]+/)
    .map((word) => (/^[A-Z]+$/.test(word) ? capital(word.toLowerCase()) : capital(word)))
    .join('');
export const camel = (words: string): string => {
  const name = pascal(words);
  return name.charAt(0).toLowerCase() + name.slice(1);
};

/** The collection under whose heading another one stands. */
export const headingOf = (collection: string): string => WORDS[collection]?.within ?? collection;
export const tagOf = (collection: string): string => {
  const noun = nounOf(headingOf(collection));
  return capital(noun.startsWith('the ') ? noun : plural(noun));
};
