// An issuer on @openid4vc and @sd-jwt over node:http.
import { randomBytes } from 'node:crypto'
import { Oauth2AuthorizationServer, Oauth2ResourceServer, Oauth2ServerErrorResponseError, preAuthorizedCodeGrantIdentifier } from '@openid4vc/oauth2'
import { Openid4vciIssuer } from '@openid4vc/openid4vci'
import { ok, serve } from './http.mjs'
import { callbacks, Keyring } from './keys.mjs'
import { issue } from './sdjwt.mjs'

const id = 'diploma'
let of // the running issuer

/** Starts the issuer with a certificate chain and its private JWK. */
export async function start({ jwk, x5c, vct, batch }) {
  of?.server.close()
  const keyring = new Keyring()
  const tokenKey = await keyring.make()
  const cb = callbacks(keyring)
  of = {
    jwk, x5c, vct, tokenKey, offers: new Map(), nonces: new Set(), dpopNonce: text(), events: [], deferred: new Map(), proofs: [],
    issuer: new Openid4vciIssuer({ callbacks: cb }),
    authorization: new Oauth2AuthorizationServer({ callbacks: cb }),
    resource: new Oauth2ResourceServer({ callbacks: cb }),
  }
  of.server = await serve((url) => {
    describe(url, batch)
    return {
      'GET /.well-known/openid-credential-issuer': () => ok(of.metadata.credentialIssuer),
      'GET /.well-known/oauth-authorization-server': () => ok(of.metadata.authorizationServers[0]),
      'GET /jwks': () => ok({ keys: [tokenKey] }),
      'POST /token': token,
      'POST /nonce': () => ok(of.issuer.createNonceResponse({ cNonce: fresh(of.nonces) })),
      'POST /credential': credential,
      'POST /deferred': collect,
      'POST /notification': notification,
    }
  })
  return { url: of.server.url }
}

const text = () => randomBytes(24).toString('base64url')
const fresh = (set) => { const nonce = text(); set.add(nonce); return nonce }

function describe(url, batch) {
  const credentialIssuer = of.issuer.createCredentialIssuerMetadata({
    credential_issuer: url, credential_endpoint: `${url}/credential`, nonce_endpoint: `${url}/nonce`,
    deferred_credential_endpoint: `${url}/deferred`, notification_endpoint: `${url}/notification`,
    batch_credential_issuance: { batch_size: batch }, display: [{ name: 'University of Testing', locale: 'en' }],
    credential_configurations_supported: {
      [id]: {
        format: 'dc+sd-jwt', vct: of.vct, scope: id, cryptographic_binding_methods_supported: ['jwk'],
        credential_signing_alg_values_supported: ['ES256'],
        proof_types_supported: { jwt: { proof_signing_alg_values_supported: ['ES256'] } },
        credential_metadata: { display: [{ name: 'Diploma', locale: 'en' }], claims: [{ path: ['degree'] }] },
      },
    },
  })
  const server = of.authorization.createAuthorizationServerMetadata({
    issuer: url, token_endpoint: `${url}/token`, jwks_uri: `${url}/jwks`, dpop_signing_alg_values_supported: ['ES256'],
    'pre-authorized_grant_anonymous_access_supported': true, grant_types_supported: [preAuthorizedCodeGrantIdentifier],
  })
  of.metadata = {
    originalDraftVersion: 'V1', credentialIssuer, authorizationServers: [server],
    knownCredentialConfigurations: of.issuer.getKnownCredentialConfigurationsSupported(credentialIssuer),
  }
}

/** Makes an offer of claims, of which some are disclosed selectively. */
export async function offer({ claims, disclosed, txCode, deferred = false }) {
  const code = text()
  of.offers.set(code, { claims, disclosed, txCode, deferred })
  const { credentialOffer } = await of.issuer.createCredentialOffer({
    issuerMetadata: of.metadata, credentialConfigurationIds: [id],
    grants: {
      [preAuthorizedCodeGrantIdentifier]: {
        'pre-authorized_code': code, ...(txCode && { tx_code: { input_mode: 'numeric', length: txCode.length } }),
      },
    },
  })
  return { offer: credentialOffer }
}

/** What wallets told and sent. */
export const seen = () => ({ events: of.events, proofs: of.proofs })

const no = (error, description, headers) => {
  const refused = new Oauth2ServerErrorResponseError({ error, error_description: description })
  return Object.assign(refused, { headers })
}

