/**
 * Whom a container would call, found in what its Pod tells it: environment, command, arguments, and the files that are mounted into
 * it. Pure. A name in a setting counts without a port, too, if it is a Service of the cluster; without knowledge of it only
 * what looks like a call (`host:port`, a URL, a pair of host and port) does. Guessing too much is harmless where the name does not
 * resolve: the stub then calls nobody.
 */
import type { KnownServices } from './known-services.js';
import {
  type CallTarget,
  defaultPorts,
  endpointsIn,
  hostPattern,
  isAddress,
  targetOf,
} from './written-endpoints.js';
import {
  connectionSettings,
  lineSettings,
  linesOf,
  type Setting,
  settingName,
  structuredSettings,
} from './written-settings.js';

export interface CallSources {
  environment: Readonly<Record<string, string>>;
  /** Command and arguments. */
  texts: readonly string[];
  files: readonly { name: string; text: string }[];
  ownAddresses: readonly string[];
  services: KnownServices;
}

const maxTargets = 64;
const maxFileLength = 256 * 1024;

const hostName =
  /^(.*?)_?(?:host|hostname|hosts|server|servers|addr|addrs|address|addresses|endpoint|endpoints|data_source)$/;
const serviceName =
  /_(?:service|svc|url|uri|upstream|backend|dns|domain|cluster|peers|nodes|seeds|brokers|master|primary|leader)$/;
/** What is named beside these is a picture of something, or where the container itself listens. */
const ignoredWords = new Set(
  'image images tag tags version digest build release label labels annotation annotations selector selectors listen listener listeners bind advertised'.split(
    ' ',
  ),
);
const ignoredLine = /^\s*[\w.-]*(?:image|version|label|selector|listen)/i;
const plainHost = new RegExp(`^${hostPattern}$`, 'i');
const listed = /[\s,;]+/;
const spacedPattern = new RegExp(`(?<![\\w.-])(${hostPattern})[ ,]+(\\d{2,5})(?![\\w.])`, 'gi');
const flagPattern = new RegExp(
  `(?:^|\\s)(?:-h|-H|--?host(?:name)?|--?server|server)[ =]+(${hostPattern})(?=[\\s;]|$)`,
  'gi',
);
const portFlag = /(?:^|\s)(?:-p|-P|--?port)[ =]?(\d{2,5})(?:\s|$)/;
// Below this a bare "name:number" is rather a version tag (node:22, postgres:16) than a port, unless it is known better.
const smallestBarePort = 80;
const smallPorts = new Set([25, 53]);

export function callTargets(sources: CallSources): CallTarget[] {
  const { environment, texts, files } = sources;
  const search = new Search(sources);
  search.environment(environment);
  search.command(texts);
  for (const { name, text } of files) search.file(name, text.slice(0, maxFileLength));
  return search.targets();
}

class Search {
  private readonly found = new Map<string, CallTarget>();

  constructor(private readonly sources: CallSources) {}

  targets(): CallTarget[] {
    return [...this.found.values()];
  }

  environment(variables: Readonly<Record<string, string>>): void {
    const settings = Object.entries(variables).map(([name, value]): Setting => [settingName(name), value]);
    this.settings(settings, (value) => this.endpoints(value));
  }

