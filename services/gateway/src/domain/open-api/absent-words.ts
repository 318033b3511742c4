/** What is said of collections that are always empty. */
import type { Words } from './words.js';

const none = (one: string, what: string): Words => ({
  ...{ one, within: 'server', about: `${what}: there are none here.` },
});

export const ABSENT_WORDS: Readonly<Record<string, Words>> = {
  virtual_servers: none('virtual server', 'Virtual servers of load balancers'),
  slbs: none('server load balancer', 'Load balancers'),
  discovered_virtual_servers: none(
    'discovered virtual server',
    'Virtual servers that load balancers told of',
  ),
  network_devices: none('network device', 'Switches that enforce for hosts'),
  network_enforcement_nodes: none('network enforcement node', 'What speaks to load balancers and switches'),
  vulnerabilities: none('vulnerability', 'Vulnerabilities of workloads'),
  vulnerability_reports: none('vulnerability report', 'Reports of scanners'),
};
