import { describe, expect, it } from 'vitest';
import type { Pod, Service } from '../kube/kube-objects.js';
import { callTargets } from './call-targets.js';
import { KnownServices } from './known-services.js';

const pod: Pod = {
  metadata: { name: 'shop-1', namespace: 'shop', uid: 'u1', labels: { app: 'shop' } },
  spec: { containers: [] },
};
interface Told {
  environment?: Record<string, string>;
  texts?: string[];
  file?: [name: string, text: string];
  services?: Service[];
  ownAddresses?: string[];
}
function calls({ environment = {}, texts = [], file, services = [], ownAddresses = [] }: Told): string[] {
  const files = file === undefined ? [] : [{ name: file[0], text: file[1] }];
  const known = new KnownServices(services, pod);
  return callTargets({ environment, texts, files, ownAddresses, services: known }).map(
    ({ protocol, host, port }) => `${protocol} ${host}:${port}`,
  );
}
function found(
  environment: Record<string, string>,
  texts: string[] = [],
  ownAddresses: string[] = [],
): string[] {
  return calls({ environment, texts, ownAddresses });
}
function service(
  name: string,
  ports: number[],
  rest: { namespace?: string; headless?: boolean; app?: string } = {},
): Service {
  const { namespace = 'shop', headless = false, app = name } = rest;
  return {
    metadata: { name, namespace, uid: name },
    spec: {
      clusterIP: headless ? 'None' : '10.96.0.1',
      selector: { app },
      ports: ports.map((port) => ({ port, protocol: port === 8125 ? 'UDP' : 'TCP' })),
    },
  };
}

describe('what a container would call', () => {
  it.each([
    ['catalog:3550', ['http catalog:3550']],
    ['http://api', ['http api:80']],
    ['https://api.shop.svc:8443/v1?x=1', ['http api.shop.svc:8443']],
    ['redis://:secret@cache', ['tcp cache:6379']],
    ['postgres://user:pa55@db:5433/shop', ['tcp db:5433']],
    ['jdbc:postgresql://db:5432/shop', ['tcp db:5432']],
    ['user:pass@tcp(mysql:3306)/shop', ['tcp mysql:3306']],
    ['mongodb://one:27017,two:27018/shop', ['tcp one:27017', 'tcp two:27018']],
    ['dns:///grpc-server:50051', ['tcp grpc-server:50051']],
    ['udp://statsd:8125', ['udp statsd:8125']],
    ['kafka-0:9092,kafka-1:9092', ['http kafka-0:9092', 'http kafka-1:9092']],
    ['10.1.2.3:22', ['http 10.1.2.3:22']],
    ['zk:2181/chroot', ['http zk:2181']],
    ['smtp-host:25', ['http smtp-host:25']],
  ])('is named by %s', (value, expected) => {
    expect(found({ VALUE: value })).toEqual(expected);
  });

  it.each([
    'nginx:1.25',
    'node:22',
    'registry.example/shop/cart:8080',
    'busybox@sha256:0123456789',
    'v1.2.3',
    '12:30',
    '12:30:45',
    '2024-05-01T12:30:00Z',
    'aa:bb:cc:dd:ee:ff',
    'fe80::1',
    ':8080',
    '0.0.0.0:8080',
    '127.0.0.1:9000',
    'localhost:9000',
    'user:1234@somewhere',
    'unix:///run/app.sock',
    'http://${FRONTEND}/',
    'name:99999',
    '8080',
    'true',
    '',
  ])('is not named by %j', (value) => {
    expect(found({ VALUE: value })).toEqual([]);
  });

  it('is named by a pair of host and port', () => {
    expect(found({ DB_HOST: 'mysql', DB_PORT: '3306' })).toEqual(['http mysql:3306']);
    expect(found({ DB_HOST: 'mysql' })).toEqual([]);
  });

  it('is not named by a variable that holds an image or a version', () => {
    expect(found({ SIDECAR_IMAGE: 'proxy:8080', APP_VERSION: 'shop:2024' })).toEqual([]);
  });

  it('is named by flags and scripts too', () => {
    expect(found({}, ['--upstream=cart:7070', 'wget http://frontend:80/ && sleep 5'])).toEqual([
      'http cart:7070',
      'http frontend:80',
    ]);
  });

  it('never is the container itself', () => {
    expect(found({ SELF: '10.244.1.5:8080', OTHER: '10.244.1.6:8080' }, [], ['10.244.1.5'])).toEqual([
      'http 10.244.1.6:8080',
    ]);
  });

  it('is listed once, however often it is named', () => {
    expect(found({ A: 'cart:7070', B: 'http://cart:7070/' }, ['cart:7070'])).toEqual(['http cart:7070']);
  });
});