  private settings(settings: readonly Setting[], look: (value: string) => void): void {
    const known = new Map(settings);
    for (const [name, value] of settings) {
      if (name.split('_').some((word) => ignoredWords.has(word))) continue;
      if (value.includes('\n') || /^\s*[{[]/.test(value)) {
        this.file(name, value);
        continue;
      }
      look(value);
      this.host(name, value, known);
      this.connection(value);
    }
  }

  command(texts: readonly string[]): void {
    const multiLine = texts.flatMap((text) => linesOf(text));
    for (const text of multiLine) {
      const isImage = /^--?[\w-]*(?:image|tag|version|label|selector)[\w-]*=/.test(text);
      if (!isImage) this.endpoints(text);
    }
    for (const line of [texts.join(' '), ...multiLine]) this.words(line);
  }

  file(name: string, text: string): void {
    const settings = structuredSettings(name, text);
    const look = (value: string): void => this.endpointsInFile(value);
    if (settings !== undefined) return this.settings(settings, look);
    for (const line of linesOf(text)) {
      if (ignoredLine.test(line)) continue;
      this.endpointsInFile(line);
      this.words(line);
    }
    this.settings(lineSettings(text), () => undefined);
  }

  private endpoints(text: string): void {
    const { urls, bare } = endpointsIn(text);
    this.addAll([...urls, ...bare.filter((target) => isLikely(target) || this.isKnown(target))]);
  }

  /** In a file much looks like `name:number`, and many URLs are only spoken of: what is called is a Service, or could be one. */
  private endpointsInFile(text: string): void {
    const { urls, bare } = endpointsIn(text);
    const isService = ({ host }: CallTarget): boolean =>
      isAddress(host) || host.includes('.svc') || this.sources.services.find(host) !== undefined;
    this.addAll([
      ...urls.filter((target) => !target.host.includes('.') || isService(target)),
      ...bare.filter((target) => (isLikely(target) && isService(target)) || this.isKnown(target)),
    ]);
  }

  /** DB_HOST=mysql, with DB_PORT or with a port that its Service has. */
  private host(name: string, value: string, known: ReadonlyMap<string, string>): void {
    const key = name.replace(/(_\d+)+$/, '');
    const prefix = hostName.exec(key)?.[1];
    const isNamed = prefix !== undefined || serviceName.test(key);
    const hosts = value.split(listed).filter((host) => host !== '');
    if (hosts.some((host) => !plainHost.test(host))) return;
    const port = prefix === undefined ? undefined : portBeside(prefix, known);
    for (const host of hosts) {
      if (port !== undefined && prefix !== '') this.addAll(targetOf(host, port, 'http'));
      else if (isNamed || host.includes('.svc')) this.service(host, port, [...known.values(), ...hints(key)]);
    }
  }

  /** By a Service's own ports: the one that is asked for, else one that is spoken of, else the first. */
  private service(host: string, port: number | undefined, spokenOf: readonly string[]): void {
    const ports = this.sources.services.portsOf(host).map((each) => each.port);
    const chosen = port ?? ports.find((each) => spokenOf.includes(String(each))) ?? ports[0];
    if (ports.length > 0) this.addAll(targetOf(host, chosen, 'http'));
  }

  private connection(value: string): void {
    const settings = connectionSettings(value);
    if (settings.length < 2) return;
    const known = new Map(settings);
    for (const [name, part] of settings) {
      const [written = '', portAfterComma] = part.replace(/^(?:tcp|np):/, '').split(',');
      const isHost = ['host', 'server', 'data_source', 'address', 'addr', 'hostname'].includes(name);
      if (!isHost || !plainHost.test(written)) continue;
      const port = portAfterComma ?? known.get('port');
      if (port === undefined) this.service(written, undefined, []);
      else this.addAll(targetOf(written, Number(port), 'tcp'));
    }
  }

  /** `replicaof db 6379`, `nc -z db 5432`, `mysql -h db -P 3306`, `server api;`. */
  private words(line: string): void {
    for (const [, host = '', port] of line.matchAll(spacedPattern)) {
      const [target] = targetOf(host, Number(port), 'http');
      if (target !== undefined && this.isKnown(target)) this.add(target);
    }
    const port = portFlag.exec(line)?.[1];
    for (const [, host = ''] of line.matchAll(flagPattern))
      this.service(host, port === undefined ? undefined : Number(port), line.split(/\W+/));
  }

  private isKnown({ host, port }: CallTarget): boolean {
    return this.sources.services.portsOf(host).some((each) => each.port === port);
  }

  private addAll(targets: readonly CallTarget[]): void {
    for (const target of targets) this.add(target);
  }

  private add(target: CallTarget): void {
    const { services, ownAddresses } = this.sources;
    if (this.found.size >= maxTargets || isOwn(target.host, ownAddresses) || services.isOwn(target.host))
      return;
    const declared = services.portsOf(target.host).filter(({ port }) => port === target.port);
    const isUdp =
      target.protocol === 'udp' ||
      (declared.length > 0 && declared.every(({ protocol }) => protocol === 'UDP'));
    const key = `${isUdp ? 'udp' : 'tcp'} ${target.host}:${target.port}`;
    if (!this.found.has(key)) this.found.set(key, isUdp ? { ...target, protocol: 'udp' } : target);
  }
}

/** A number that a setting's name gives away: REDIS_HOST. */
const hints = (name: string): string[] =>
  name.split('_').flatMap((word) => (defaultPorts[word] === undefined ? [] : [String(defaultPorts[word])]));

function portBeside(prefix: string, known: ReadonlyMap<string, string>): number | undefined {
  const names = ['_port', 'port', '_port_value', '_host_port', '_service_port', '_port_number'];
  const written = names
    .map((name) => known.get((prefix + name).replace(/^_/, '')))
    .find((value) => value !== undefined && /^\d{1,5}$/.test(value));
  return written === undefined ? undefined : Number(written);
}

function isLikely({ host, port }: CallTarget): boolean {
  return port >= smallestBarePort || smallPorts.has(port) || host.includes('.');
}

function isOwn(host: string, ownAddresses: readonly string[]): boolean {
  return host === 'localhost' || host.startsWith('127.') || host === '0.0.0.0' || ownAddresses.includes(host);
}
