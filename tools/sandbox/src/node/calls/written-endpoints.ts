/**
 * Who is named in a piece of text: `host:port`, URLs, data source names, and several of them with commas between. Pure. What looks alike
 * and is none (image tags, versions, times) is kept out with care; whether a name exists is not known here.
 */

export interface CallTarget {
  protocol: 'tcp' | 'udp' | 'http';
  host: string;
  port: number;
}

/** By scheme, and by the word in a setting's name. */
export const defaultPorts: Readonly<Record<string, number>> = {
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
export const hostPattern = '[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?';
const urlPattern = new RegExp(
  `\\b([a-z][a-z0-9+.-]*):/{2,3}(?:[^\\s/@"']*@)?(${hostPattern}(?::\\d{1,5})?(?:,${hostPattern}(?::\\d{1,5})?)*)(?![:\\w])`,
  'gi',
);
const parenthesisPattern = new RegExp(`\\b(tcp|udp)\\((${hostPattern}:\\d{1,5})\\)`, 'gi');
const barePattern = new RegExp(`(?<![\\w./:$%-])(${hostPattern}):(\\d{2,5})(?![\\w:.@-]|\\.\\d)`, 'gi');

export interface Endpoints {
  /** With a scheme: meant to be called. */
  urls: CallTarget[];
  /** A name and a number, which may be something else. */
  bare: CallTarget[];
}

export function endpointsIn(text: string): Endpoints {
  const urls: CallTarget[] = [];
  const take = (_: string, scheme: string, hosts: string): string => {
    urls.push(...urlTargets(scheme.toLowerCase(), hosts));
    return ' ';
  };
  const rest = text.replace(urlPattern, take).replace(parenthesisPattern, take);
  const bare = [...rest.matchAll(barePattern)].flatMap(([, host = '', port]) =>
    targetOf(host, Number(port), 'http'),
  );
  return { urls, bare };
}

/** Without what an address and a name both exclude: a list with one entry, or an empty one. */
export function targetOf(
  writtenHost: string,
  port: number | undefined,
  protocol: CallTarget['protocol'],
): CallTarget[] {
  const host = writtenHost.toLowerCase();
  const isPossible = isAddress(host) || isName(host);
  if (port === undefined || port < 1 || port > 65535 || !isPossible) return [];
  return [{ protocol, host, port }];
}

export const isAddress = (host: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
/** A digest's algorithm is no name: image@sha256:… */
const isName = (host: string): boolean =>
  /[a-z]/.test(host) && !host.includes('..') && !/^sha\d+$/.test(host) && host.length <= 253;

function urlTargets(scheme: string, hosts: string): CallTarget[] {
  if (localSchemes.has(scheme)) return [];
  const protocol = scheme === 'udp' ? 'udp' : httpSchemes.has(scheme) ? 'http' : 'tcp';
  return hosts.split(',').flatMap((part) => {
    const [host = '', port] = part.split(':');
    return targetOf(host, port === undefined ? defaultPortOf(scheme) : Number(port), protocol);
  });
}

/** "jdbc:postgresql" and "mongodb+srv" carry the protocol's own name in a part. */
const defaultPortOf = (scheme: string): number | undefined =>
  scheme
    .split(/[+:]/)
    .map((word) => defaultPorts[word])
    .find((candidate) => candidate !== undefined);
