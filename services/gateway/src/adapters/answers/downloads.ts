/** What is answered as a file that its owner keeps. */
import { z } from 'zod';
import { asFile } from '../../domain/rest-request.js';
import type { RestRequest } from '../../domain/rest-request.js';
import type { Answer } from './answer.js';
import { flowAnalysis } from './flow-analysis.js';
import { flowDownload } from './flow-download.js';
import type { AskOwner } from './owner-answers.js';

/** Undefined: it is no file that is asked for. */
export function downloads(ask: AskOwner): (request: RestRequest) => Answer | undefined {
  const byRoute: Readonly<Record<string, Answer>> = {
    'traffic_flows/async_queries download': flowDownload(ask),
    'traffic_flows/traffic_analysis_queries find': flowAnalysis(ask),
    'support_reports download': reportDownload(ask),
  };
  return ({ match: { route } }) => byRoute[`${route.collection} ${route.op}`];
}

const Report = z.object({ gzip: z.base64() });

const reportDownload =
  (ask: AskOwner): Answer =>
  async (request) => {
    const content = Buffer.from(Report.parse((await ask(request)).body).gzip, 'base64');
    const name = `support-report-${request.match.ids[0] ?? ''}.json.gz`;
    return { status: 200, stream: only(content), headers: asFile(name), contentType: 'application/gzip' };
  };

async function* only(content: Buffer): AsyncIterable<Buffer> {
  yield content;
}
