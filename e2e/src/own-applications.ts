/** The applications under `applications/`, and what a person who knows them expects to see. */
import { join } from 'node:path';

export interface OwnApplication {
  readonly what: string;
  /** As `npm start` is told. */
  readonly words: readonly string[];
  readonly namespaces: readonly string[];
  /** What the cluster does not take, with its reason. */
  readonly ignored: readonly string[];
  /** What is made in the place of a program of it. */
  readonly made: readonly string[];
  /** `from to port` in the words of `ringfence flows`: all calls that its settings speak of. */
  readonly calls: readonly string[];
}

const folder = (name: string): string => join(import.meta.dirname, 'applications', name);

const orchard: OwnApplication = {
  what: 'a Java shop with slow probes',
  words: ['--manifest', folder('orchard'), '--namespace', 'orchard'],
  namespaces: ['orchard'],
  ignored: [
    'Ingress storefront: the cluster does not serve Ingress of extensions/v1beta1: write apiVersion: networking.k8s.io/v1',
    'ServiceMonitor orders: the cluster does not serve ServiceMonitor of monitoring.coreos.com/v1',
  ],
  made: ['Secret orchard/orders-keystore as Job keystore'],
  calls: [
    'orchard/orders orchard/orchard-mysql 3306/tcp',
    'orchard/orders orchard/payments 8080/tcp',
    'orchard/storefront orchard/catalog 8080/tcp',
    'orchard/storefront orchard/orders 8080/tcp',
  ],
};

const bank: OwnApplication = {
  what: 'a Python bank with its settings in files',
  words: ['--manifest', folder('bank')],
  namespaces: ['bank'],
  ignored: [],
  made: ['Secret bank/jwt-key as Job make-jwt-key'],
  calls: [
    'bank/edge bank/gateway 9000/tcp',
    'bank/edge bank/web 8080/tcp',
    'bank/gateway bank/history 8080/tcp',
    'bank/gateway bank/ledger-writer 8080/tcp',
    'bank/gateway bank/members 8080/tcp',
    'bank/history bank/ledger-db 5432/tcp',
    'bank/history bank/ledger-reader 8080/tcp',
    'bank/ledger-db bank/ledger-db 5432/tcp',
    'bank/ledger-reader bank/cache 6379/tcp',
    'bank/ledger-reader bank/ledger-db 5432/tcp',
    'bank/ledger-writer bank/ledger-db 5432/tcp',
    'bank/ledger-writer bank/ledger-reader 8080/tcp',
    'bank/members bank/members-db 5432/tcp',
    'bank/traffic bank/edge 8080/tcp',
    'bank/web bank/history 8080/tcp',
    'bank/web bank/ledger-reader 8080/tcp',
    'bank/web bank/ledger-writer 8080/tcp',
    'bank/web bank/members 8080/tcp',
  ],
};

const apiary: OwnApplication = {
  what: 'an operator with custom resources and webhooks, and a site that it runs',
  words: ['--manifest', folder('apiary')],
  namespaces: ['apiary-system', 'apiary'],
  ignored: [
    'APIService v1beta1.metrics.apiary.example.org: the cluster does not serve APIService of apiregistration.k8s.io/v1',
    'Certificate apiary-serving-cert: the cluster does not serve Certificate of cert-manager.io/v1',
  ],
  made: [
    'Secret apiary-system/apiary-metrics-tls as Deployment apiary-controller-manager',
    'Secret apiary/keeper-credentials as Hive orchard-edge',
  ],
  calls: [
    'apiary-system/apiary-controller-manager apiary/registry 8500/tcp',
    'apiary-system/apiary-metrics apiary-system/apiary-controller-manager 8443/tcp',
    'apiary-system/apiary-metrics apiary/registry 8500/tcp',
    'apiary/console apiary-system/apiary-metrics 6443/tcp',
    'apiary/console apiary/registry 8500/tcp',
    'apiary/hive-sensor apiary/registry 8500/tcp',
    'apiary/registry apiary/hive-store 6379/tcp',
    'apiary/site-test-connection apiary/registry 8500/tcp',
  ],
};

export const ownApplications: readonly OwnApplication[] = [orchard, apiary, bank];
