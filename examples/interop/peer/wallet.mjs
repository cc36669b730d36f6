// A wallet on @openid4vc and @sd-jwt.
import * as jose from 'jose'
import { DcqlQuery } from 'dcql'
import { clientAuthenticationClientAttestationJwt, createClientAttestationJwt } from '@openid4vc/oauth2'
import { AuthorizationFlow, Openid4vciClient } from '@openid4vc/openid4vci'
import { Openid4vpClient } from '@openid4vc/openid4vp'
import { callbacks, didJWK, Keyring } from './keys.mjs'
import { present, verify } from './sdjwt.mjs'

const keyring = new Keyring()
const held = [] // { credential, payload, holder }
let pending // asks again for what was deferred

/** Takes up an offer and keeps what comes. With clientId it signs in, else it has a code. */
export async function receive({ offer, txCode, batch = 1, proof = 'jwk', dpop = true, trust, clientId, maker, notify }) {
  const more = { fetch: withoutNotification, ...(maker && { clientAuthentication: await attested(maker, clientId) }) }
  const client = new Openid4vciClient({ callbacks: callbacks(keyring, trust, more) })
  const credentialOffer = await client.resolveCredentialOffer(offer)
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer)
  const credentialConfigurationId = credentialOffer.credential_configuration_ids[0]
  const dpopOf = dpop ? { signer: { method: 'jwk', alg: 'ES256', publicJwk: await keyring.make() } } : undefined
  const about = { client, credentialOffer, issuerMetadata, credentialConfigurationId, dpop: dpopOf }

  const token = clientId ? await signIn(about, clientId) : await client.retrievePreAuthorizedCodeAccessTokenFromOffer({ ...about, txCode })
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata })
  const keys = await Promise.all(Array.from({ length: batch }, () => keyring.make()))
  const jwt = await Promise.all(keys.map(async (publicJwk) => {
    const signer = proof === 'did' ? { method: 'did', alg: 'ES256', didUrl: didJWK(publicJwk) + '#0' } : { method: 'jwk', alg: 'ES256', publicJwk }
    return (await client.createCredentialRequestJwtProof({ ...about, signer, nonce, clientId })).jwt
  }))
  const access = { issuerMetadata, accessToken: token.accessTokenResponse.access_token, dpop: token.dpop }
  const next = ({ dpop }) => ({ ...access, dpop: access.dpop && { ...access.dpop, ...dpop } })
  const finish = async (response, { credentials, notification_id: notificationId }) => {
    const kept = await Promise.all(credentials.map(({ credential }) => keep(credential, keys, trust)))
    if (notify) await client.sendNotification({ ...next(response), notification: { notificationId, event: 'credential_accepted' } })
    return { credentials: kept, tokenType: token.accessTokenResponse.token_type, draft: issuerMetadata.originalDraftVersion }
  }
  const response = await client.retrieveCredentials({ ...access, credentialConfigurationId, proofs: { jwt } })
  const { transaction_id: transactionId } = response.credentialResponse
  if (!transactionId) return finish(response, response.credentialResponse)
  pending = async () => {
    const later = await client.retrieveDeferredCredentials({ ...next(response), transactionId })
    const answer = later.deferredCredentialResponse
    return answer.credentials ? finish(later, answer) : { deferred: true }
  }
  return { deferred: true }
}

/** Goes back to the issuer that said to come later. */
export const comeBack = () => pending()

// @openid4vc/openid4vci 0.4.6 refuses a deferred answer with notification_id, although
// OpenID4VCI 1.0 section 9.2 has it there. The id is taken out of what the library sees.
const withoutNotification = async (url, init) => {
  const response = await fetch(url, init)
  if (!String(url).endsWith('/deferred') || response.status !== 200) return response
  const { notification_id, ...rest } = await response.json()
  return new Response(JSON.stringify(rest), { status: response.status, headers: response.headers })
}

async function keep(credential, keys, trust) {
  const { payload, header } = await verify(credential, trust)
  const bound = await jose.calculateJwkThumbprint(payload.cnf.jwk)
  for (const holder of keys) {
    if ((await jose.calculateJwkThumbprint(holder)) !== bound) continue
    held.push({ credential, payload, holder })
    return { credential, payload, header, bound }
  }
  throw new Error('bound to a key that is not ours')
}

/** The maker vouches for a fresh key of this wallet. */
async function attested({ jwk, x5c }, clientId) {
  await keyring.add(jwk)
  const options = { callbacks: callbacks(keyring) }
  const clientAttestationJwt = await createClientAttestationJwt({
    ...options, signer: { method: 'x5c', alg: 'ES256', x5c }, clientId, issuer: 'https://maker.example',
    confirmation: { jwk: await keyring.make() }, issuedAt: new Date(), expiresAt: new Date(Date.now() + 3600e3),
  })
  return clientAuthenticationClientAttestationJwt({ ...options, clientAttestationJwt })
}

