import { specification } from '@ringfence/decider/testing';
import { describe, it } from 'vitest';
import { recordDecider } from './record.decider.js';
import type { RecordEvent } from './record.decider.js';

interface Door {
  readonly id: string;
  readonly colour: string;
}
const red: Door = { id: '1', colour: 'red' };
const blue: Door = { id: '1', colour: 'blue' };
const created: RecordEvent<Door, 'Door'> = { type: 'DoorCreated', data: red };

describe('a record', () => {
  const spec = specification(recordDecider<Door, 'Door'>('Door', 'door'));

  it('is made once, changed where that changes it, and deleted', () => {
    spec.given().when({ kind: 'create', record: red }).then(created);
    spec.given(created).when({ kind: 'create', record: red }).rejected('record-exists');
    spec
      .given(created)
      .when({ kind: 'change', change: { colour: 'blue' } })
      .then({ type: 'DoorChanged', data: blue });
    spec
      .given(created)
      .when({ kind: 'change', change: { colour: 'red' } })
      .nothing();
    spec.given(created).when({ kind: 'delete' }).then({ type: 'DoorDeleted', data: red });
  });

  it('that is not there, or no more, is neither changed nor deleted', () => {
    spec.given().when({ kind: 'delete' }).rejected('not_found_error');
    spec
      .given(created, { type: 'DoorDeleted', data: red })
      .when({ kind: 'change', change: { colour: 'blue' } })
      .rejected('not_found_error');
  });
});
