import type { Kernel } from './kernel.ts'
import { KERNEL_BASE64 } from './kernel-bytes.ts'
import { plainKernel } from './plain-kernel.ts'

export type Backend = 'wasm' | 'plain'

/** A kernel with memory of its own. */
export interface KernelMemory {
  readonly backend: Backend
  readonly kernel: Kernel
  readonly buffer: ArrayBuffer
}

/** The little of the global that is used here; Node's types do not declare it. */
declare namespace WebAssembly {
  class Memory {
    constructor(size: { initial: number; maximum: number })
    readonly buffer: ArrayBuffer
  }
  class Module {
    private readonly compiled: true
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports: { env: { memory: Memory } })
    readonly exports: Readonly<Record<string, unknown>>
  }
  function validate(bytes: Uint8Array): boolean
}

const PAGE = 65_536
let compiled: WebAssembly.Module | null | undefined

/**
 * Memory of at least so many bytes, zeroed, and the kernel that works on it: WebAssembly with SIMD, or
 * the plain twin where there is none (or where that is asked for). Throws RangeError above 4 GiB less
 * a page, which is what WebAssembly can address.
 */
export function kernelMemory(bytes: number, backend?: Backend): KernelMemory {
  const pages = Math.ceil(bytes / PAGE)
  if (pages > 65_535) throw new RangeError(`Kernels address 4 GiB; ${bytes} bytes are too many.`)
  const module = backend === 'plain' ? null : kernelModule()
  if (module === null) {
    if (backend === 'wasm') throw new Error('There is no WebAssembly with SIMD here.')
    const buffer = new ArrayBuffer(pages * PAGE)
    return { backend: 'plain', kernel: plainKernel(buffer), buffer }
  }
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  return { backend: 'wasm', kernel: exports as unknown as Kernel, buffer: memory.buffer }
}

function kernelModule(): WebAssembly.Module | null {
  if (compiled === undefined) compiled = compileKernel()
  return compiled
}

function compileKernel(): WebAssembly.Module | null {
  if (typeof WebAssembly === 'undefined') return null
  const bytes = Uint8Array.from(atob(KERNEL_BASE64), (c) => c.charCodeAt(0))
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null
}