/** PAR and PKCE, a browser that agrees, and the code. */
async function signIn({ client, credentialOffer, issuerMetadata, credentialConfigurationId, dpop }, clientId) {
  const redirectUri = 'https://wallet.example/back'
  const started = await client.initiateAuthorization({
    credentialOffer, issuerMetadata, clientId, redirectUri, dpop,
    scope: issuerMetadata.credentialIssuer.credential_configurations_supported[credentialConfigurationId].scope,
  })
  if (started.authorizationFlow !== AuthorizationFlow.Oauth2Redirect) throw new Error(started.authorizationFlow)
  const back = await browse(started.authorizationRequestUrl)
  const authorizationServerMetadata = issuerMetadata.authorizationServers.find((s) => s.issuer === started.authorizationServer)
  const { code, error } = client.parseAndVerifyAuthorizationResponseRedirectUrl({ url: back, authorizationServerMetadata })
  if (error) throw new Error(error)
  return client.retrieveAuthorizationCodeAccessTokenFromOffer({
    credentialOffer, issuerMetadata, authorizationCode: code, pkceCodeVerifier: started.pkce.codeVerifier, redirectUri, dpop: started.dpop ?? dpop,
  })
}

/** Opens the page, presses yes, and returns where the browser is sent. */
async function browse(address) {
  const page = await fetch(address, { redirect: 'manual' })
  if (page.status !== 200) throw new Error(`the page answered ${page.status}`)
  const body = new URLSearchParams({ decision: 'yes' })
  const done = await fetch(address, { method: 'POST', redirect: 'manual', body, headers: { Origin: new URL(address).origin } })
  if (done.status !== 303) throw new Error(`the decision was answered ${done.status}`)
  return done.headers.get('location')
}

/** Answers a request with what it asks for, and nothing more. */
export async function show({ request, trust, walletNonce, enc, metadata }) {
  const client = new Openid4vpClient({ callbacks: callbacks(keyring, trust) })
  const { params } = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: request })
  if (walletNonce) await fetchByPost(params, walletNonce)
  const resolved = await client.resolveOpenId4vpAuthorizationRequest({ authorizationRequestPayload: params, wallet: { metadata, expectedNonce: walletNonce } })
  const payload = resolved.authorizationRequestPayload
  const vp_token = await answer(payload)
  const response = await client.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: payload, authorizationResponsePayload: { vp_token },
    ...(payload.response_mode === 'direct_post.jwt' && {
      jarm: {
        encryption: { nonce: Buffer.from('wallet nonce') },
        serverMetadata: { authorization_encryption_alg_values_supported: ['ECDH-ES'], authorization_encryption_enc_values_supported: [enc] },
      },
    }),
  })
  const { response: got } = await client.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: payload, authorizationResponsePayload: response.authorizationResponsePayload,
    ...(response.jarm && { jarm: { responseJwt: response.jarm.responseJwt } }),
  })
  return {
    status: got.status, body: await got.text(), mode: payload.response_mode, prefix: resolved.client.prefix,
    shown: Object.values(vp_token).flat(), enc: response.jarm && jose.decodeProtectedHeader(response.jarm.responseJwt).enc,
  }
}

// Section 5.10 of OpenID4VP 1.0. @openid4vc/openid4vp 0.4.6 checks wallet_nonce and never
// sends it, and posts the members of its metadata as fields.
async function fetchByPost(params, walletNonce) {
  const { request_uri, request_uri_method } = params
  if (request_uri_method !== 'post') throw new Error('the verifier takes no POST')
  const got = await fetch(request_uri, {
    method: 'POST', headers: { Accept: 'application/oauth-authz-req+jwt' },
    body: new URLSearchParams({ wallet_nonce: walletNonce, wallet_metadata: JSON.stringify({ vp_formats_supported: { 'dc+sd-jwt': {} } }) }),
  })
  if (got.status !== 200) throw new Error(`request_uri answered ${got.status}: ${await got.text()}`)
  params.request = await got.text()
  delete params.request_uri
  delete params.request_uri_method
}

/** Runs the DCQL query by the library dcql over what is held. */
async function answer({ dcql_query, nonce, client_id, transaction_data }) {
  const query = DcqlQuery.parse(dcql_query)
  DcqlQuery.validate(query)
  const credentials = held.map(({ payload }) => ({
    credential_format: 'dc+sd-jwt', vct: payload.vct, claims: payload, cryptographic_holder_binding: true,
  }))
  const result = DcqlQuery.query(query, credentials)
  if (!result.can_be_satisfied) throw new Error('nothing held answers the query')
  const out = {}
  for (const { id } of query.credentials) {
    const match = result.credential_matches[id]
    if (!match?.success) continue
    const { input_credential_index: index, claims } = match.valid_credentials[0]
    const { credential, holder } = held[index]
    const frame = frameOf(claims.valid_claim_sets[0].output)
    out[id] = [await present(credential, frame, await keyring.private(holder), { nonce, audience: client_id })]
  }
  return out
}

/** The presentation frame that discloses a tree of claims. */
const frameOf = (tree) =>
  tree && typeof tree === 'object' ? Object.fromEntries(Object.entries(tree).map(([k, v]) => [k, frameOf(v)])) : true

/** Forgets everything. */
export const forget = () => { held.length = 0 }
