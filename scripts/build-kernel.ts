import { readFile, writeFile } from 'node:fs/promises'
import asc from 'assemblyscript/asc'

const SOURCE = 'scripts/kernel.assemblyscript'
const TARGET = 'src/kmedoids/kernel/kernel-bytes.ts'

/** The text of `kernel-bytes.ts` as the AssemblyScript source of the kernels gives it. */
export async function kernelBytesModule(): Promise<string> {
  const { error, stderr, binary } = await compile(await readFile(SOURCE, 'utf8'))
  if (error || !binary)
    throw new Error(`AssemblyScript refused ${SOURCE}:\n${stderr}`, { cause: error })
  const lines =
    Buffer.from(binary)
      .toString('base64')
      .match(/.{1,96}/g) ?? []
  const text = lines.map((line) => `  '${line}'`).join(' +\n')
  return `// Made from ${SOURCE} by \`node scripts/build-kernel.ts\`; a test compares the two.\nexport const KERNEL_BASE64 =\n${text}\n`
}

async function compile(
  source: string,
): Promise<{ error: Error | null; stderr: string; binary: Uint8Array | null }> {
  let binary: Uint8Array | null = null
  const args = ['kernel.as.ts', '--outFile', 'kernel.wasm', '--runtime', 'stub', '--importMemory']
  args.push('--enable', 'simd', '-O3', '--noAssert')
  const { error, stderr } = await asc.main(args, {
    readFile: (name) => (name === 'kernel.as.ts' ? source : null),
    writeFile: (name, contents) => {
      if (name === 'kernel.wasm' && typeof contents !== 'string') binary = contents
    },
    listFiles: () => [],
  })
  return { error, stderr: stderr.toString(), binary }
}

if (import.meta.main) await writeFile(TARGET, await kernelBytesModule())
