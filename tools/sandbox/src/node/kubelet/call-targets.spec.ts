import { describe, expect, it } from 'vitest';
import { callTargets } from './call-targets.js';

function found(
  environment: Record<string, string>,
  texts: string[] = [],
  ownAddresses: string[] = [],
): string[] {
  return callTargets({ environment, texts, ownAddresses }).map(
    ({ protocol, host, port }) => `${protocol} ${host}:${port}`,
  );
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
