/** Whether somebody else must provision what one has written: the gateway shows and takes it among the settings of the organisation. */
import { SecondPerson } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { invalid, parsed } from '@ringfence/resources';
import { execute } from './resource-context.js';
import type { ResourceContext } from './resource-context.js';

export async function answerSecondPerson(
  context: ResourceContext,
  request: ResourceRequest,
): Promise<ResourceResponse> {
  switch (request.op) {
    case 'get': {
      const { secondPerson } = await context.book.current();
      return { body: { required: secondPerson.required } };
    }
    case 'update': {
      const { required } = parsed(SecondPerson, request.body);
      await execute(context, request, () => ({ do: 'second-person', required }));
      return {};
    }
    default:
      throw invalid(`second_person has no operation "${request.op}"`);
  }
}
