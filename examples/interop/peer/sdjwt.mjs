// SD-JWT VC by @sd-jwt: issue, verify, show.
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'
import { digest, ES256, generateSalt } from '@sd-jwt/crypto-nodejs'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { keyOf } from './keys.mjs'

const base = { hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt, signAlg: 'ES256', kbSignAlg: 'ES256' }

/** Checks ES256 over header.payload with the key that trust finds for the header. */
const verifierOf = (trust) => async (data, signature) => {
  const { x5c, kid } = decodeProtectedHeader(data + '.')
  const { iss } = decodeJwt(data + '.')
  const did = kid?.startsWith('#') ? iss + kid : kid
  const check = await ES256.getVerifier(keyOf({ x5c, did }, trust))
  return check(data, signature)
}

/** Verifies a credential or, where expected is given, a presentation. Status is checked. */
export async function verify(text, trust, expected) {
  const signed = verifierOf(trust)
  const instance = new SDJwtVcInstance({
    ...base,
    verifier: signed,
    statusVerifier: signed,
    kbVerifier: async (data, signature, payload) => (await ES256.getVerifier(payload.cnf.jwk))(data, signature),
  })
  const { payload, kb, header } = await instance.verify(text, expected && { keyBindingNonce: expected.nonce })
  if (expected && kb.payload.aud !== expected.audience) throw new Error(`the key binding is for ${kb.payload.aud}`)
  return { payload, kb: kb?.payload, header }
}

/** Shows the claims of a frame with a key binding by a private JWK. */
export async function present(text, frame, holder, { nonce, audience }, more = {}) {
  const instance = new SDJwtVcInstance({ ...base, kbSigner: await ES256.getSigner(holder) })
  return instance.present(text, frame, { kb: { payload: { iat: Math.floor(Date.now() / 1000), nonce, aud: audience, ...more } } })
}

/** Issues claims, of which the frame hides some, signed by a private JWK. */
export async function issue(claims, frame, key, header) {
  const instance = new SDJwtVcInstance({ ...base, signer: await ES256.getSigner(key) })
  return instance.issue(claims, frame, { header })
}
