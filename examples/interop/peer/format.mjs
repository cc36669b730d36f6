// SD-JWT VC by @sd-jwt alone, without a protocol.
import { calculateJwkThumbprint } from 'jose'
import { Keyring } from './keys.mjs'
import * as sdjwt from './sdjwt.mjs'

/** Verifies a credential or a presentation. */
export const verify = ({ text, trust, expected }) => sdjwt.verify(text, trust, expected)

/** Issues to a fresh holder key and shows some claims with a key binding. */
export async function make({ claims, hidden, shown, key, x5c, nonce, audience }) {
  const keyring = new Keyring()
  const holder = await keyring.make()
  const credential = await sdjwt.issue({ ...claims, cnf: { jwk: holder } }, hidden, key, { x5c })
  const presentation = await sdjwt.present(credential, shown, await keyring.private(holder), { nonce, audience })
  return { credential, presentation, bound: await calculateJwkThumbprint(holder) }
}