async function token({ request, form }) {
  const parsed = of.authorization.parseAccessTokenRequest({ accessTokenRequest: form, request })
  const ordered = of.offers.get(parsed.grant.preAuthorizedCode)
  if (!ordered || ordered.used) throw no('invalid_grant', 'this code is unknown, or was used')
  const { dpop } = await of.authorization.verifyPreAuthorizedCodeAccessTokenRequest({
    authorizationServerMetadata: of.metadata.authorizationServers[0], accessTokenRequest: form, request, grant: parsed.grant,
    expectedPreAuthorizedCode: parsed.grant.preAuthorizedCode, expectedTxCode: ordered.txCode,
    dpop: { ...parsed.dpop, required: true, allowedSigningAlgs: ['ES256'] },
  })
  const { nonce } = claimsOf(parsed.dpop.jwt)
  if (nonce !== of.dpopNonce) return wantNonce(400)
  ordered.used = true
  const url = of.server.url
  return ok(await of.authorization.createAccessTokenResponse({
    audience: url, authorizationServer: url, expiresInSeconds: 300, subject: parsed.grant.preAuthorizedCode, scope: id,
    clientId: 'wallet', signer: { method: 'jwk', alg: 'ES256', publicJwk: of.tokenKey }, dpop,
  }))
}

const claimsOf = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'))

/** Asks for another DPoP proof with our nonce (RFC 9449 sections 8 and 9). */
const wantNonce = (status) => ({
  status,
  headers: {
    'Content-Type': 'application/json', 'DPoP-Nonce': of.dpopNonce,
    ...(status === 401 && { 'WWW-Authenticate': 'DPoP error="use_dpop_nonce"' }),
  },
  body: JSON.stringify({ error: 'use_dpop_nonce' }),
})

/** The offer that an access token is for. */
async function entitled(request) {
  const { tokenPayload } = await of.resource.verifyResourceRequest({
    authorizationServers: of.metadata.authorizationServers, resourceServer: of.server.url, request, allowedAuthenticationSchemes: ['DPoP'],
  })
  return of.offers.get(tokenPayload.sub)
}

async function credential({ request, body }) {
  const ordered = await entitled(request)
  if (claimsOf(request.headers.get('dpop')).nonce !== of.dpopNonce) return wantNonce(401)
  const parsed = of.issuer.parseCredentialRequest({ credentialRequest: JSON.parse(body), issuerMetadata: of.metadata })
  if (parsed.credentialConfigurationId !== id) throw no('unknown_credential_configuration', 'another type')
  const keys = []
  for (const jwt of parsed.proofs?.jwt ?? []) {
    const { nonce } = claimsOf(jwt)
    if (!of.nonces.has(nonce)) throw no('invalid_nonce', 'this nonce is unknown, or was used')
    const { signer, header } = await of.issuer.verifyCredentialRequestJwtProof({ issuerMetadata: of.metadata, jwt, expectedNonce: nonce })
    keys.push(signer.publicJwk)
    of.proofs.push(Object.keys(header).sort().join(' '))
  }
  if (keys.length === 0) throw no('invalid_proof', 'no proof')
  for (const jwt of parsed.proofs.jwt) of.nonces.delete(claimsOf(jwt).nonce)
  if (ordered.deferred) {
    const transactionId = text()
    of.deferred.set(transactionId, { ...ordered, keys })
    return { ...ok(of.issuer.createCredentialResponse({ credentialRequest: parsed, transactionId, interval: 1 })), status: 202 }
  }
  return ok(of.issuer.createCredentialResponse({ credentialRequest: parsed, credentials: await issued(ordered, keys), notificationId: text() }))
}

async function collect({ request, body }) {
  await entitled(request)
  const { deferredCredentialRequest } = of.issuer.parseDeferredCredentialRequest({ deferredCredentialRequest: JSON.parse(body) })
  const waiting = of.deferred.get(deferredCredentialRequest.transaction_id)
  if (!waiting) throw no('invalid_transaction_id', 'unknown')
  of.deferred.delete(deferredCredentialRequest.transaction_id)
  // Without notificationId, which the library refuses here: see withoutNotification in wallet.mjs.
  return ok(of.issuer.createDeferredCredentialResponse({ credentials: await issued(waiting, waiting.keys) }))
}

const issued = ({ claims, disclosed }, keys) => Promise.all(keys.map(async ({ kty, crv, x, y }) => {
  const day = Math.floor(Date.now() / 864e5) * 86400
  const payload = { vct: of.vct, iat: day, exp: day + 30 * 86400, cnf: { jwk: { kty, crv, x, y } }, ...claims }
  return { credential: await issue(payload, { _sd: disclosed }, of.jwk, { x5c: of.x5c }) }
}))

async function notification({ request, body }) {
  await entitled(request)
  of.events.push(JSON.parse(body).event)
  return { status: 204 }
}
