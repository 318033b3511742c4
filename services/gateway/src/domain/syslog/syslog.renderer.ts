/** A report as a line of syslog (RFC 5424), its message as JSON, CEF or LEEF. */
import type { EventSettings } from '@ringfence/contracts';
import type { Report, Severity } from './report.js';

export interface Origin {
  readonly hostname: string;
  /** Of the release that says it. */
  readonly version: string;
}

const NAME = 'Ringfence';
/** "log audit". */
const FACILITY = 13;
const SYSLOG: Readonly<Record<Severity, number>> = {
  ...{ emerg: 0, alert: 1, crit: 2, err: 3, warning: 4, notice: 5, info: 6, debug: 7 },
};
/** CEF counts the other way round, from 0 to 10. */
const CEF: Readonly<Record<Severity, number>> = {
  ...{ emerg: 10, alert: 10, crit: 9, err: 7, warning: 5, notice: 3, info: 1, debug: 0 },
};
/** Servers cut what is longer, or drop it; the whole is in the audit trail. */
const LONGEST = 8_000;
const LONGEST_FIELD = 1_000;

export function syslogLine(report: Report, format: EventSettings['format'], origin: Origin): string {
  const priority = FACILITY * 8 + SYSLOG[report.severity];
  const head = [
    ...[`<${priority}>1`, report.at, header(origin.hostname, 255), NAME.toLowerCase(), '-'],
    ...[header(report.type, 32), '-'],
  ];
  return `${head.join(' ')} ${MESSAGES[format](report, origin)}`;
}

const MESSAGES: Readonly<Record<EventSettings['format'], (report: Report, origin: Origin) => string>> = {
  JSON: jsonText,
  CEF: cefText,
  LEEF: leefText,
};

function jsonText({ whole, type, at, severity, fields }: Report): string {
  const text = JSON.stringify(whole);
  if (text.length <= LONGEST) return text;
  const short = Object.entries(fields).map(([name, value]) => [name, shortened(value)]);
  return JSON.stringify({
    event_type: type,
    timestamp: at,
    severity,
    cut: true,
    ...Object.fromEntries(short),
  });
}

function cefText({ type, severity, at, fields }: Report, { version, hostname }: Origin): string {
  const head = ['CEF:0', NAME, NAME, version, type, type.replace(/[._]/g, ' '), CEF[severity]];
  const extension = { rt: Date.parse(at), dvchost: hostname, ...fields };
  return `${head.map(cefHeader).join('|')}|${pairs(extension, cefValue, ' ')}`;
}

/** With a tab between the pairs, as its version 2.0 may say. */
function leefText({ type, severity, at, fields }: Report, { version }: Origin): string {
  const head = ['LEEF:2.0', NAME, NAME, version, type, 'x09'];
  const extension = { devTime: at, sev: CEF[severity], ...fields };
  return `${head.map(cefHeader).join('|')}|${pairs(extension, leefValue, '\t')}`;
}

const pairs = (fields: Report['fields'], escaped: (value: string) => string, between: string): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${escaped(String(shortened(value)))}`)
    .join(between);

const shortened = (value: string | number): string | number =>
  typeof value === 'string' ? value.slice(0, LONGEST_FIELD) : value;

const cefHeader = (value: string | number): string => oneLine(String(value)).replace(/[\\|]/g, '\\$&');
const cefValue = (value: string): string => value.replace(/[\\=]/g, '\\$&').replace(/\r?\n|\r/g, '\\n');
const leefValue = (value: string): string => oneLine(value.replaceAll('\t', ' '));
const oneLine = (value: string): string => value.replace(/[\r\n]+/g, ' ');

/** Of the head: printable ASCII without a space. */
const header = (value: string, longest: number): string =>
  value.replace(/[^\x21-\x7e]/g, '').slice(0, longest) || '-';
