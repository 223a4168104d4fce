/** What a client offers in its session, besides files. */

import { BytesMessage } from '../files/packet.ts'
import type { Method } from '../grpc/channel.ts'
import { bytes, count, map, message, text } from '../wire/message.ts'

const GetSecretRequest = message({ id: text(1), annotations: map(2, text(2)) })
const GetSecretResponse = message({ data: bytes(1) })

export const getSecret = {
  path: '/moby.buildkit.secrets.v1.Secrets/GetSecret',
  input: GetSecretRequest,
  output: GetSecretResponse,
} satisfies Method<unknown, unknown>

const CheckAgentRequest = message({ id: text(1) })
const Empty = message({})

/** Whether there is an agent of that name. */
export const checkAgent = {
  path: '/moby.sshforward.v1.SSH/CheckAgent',
  input: CheckAgentRequest,
  output: Empty,
} satisfies Method<unknown, unknown>

/** The bytes of one connection to the agent that `agentHeader` names. */
export const forwardAgent = {
  path: '/moby.sshforward.v1.SSH/ForwardAgent',
  input: BytesMessage,
  output: BytesMessage,
} satisfies Method<unknown, unknown>

export const agentHeader = 'buildkit.ssh.id'

/** The bytes of something that the client has on its standard input; `uploadHeader` names it. */
export const pull = {
  path: '/moby.upload.v1.Upload/Pull',
  input: BytesMessage,
  output: BytesMessage,
} satisfies Method<unknown, unknown>

export const uploadHeader = 'urlpath'

const CredentialsRequest = message({ host: text(1) })
const CredentialsResponse = message({ username: text(1), secret: text(2) })

/** What the client's configuration has for a registry. */
export const credentials = {
  path: '/moby.filesync.v1.Auth/Credentials',
  input: CredentialsRequest,
  output: CredentialsResponse,
} satisfies Method<unknown, unknown>

const HealthCheckRequest = message({ service: text(1) })
const HealthCheckResponse = message({ status: count(1) })

export const healthCheck = {
  path: '/grpc.health.v1.Health/Check',
  input: HealthCheckRequest,
  output: HealthCheckResponse,
} satisfies Method<unknown, unknown>

/** HealthCheckResponse.status */
export const serving = 1
