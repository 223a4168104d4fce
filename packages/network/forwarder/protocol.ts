/**
 * What the daemon and the forwarder tell each other, over a unix socket: one JSON document a line. The daemon sends the
 * whole list of ports each time, so that no message can be lost or come twice to any harm; each is answered.
 */
import type { Socket } from 'node:net'

/** A port of the host whose traffic is carried to a container by copying bytes. */
export interface ForwardedPort {
  protocol: 'tcp' | 'udp'
  /** An IPv6 address of the host, `::` for all. */
  hostIp: string
  hostPort: number
  target: { address: string; port: number }
}

/** Daemon to forwarder: these ports and no others. */
export interface ForwarderOrder {
  ports: ForwardedPort[]
}

/** Forwarder to daemon: which of them could not be opened. */
export interface ForwarderAnswer {
  failures: { port: string; code: string }[]
}

/** 60,000 ports fit in. */
const longestLine = 16 << 20

/** What names a port of the host. */
export const portKey = ({
  protocol,
  hostIp,
  hostPort,
}: {
  protocol: string
  hostIp: string
  hostPort: number
}): string => `${protocol} ${hostIp} ${hostPort}`

/** Sends one message. */
export function sendLine(socket: Socket, message: ForwarderOrder | ForwarderAnswer): void {
  socket.write(`${JSON.stringify(message)}\n`)
}

/** Calls `onLine` with each parsed line. A line that is too long or no JSON destroys the socket. */
export function receiveLines(socket: Socket, onLine: (message: unknown) => void): void {
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n')
    text = lines.pop() ?? ''
    try {
      if (text.length > longestLine) throw new Error('a line too long')
      for (const line of lines) onLine(JSON.parse(line))
    } catch (error) {
      socket.destroy(error as Error)
    }
  })
}
