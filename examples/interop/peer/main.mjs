// Reads operations as JSON, one a line, from standard input and answers on standard output:
// {"do": name, "with": {…}} → {"value": …} or {"error": text}.
import { createInterface } from 'node:readline'
import * as wallet from './wallet.mjs'
import * as issuer from './issuer.mjs'
import * as verifier from './verifier.mjs'
import * as format from './format.mjs'

const all = { wallet, issuer, verifier, format }

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, with: options } = JSON.parse(line)
  const [who, what] = name.split('.')
  let answer
  try {
    answer = { value: (await all[who][what](options ?? {})) ?? null }
  } catch (error) {
    answer = { error: explain(error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
process.exit(0)

/** The error with its causes and what a server answered. */
function explain(error) {
  const parts = [String(error?.stack?.split('\n').slice(0, 4).join(' ') ?? error)]
  for (const more of [error?.errorResponse, error?.response?.credentialErrorResponseResult, error?.internalMessage]) {
    if (more) parts.push(JSON.stringify(more))
  }
  if (error?.cause) parts.push(explain(error.cause))
  return parts.join(' | ')
}