const cluster = [
  service('db', [5432]),
  service('cache', [6379]),
  service('cart', [7070]),
  service('api', [80, 9090]),
  service('mail', [25]),
  service('statsd', [8125]),
  service('kafka', [9092], { headless: true }),
  service('self', [8080], { app: 'shop' }),
  service('ledger', [8443], { namespace: 'bank' }),
];
const given = (told: Told): string[] => calls({ services: cluster, ...told });

describe('what a container of a known cluster would call', () => {
  it.each<[Record<string, string>, string[]]>([
    [{ DB_HOST: 'db' }, ['http db:5432']],
    [{ dbHost: 'db', dbPort: '5433' }, ['http db:5433']],
    [{ PGHOST: 'db', PGPORT: '5432', PGUSER: 'shop' }, ['http db:5432']],
    [{ REDIS_ADDR: 'cache' }, ['http cache:6379']],
    [{ CART_SERVICE_ADDR: 'cart:7070' }, ['http cart:7070']],
    [{ CART_SERVICE_HOST: 'cart', CART_SERVICE_PORT: '7070' }, ['http cart:7070']],
    [{ API_HOST: 'api' }, ['http api:80']],
    [{ API_HOST: 'api', METRICS_PORT: '9090' }, ['http api:9090']],
    [{ CART_SVC: 'cart.shop' }, ['http cart.shop:7070']],
    [{ LEDGER: 'ledger.bank.svc.cluster.local' }, ['http ledger.bank.svc.cluster.local:8443']],
    [{ LEDGER_HOST: 'ledger.bank' }, ['http ledger.bank:8443']],
    [{ LEDGER_HOST: 'ledger' }, []],
    [{ UPSTREAM_HOSTS: 'cart,api' }, ['http cart:7070', 'http api:80']],
    [
      { KAFKA_BROKERS: 'kafka-0.kafka:9092,kafka-1.kafka.shop:9092' },
      ['http kafka-0.kafka:9092', 'http kafka-1.kafka.shop:9092'],
    ],
    [{ CONNECTION: 'Host=db;Port=5432;Database=shop;Username=u;Password=p' }, ['tcp db:5432']],
    [{ CONNECTION: 'Server=tcp:db,5432;Initial Catalog=shop' }, ['tcp db:5432']],
    [{ CONNECTION: 'Data Source=db;User Id=sa' }, ['http db:5432']],
    [{ DSN: 'host=db port=5432 dbname=shop sslmode=disable' }, ['tcp db:5432']],
    [{ DSN: 'shop:pa55@db:5432/shop' }, ['http db:5432']],
    [{ DSN: 'jdbc:oracle:thin:@db:5432/XE' }, ['http db:5432']],
    [{ REDIS: 'cache:6379,password=secret,ssl=False' }, ['http cache:6379']],
    [{ SMTP: 'mail:25' }, ['http mail:25']],
    [{ STATSD_HOST: 'statsd' }, ['udp statsd:8125']],
    [{ SETTINGS: '{"db":{"host":"db","port":5432}}' }, ['http db:5432']],
  ])('is named by the variables %j', (environment, expected) => {
    expect(given({ environment })).toEqual(expected);
  });

  it.each<[Record<string, string>]>([
    [{ OTEL_SERVICE_NAME: 'cart' }],
    [{ APP: 'cart' }],
    [{ SIDECAR_IMAGE: 'cart:7070' }],
    [{ POD_LABELS: 'app=cart:7070' }],
    [{ KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka-0.kafka:9092' }],
    [{ BASE_URL: 'http://self:8080/' }],
    [{ SELF_HOST: 'self' }],
    [{ HOST: '0.0.0.0', PORT: '8080' }],
    [{ DB_PASSWORD: 'cart' }],
    [{ DB_HOST: 'elsewhere' }],
  ])('is not named by %j', (environment) => {
    expect(given({ environment })).toEqual([]);
  });

  it.each<[string[], string[]]>([
    [['sh', '-c', 'until nc -z db 5432; do sleep 1; done'], ['http db:5432']],
    [['mysql', '-h', 'db', '-P', '5432'], ['http db:5432']],
    [['redis-cli', '-h', 'cache', 'ping'], ['http cache:6379']],
    [['redis-server', '--replicaof', 'cache', '6379'], ['http cache:6379']],
    [['pg_isready --host=db --port 5432'], ['http db:5432']],
    [['--backend=cart.shop.svc:7070', '--image=api:80'], ['http cart.shop.svc:7070']],
  ])('is named by the command %j', (texts, expected) => {
    expect(given({ texts })).toEqual(expected);
  });

  it.each<[name: string, text: string, expected: string[]]>([
    [
      'application.properties',
      '# http://cart:7070 is not used any more\nserver.port=8080\nserver.address=0.0.0.0\nspring.datasource.url=jdbc:postgresql://db:5432/shop\nspring.data.redis.host=cache\nspring.data.redis.port=6379\n',
      ['tcp db:5432', 'http cache:6379'],
    ],
    [
      'application.yml',
      'spring:\n  redis: { host: cache }\n  datasource:\n    url: jdbc:postgresql://db:5432/shop\nimage: { name: "cart:7070" }\n---\nclients:\n  - url: http://api/v1\n',
      ['http cache:6379', 'tcp db:5432', 'http api:80'],
    ],
    [
      'config.json',
      '{"cart":{"endpoint":"cart:7070"},"docs":"https://example.com/x","max:3000":"level:3000"}',
      ['http cart:7070'],
    ],
    [
      'settings.ini',
      '[database]\nhost = db\nport = 5432\n[mail]\nserver = "mail"\n',
      ['http db:5432', 'http mail:25'],
    ],
    ['config.toml', '[redis]\naddress = "cache:6379"\n', ['http cache:6379']],
    [
      'nginx.conf',
      'server {\n  listen cart:7070;\n  location /api { proxy_pass http://api/; }\n  location /cart { proxy_pass http://cart:7070; }\n}\nupstream u { server db:5432 weight=5; server cache; }\n',
      ['http api:80', 'http cart:7070', 'http db:5432', 'http cache:6379'],
    ],
    [
      'envoy.yaml',
      'static_resources:\n  listeners:\n    - address: { socket_address: { address: api, port_value: 9090 } }\n  clusters:\n    - name: cart\n      load_assignment:\n        endpoints:\n          - lb_endpoints:\n              - endpoint: { address: { socket_address: { address: cart, port_value: 7070 } } }\n',
      ['http cart:7070'],
    ],
    [
      'prometheus.yml',
      'scrape_configs:\n  - job_name: api\n    static_configs:\n      - targets: ["api:9090", "ledger.bank:8443"]\n',
      ['http api:9090', 'http ledger.bank:8443'],
    ],
    ['redis.conf', 'port 6379\nreplicaof cache 6379\n', ['http cache:6379']],
    ['haproxy.cfg', 'backend b\n  server one cart:7070 check\n', ['http cart:7070']],
    [
      'start.sh',
      '#!/bin/sh\nexport DB_HOST=db\ncurl -s http://api:9090/health\n',
      ['http api:9090', 'http db:5432'],
    ],
    ['broken.yaml', 'a: [1\nurl: http://cart:7070\n', ['http cart:7070']],
    ['notes.xml', '<beans xmlns="http://www.springframework.org/schema/beans" timeout:3000 />', []],
  ])('is named by the file %s', (name, text, expected) => {
    expect(given({ file: [name, text] })).toEqual(expected);
  });

  it('is bounded, whatever the file says', () => {
    const text = Array.from({ length: 1_000 }, (_, n) => `http://host${n}:80`).join('\n');
    expect(given({ file: ['big.conf', text] })).toHaveLength(64);
  });
});
