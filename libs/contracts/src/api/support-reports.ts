/** Support reports: what is known of one agent, collected when somebody asks for it, and kept as a file. */
import { z } from 'zod';
import type { CollectionContracts } from './collection.js';
import { SupportReportRequestCreate } from '../support-reports.js';
import { Text } from '../text.js';

const ven = z.object({ href: Text, hostname: Text });

export const SupportReportRequestItem = z.object({
  href: Text,
  ven,
  status: z.enum(['pending', 'done', 'failed']),
  requested_at: Text,
  requested_by: z.object({ href: Text }),
  completed_at: Text.optional(),
  /** Why it failed, in words. */
  message: Text.optional(),
  support_report: z.object({ href: Text }).optional(),
});

export const SupportReportItem = z.object({
  href: Text,
  ven,
  generated_at: Text,
  /** Bytes of the file. */
  size: z.number().int(),
  support_report_request: z.object({ href: Text }),
});

export const supportReportCollections = {
  support_report_requests: { item: SupportReportRequestItem, create: SupportReportRequestCreate },
  support_reports: { item: SupportReportItem },
} as const satisfies CollectionContracts;
