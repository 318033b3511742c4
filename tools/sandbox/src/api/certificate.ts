/**
 * Certificates made at start, for the sandbox's API server and for a local stack. A self-signed one is its own authority; an
 * authority issues them for others. DER is written by hand; it is a screenful.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

const oid = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
};

const validMs = 365 * 24 * 3600 * 1000;
/** Machines that share the certificate may disagree about the time a little. */
const backdatedMs = 3600 * 1000;

export interface Certificate {
  /** PEM. */
  readonly key: string;
  readonly certificate: string;
}
export interface Authority extends Certificate {
  readonly name: string;
}

export function selfSignedCertificate(names: readonly string[], now: Date): Certificate {
  return certificate({ name: 'sandbox cluster', names, isAuthority: true, isServer: true }, now);
}

export function certificateAuthority(name: string, now: Date): Authority {
  return { name, ...certificate({ name, names: [], isAuthority: true, isServer: false }, now) };
}

/** For a server that is reached under these names and addresses. */
export function issueCertificate(authority: Authority, names: readonly string[], now: Date): Certificate {
  return certificate(
    { name: names[0] ?? 'server', names, isAuthority: false, isServer: true },
    now,
    authority,
  );
}

interface Subject {
  readonly name: string;
  readonly names: readonly string[];
  readonly isAuthority: boolean;
  readonly isServer: boolean;
}

function certificate(subject: Subject, now: Date, issuer?: Authority): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer: KeyObject = issuer === undefined ? privateKey : createPrivateKey(issuer.key);
  const algorithm = sequence(objectId(oid.ecdsaWithSha256));
  const validity = sequence(
    time(new Date(now.getTime() - backdatedMs)),
    time(new Date(now.getTime() + validMs)),
  );
  const toBeSigned = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    distinguishedName(issuer?.name ?? subject.name),
    validity,
    distinguishedName(subject.name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions(subject))),
  );
  const signature = sign('sha256', toBeSigned, signer);
  const der = sequence(toBeSigned, algorithm, bitString(signature, 0));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate: pem(der) };
}

function distinguishedName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(objectId(oid.commonName), tlv(0x0c, Buffer.from(name)))));
}

function extensions({ names, isAuthority, isServer }: Subject): Buffer[] {
  return [
    extension(oid.basicConstraints, sequence(...(isAuthority ? [tlv(0x01, Buffer.from([0xff]))] : []))),
    // digitalSignature, and keyCertSign for an authority
    extension(
      oid.keyUsage,
      isAuthority ? bitString(Buffer.from([0x84]), 2) : bitString(Buffer.from([0x80]), 7),
    ),
    ...(isServer ? [extension(oid.extendedKeyUsage, sequence(objectId(oid.serverAuth)))] : []),
    ...(names.length > 0
      ? [extension(oid.subjectAltName, sequence(...[...new Set(names)].map(alternativeName)))]
      : []),
  ];
}

function alternativeName(name: string): Buffer {
  if (isIP(name) === 0) return tlv(0x82, Buffer.from(name));
  if (isIP(name) === 4) return tlv(0x87, Buffer.from(name.split('.').map(Number)));
  return tlv(0x87, ipv6Bytes(name));
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (part: string): string[] => part.split(':').filter((group) => group !== '');
  const last = tail === undefined ? [] : groups(tail);
  const middle = Array.from({ length: 8 - groups(head).length - last.length }, () => '0');
  return Buffer.from(
    [...groups(head), ...middle, ...last].map((group) => group.padStart(4, '0')).join(''),
    'hex',
  );
}

function tlv(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(content.length.toString(16).padStart(content.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

function sequence(...contents: Buffer[]): Buffer {
  return tlv(0x30, ...contents);
}

function integer(bytes: Buffer): Buffer {
  return tlv(0x02, bytes);
}

function bitString(bytes: Buffer, unusedBits: number): Buffer {
  return tlv(0x03, Buffer.from([unusedBits]), bytes);
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), tlv(0x04, value));
}

function objectId(id: string): Buffer {
  const [first = 0, second = 0, ...rest] = id.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
