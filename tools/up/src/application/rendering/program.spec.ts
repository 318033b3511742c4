import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { complaint, outputOf, ProgramRefusal } from './program.js';

const cwd = tmpdir();

describe('what a program complains of', () => {
  it('is its own sentence, without what only its developers read', () => {
    expect(
      complaint(
        'Error: c/templates/a.yaml:1:13\n  executing "c/templates/a.yaml" at <.Values.x.y>:\n    nil pointer\n\nUse --debug flag to render out invalid YAML\n',
      ),
    ).toBe('c/templates/a.yaml:1:13\nexecuting "c/templates/a.yaml" at <.Values.x.y>:\nnil pointer');
  });

  it('is found in a log line, and in a kustomization said once', () => {
    expect(
      complaint(
        `E1122 10:29:26.718870   10595 run.go:72] "command failed" err="accumulating resources: accumulation err='accumulating resources from 'a.yaml': missing metadata.name in object': must build at directory: '/x/k/a.yaml': file is not directory"\n`,
      ),
    ).toBe("accumulating resources from 'a.yaml': missing metadata.name in object");
    expect(complaint("error: invalid Kustomization: yaml: line 1: did not find expected ',' or ']'\n")).toBe(
      "invalid Kustomization: yaml: line 1: did not find expected ',' or ']'",
    );
  });

  it('is a few lines of bounded length, with the beginning and the end of what is long', () => {
    const long = complaint(`Error: a.yaml${' and again'.repeat(1_000)}: the cause\n${'more\n'.repeat(50)}`);
    expect(long.split('\n')).toHaveLength(6);
    expect(long.split('\n')[0]).toMatch(/^a\.yaml and again.* … .*: the cause$/);
    expect(long.length).toBeLessThan(500);
  });

  it('is never nothing', () => {
    expect(complaint('')).toBe('it failed without a word');
    expect(() => outputOf('sh', ['-c', 'echo "error: no $PWD/base" >&2; exit 3'], cwd)).toThrow(
      new ProgramRefusal('no base'),
    );
    expect(() => outputOf('ringfence-there-is-none', [], cwd)).toThrow(ProgramRefusal);
  });
});
