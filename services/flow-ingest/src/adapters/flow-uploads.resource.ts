/** Flows that somebody uploads as CSV (`agents/bulk_traffic_flows`): kept apart from what agents report, with who that was. */
import { actorHref, FlowUpload } from '@ringfence/contracts';
import { invalid, parsed } from '@ringfence/resources';
import type { Operations } from '@ringfence/resources';
import type { Metrics } from '@ringfence/service-host';
import { MOST_LINES, uploadedLines } from '../domain/uploaded-lines.js';
import type { UploadedFlows } from '../store/port/uploaded-flows.js';

export function flowUploadOperations(uploads: UploadedFlows, metrics: Metrics): Operations {
  const taken = metrics.counter('flow_ingest_flows_uploaded_total', 'Flows that people uploaded');
  const dropped = metrics.counter(
    'flow_ingest_uploads_dropped_total',
    'Uploaded flows that went for want of room',
  );
  return {
    upload: async ({ body, actor }) => {
      const lines = uploadedLines(parsed(FlowUpload, body));
      if (lines === null) throw invalid(`body: more than ${String(MOST_LINES)} lines`);
      dropped.add(await uploads.add(lines, actorHref(actor), new Date()));
      taken.add(lines.received - lines.failed.length);
      return {
        body: {
          num_flows_received: lines.received,
          num_flows_failed: lines.failed.length,
          failed_flows: lines.failed,
        },
      };
    },
  };
}
