/**
 * A minimal tar (ustar) writer: regular files, folders and symbolic links with fixed owner and time, so that equal content gives
 * equal bytes. It reads nothing from disk; who packs a file brings its bytes.
 */

export type TarEntry =
  | { path: string; kind: 'file'; content: Buffer; isExecutable?: boolean }
  | { path: string; kind: 'folder' }
  | { path: string; kind: 'link'; target: string };

const blockSize = 512;
const kindFlags = { file: '0', link: '2', folder: '5' } as const;

export function packTar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = entry.kind === 'file' ? entry.content : Buffer.alloc(0);
    return [
      tarHeader(entry, content.length),
      content,
      Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize),
    ];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockSize)]);
}

function tarHeader(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.path) > 100)
    throw new Error(`a path of this archive is longer than 100 bytes: ${entry.path}`);
  const header = Buffer.alloc(blockSize);
  header.write(entry.path, 0);
  header.write(`${modeOf(entry).toString(8).padStart(7, '0')}\0`, 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(kindFlags[entry.kind], 156);
  if (entry.kind === 'link') header.write(entry.target, 157);
  header.write('ustar\0' + '00', 257);
  // The checksum counts its own field as blanks.
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function modeOf(entry: TarEntry): number {
  if (entry.kind === 'folder') return 0o755;
  if (entry.kind === 'link') return 0o777;
  return entry.isExecutable === true ? 0o755 : 0o644;
}
