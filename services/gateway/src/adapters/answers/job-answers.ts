/** Asynchronous GETs (`jobs`) and what came of them (`datafiles`). */
import { actorHref } from '@ringfence/contracts';
import { refuse } from '../../domain/refusal.js';
import { actorOf, asFile } from '../../domain/rest-request.js';
import type { RestRequest } from '../../domain/rest-request.js';
import type { Jobs } from '../../read/jobs.store.js';
import type { Answer } from './answer.js';
import { collectionReply, maxResults } from './owner-answers.js';
import { uuidOf } from './uuid-of.js';

const FILE_NAME = /^[\w.-]{1,100}$/;

export function jobAnswers(jobs: Jobs): Readonly<Record<string, Answer>> {
  const gone = (what: string): Error =>
    refuse('not_found_error', `there is no such ${what}; jobs go after 15 minutes`);
  return {
    'jobs list': async (request) => {
      const all = await jobs.list(askedBy(request));
      const type = request.query['job_type'];
      const matched = all.filter((job) => type === undefined || job.job_type === type);
      const response = { body: matched, total: all.length, matched: matched.length };
      return collectionReply(response, maxResults(request) ?? 500);
    },
    'jobs get': async (request) => {
      const job = await jobs.get(uuidOf(request), askedBy(request));
      if (job === undefined) throw gone('job');
      return { status: 200, body: job };
    },
    'jobs delete': async (request) => {
      if (!(await jobs.remove(uuidOf(request), askedBy(request)))) throw gone('job');
      return { status: 204 };
    },
    'datafiles get': async (request) => {
      const { filename = 'result.json' } = request.query;
      if (!FILE_NAME.test(filename))
        throw refuse('input_validation_error', 'filename: letters, digits, dots, dashes; at most 100');
      const text = await jobs.datafile(uuidOf(request), askedBy(request));
      if (text === undefined) throw gone('data file');
      return { status: 200, stream: one(text), headers: asFile(filename) };
    },
  };
}

/** What somebody asked for may be what others may not see. */
const askedBy = ({ caller }: RestRequest): string | undefined =>
  caller?.grants.some(({ role }) => role === 'owner') ? undefined : actorHref(actorOf(caller));

async function* one(text: string): AsyncIterable<string> {
  yield text;
}
