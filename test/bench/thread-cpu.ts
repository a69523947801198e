/**
 * CPU time of this thread so far, us. Linux brings a thread's own time up to date only at a tick of the
 * scheduler (4 ms); asking for the whole process's makes it do so now.
 */
export function threadCpuUs(): number {
  process.cpuUsage()
  const { user, system } = process.threadCpuUsage()
  return user + system
}
