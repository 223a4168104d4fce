/** What the Engine API's client offers. */
import type { Duplex } from 'node:stream'
import type { Operations } from '@gantry/api'
import type { OperationName } from './operations.ts'
import type { ResponseBody } from './response-body.ts'

/** Values for the placeholders of the operation's path, by name: `{ id: 'web' }`. */
export type PathParameters = Readonly<Record<string, string>>

export interface Request<O extends OperationName> {
  path?: PathParameters
  query?: { [K in keyof Operations[O]['query']]?: Operations[O]['query'][K] }
  /**
   * Sent as JSON; what a function returns, too, which is called when the head is on its way, and again if the request must be sent again. What is read
   * piece by piece is sent as it is, chunked.
   */
  body?: Operations[O]['body'] | (() => object) | AsyncIterable<Buffer | string>
  headers?: Readonly<Record<string, string>>
  /** Ends the request: whatever waits for it rejects with the signal's reason. */
  signal?: AbortSignal
}

/** A connection taken over after the answer's head. Ends when the server closes; `end()` half-closes. */
export interface HijackedConnection {
  readonly stream: Duplex
  /** Of the answer; names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether the answer's bytes are multiplexed frames (see FrameDecoder); null when the server did not say. */
  readonly multiplexed: boolean | null
}

/**
 * A client of one engine. Errors the engine answers are ApiErrors (a GantryError with the status), with the text
 * `Error response from daemon: …`; an engine that does not answer gives a GantryError of kind Unavailable.
 */
export interface Client extends AsyncDisposable {
  /** As Docker prints it in messages: `unix:///run/gantry/gantry.sock`. */
  readonly host: string
  /** JSON in, JSON out. */
  call<O extends OperationName>(operation: O, request?: Request<O>): Promise<Operations[O]['answer']>
  /** The body as bytes. Destroy it to end the request early. */
  download<O extends OperationName>(operation: O, request?: Request<O>): Promise<ResponseBody>
  /** The body as bytes, with the answer's headers, whose names are in lower case. */
  response<O extends OperationName>(operation: O, request?: Request<O>): Promise<RawAnswer>
  /** The body as a stream of JSON values (events, pull progress, stats). Leaving the loop ends the request. */
  values<T, O extends OperationName = OperationName>(operation: O, request?: Request<O>): AsyncIterable<T>
  /** Resolves with the answer's head: what waits for the body may come later (see ContainerWait). */
  open<O extends OperationName>(
    operation: O,
    request?: Request<O>,
  ): Promise<PendingAnswer<Operations[O]['answer']>>
  /** Upgrades the connection (attach, exec start); to what the header `Upgrade` says, if that is given. */
  hijack<O extends OperationName>(operation: O, request?: Request<O>): Promise<HijackedConnection>
  /** A bare connection to the engine, for whoever speaks HTTP through it. */
  dial(): Promise<Duplex>
  /** The version of the API spoken with this engine: asks it, if no answer has told yet. */
  apiVersion(): Promise<string>
}

export interface RawAnswer {
  readonly headers: Readonly<Record<string, string>>
  /** To be read or destroyed. */
  readonly body: ResponseBody
}

/** An answer whose head has come: the engine has accepted the request. */
export interface PendingAnswer<T> {
  readonly status: number
  readonly answer: Promise<T>
}
