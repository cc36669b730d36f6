// Keys, certificates and JOSE for the libraries, which leave them to their user.
import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import * as jose from 'jose'
import { clientAuthenticationAnonymous, setGlobalConfig } from '@openid4vc/oauth2'

// Everything here talks over http on loopback.
setGlobalConfig({ allowInsecureUrls: true })

const bytes = (text) => new TextEncoder().encode(text)

/** Private keys by thumbprint. */
export class Keyring {
  #keys = new Map()

  async make() {
    const { privateKey } = await jose.generateKeyPair('ES256', { extractable: true })
    return this.add(await jose.exportJWK(privateKey))
  }

  /** Keeps a private JWK and returns its public half. */
  async add(jwk) {
    const { d, ...open } = jwk
    this.#keys.set(await jose.calculateJwkThumbprint(open), jwk)
    return open
  }

  async private(open) {
    const found = this.#keys.get(await jose.calculateJwkThumbprint(open))
    if (!found) throw new Error('no private key for this public key')
    return found
  }

  async byKeyID(kid) {
    for (const jwk of this.#keys.values()) if (jwk.kid === kid) return jwk
    throw new Error('no private key of this kid')
  }
}

const certificate = (base64) => new X509Certificate(Buffer.from(base64, 'base64'))

/** The JWK that a certificate holds. */
export const certified = (x5c) => {
  const { kty, crv, x, y } = certificate(x5c[0]).publicKey.export({ format: 'jwk' })
  return { kty, crv, x, y }
}

/** Follows x5c to one of the anchors (PEM) and returns the leaf's JWK. */
export function trusted(x5c, anchors = []) {
  const chain = x5c.map(certificate)
  const now = Date.now()
  for (const [i, c] of chain.entries()) {
    if (now < Date.parse(c.validFrom) || now > Date.parse(c.validTo)) throw new Error('a certificate is not in force')
    const above = i + 1 < chain.length ? [chain[i + 1]] : anchors.map((pem) => new X509Certificate(pem))
    if (!above.some((a) => a.ca && c.checkIssued(a) && c.verify(a.publicKey))) throw new Error('the chain leads to no anchor')
  }
  return certified(x5c)
}

/** The key that signed: of a certificate, of did:jwk, or one that was pinned. */
export function keyOf({ x5c, jwk, did }, trust = {}) {
  if (x5c) return trusted(x5c, trust.anchors)
  if (jwk) return jwk
  if (did?.startsWith('did:jwk:')) return JSON.parse(Buffer.from(did.split('#')[0].slice('did:jwk:'.length), 'base64url'))
  if (did && trust.dids?.[did]) return trust.dids[did]
  throw new Error(`nobody trusted signed: ${did ?? 'no key is named'}`)
}

export const didJWK = (open) => `did:jwk:${Buffer.from(JSON.stringify(open)).toString('base64url')}`

const names = (base64, kind) =>
  (certificate(base64).subjectAltName ?? '').split(', ').filter((n) => n.startsWith(kind)).map((n) => n.slice(kind.length))

/** The callbacks of @openid4vc, over one keyring. */
export function callbacks(keyring, trust, more = {}) {
  const named = (signer) => ({ x5c: signer.x5c, jwk: signer.publicJwk, did: signer.didUrl })
  return {
    fetch,
    hash: (data, alg) => createHash(alg.replace('-', '')).update(data).digest(),
    generateRandom: (n) => randomBytes(n),
    clientAuthentication: clientAuthenticationAnonymous(),
    signJwt: async (signer, { header, payload }) => {
      const open = signer.x5c ? certified(signer.x5c) : keyOf(named(signer), trust)
      const key = await jose.importJWK(await keyring.private(open), signer.alg)
      return { jwt: await new jose.SignJWT(payload).setProtectedHeader({ ...header, alg: signer.alg }).sign(key), signerJwk: open }
    },
    verifyJwt: async (signer, { compact }) => {
      try {
        const open = keyOf(named(signer), trust)
        await jose.compactVerify(compact, await jose.importJWK(open, signer.alg), { algorithms: [signer.alg] })
        return { verified: true, signerJwk: open }
      } catch {
        return { verified: false }
      }
    },
    encryptJwe: async ({ publicJwk, alg, enc, apu, apv }, data) => {
      const kid = publicJwk.kid ? { kid: publicJwk.kid } : {}
      const jwe = new jose.CompactEncrypt(bytes(data)).setProtectedHeader({ alg, enc, ...kid }).setKeyManagementParameters({
        ...(apu && { apu: jose.base64url.decode(apu) }), ...(apv && { apv: jose.base64url.decode(apv) }),
      })
      return { encryptionJwk: publicJwk, jwe: await jwe.encrypt(await jose.importJWK(publicJwk, alg)) }
    },
    decryptJwe: async (jwe) => {
      const jwk = await keyring.byKeyID(jose.decodeProtectedHeader(jwe).kid)
      const { plaintext } = await jose.compactDecrypt(jwe, await jose.importJWK(jwk, 'ECDH-ES'))
      return { decrypted: true, decryptionJwk: jwk, payload: new TextDecoder().decode(plaintext) }
    },
    getX509CertificateMetadata: (base64) => ({ sanDnsNames: names(base64, 'DNS:'), sanUriNames: names(base64, 'URI:') }),
    ...more,
  }
}
