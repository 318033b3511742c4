/**
 * What a container would call, guessed from what its Pod tells it: `host:port`, URLs, and pairs like DB_HOST and DB_PORT in its
 * environment, command and arguments. Pure. Guessing too much is harmless where the name does not resolve (the stub then calls
 * nobody), so only look-alikes that could resolve are kept out with care: image tags, versions, times, the own listening address.
 */

export interface CallTarget {
  protocol: 'tcp' | 'udp' | 'http';
  host: string;
  port: number;
}

export interface CallSources {
  environment: Readonly<Record<string, string>>;
  texts: readonly string[];
  ownAddresses: readonly string[];
}

const maxTargets = 64;

const defaultPorts: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  ws: 80,
  wss: 443,
  redis: 6379,
  rediss: 6379,
  valkey: 6379,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  mariadb: 3306,
  mongodb: 27017,
  amqp: 5672,
  amqps: 5671,
  nats: 4222,
  kafka: 9092,
  mqtt: 1883,
  memcached: 11211,
  ldap: 389,
  ldaps: 636,
  smtp: 25,
  ftp: 21,
  sftp: 22,
  ssh: 22,
  cassandra: 9042,
  clickhouse: 9000,
};
const localSchemes = new Set(['unix', 'file', 'data', 'jar', 'classpath', 'oci', 'docker', 'git+ssh', 'urn']);
const httpSchemes = new Set(['http', 'https', 'ws', 'wss']);

// A name or IPv4 address, then optionally a port; several, separated by commas, as MongoDB and Kafka write them.
const hostPattern = '[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?';
const urlPattern = new RegExp(
  `\\b([a-z][a-z0-9+.-]*):/{2,3}(?:[^\\s/@"']*@)?(${hostPattern}(?::\\d{1,5})?(?:,${hostPattern}(?::\\d{1,5})?)*)(?![:\\w{])`,
  'gi',
);
const parenthesisPattern = new RegExp(`\\b(tcp|udp)\\((${hostPattern}:\\d{1,5})\\)`, 'gi');
const barePattern = new RegExp(`(?<![\\w./@:$%-])(${hostPattern}):(\\d{2,5})(?![\\w:.@-]|\\.\\d)`, 'g');
const hostVariable = /^(.*?)_?(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS|ENDPOINT)$/;
const imageVariable = /(?:^|_)(?:IMAGE|TAG|VERSION|DIGEST|BUILD|RELEASE)(?:_|$)/;
// Below this a bare "name:number" is rather a version tag (node:22, postgres:16) than a port, unless its variable says otherwise.
const smallestBarePort = 80;
const smallPorts = new Set([25, 53]);

export function callTargets({ environment, texts, ownAddresses }: CallSources): CallTarget[] {
  const found = new Map<string, CallTarget>();
  const add = (target: CallTarget | undefined): void => {
    if (target === undefined || found.size >= maxTargets || isOwn(target.host, ownAddresses)) return;
    const key = `${target.protocol === 'udp' ? 'udp' : 'tcp'} ${target.host}:${target.port}`;
    if (!found.has(key)) found.set(key, target);
  };
  for (const [name, value] of Object.entries(environment)) {
    if (imageVariable.test(name)) continue;
    for (const target of targetsIn(value)) add(target);
    add(pairedTarget(name, value, environment));
  }
  for (const text of texts) for (const target of targetsIn(text)) add(target);
  return [...found.values()];
}

function targetsIn(text: string): CallTarget[] {
  const targets: CallTarget[] = [];
  const withoutUrls = text.replace(urlPattern, (_, scheme: string, hosts: string) => {
    targets.push(...urlTargets(scheme.toLowerCase(), hosts));
    return ' ';
  });
  const rest = withoutUrls.replace(parenthesisPattern, (_, scheme: string, host: string) => {
    targets.push(...urlTargets(scheme.toLowerCase(), host));
    return ' ';
  });
  for (const [, host, port] of rest.matchAll(barePattern)) {
    const target = targetOf(host ?? '', Number(port), 'http');
    if (target !== undefined && isLikelyPort(target)) targets.push(target);
  }
  return targets;
}

function urlTargets(scheme: string, hosts: string): CallTarget[] {
  if (localSchemes.has(scheme)) return [];
  const protocol = scheme === 'udp' ? 'udp' : httpSchemes.has(scheme) ? 'http' : 'tcp';
  return hosts.split(',').flatMap((part) => {
    const [host = '', port] = part.split(':');
    // "jdbc:postgresql" and "mongodb+srv" carry the protocol's own name in a part.
    const defaultPort = scheme
      .split(/[+:]/)
      .map((word) => defaultPorts[word])
      .find((candidate) => candidate !== undefined);
    return targetOf(host, port === undefined ? defaultPort : Number(port), protocol) ?? [];
  });
}

/** DB_HOST=mysql with DB_PORT=3306. */
function pairedTarget(
  name: string,
  value: string,
  environment: Readonly<Record<string, string>>,
): CallTarget | undefined {
  const prefix = hostVariable.exec(name)?.[1];
  if (prefix === undefined || prefix === '' || !new RegExp(`^${hostPattern}$`).test(value)) return undefined;
  const port = environment[`${prefix}_PORT`] ?? '';
  return /^\d{1,5}$/.test(port) ? targetOf(value, Number(port), 'http') : undefined;
}

function targetOf(
  writtenHost: string,
  port: number | undefined,
  protocol: CallTarget['protocol'],
): CallTarget | undefined {
  const host = writtenHost.toLowerCase();
  const isAddress = /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
  const isName = /[a-z]/.test(host) && !host.includes('..') && host.length <= 253;
  if (port === undefined || port < 1 || port > 65535 || (!isAddress && !isName)) return undefined;
  return { protocol, host, port };
}

function isLikelyPort({ host, port }: CallTarget): boolean {
  return (
    port >= smallestBarePort || smallPorts.has(port) || /^\d+(\.\d+){3}$/.test(host) || host.includes('.')
  );
}

function isOwn(host: string, ownAddresses: readonly string[]): boolean {
  return host === 'localhost' || host.startsWith('127.') || host === '0.0.0.0' || ownAddresses.includes(host);
}
