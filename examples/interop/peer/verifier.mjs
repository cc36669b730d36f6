// A verifier on @openid4vc, dcql and @sd-jwt over node:http.
import { randomBytes } from 'node:crypto'
import { DcqlPresentationResult, DcqlQuery } from 'dcql'
import { Openid4vpVerifier } from '@openid4vc/openid4vp'
import { ok, serve } from './http.mjs'
import { callbacks, Keyring } from './keys.mjs'
import { verify } from './sdjwt.mjs'

let of // the running verifier

/** Starts the verifier with the certificate chain of its requests and the private JWK. */
export async function start({ jwk, x5c, prefix, anchors, dids }) {
  of?.server.close()
  const keyring = new Keyring()
  await keyring.add(jwk)
  const verifier = new Openid4vpVerifier({ callbacks: callbacks(keyring, { anchors }) })
  of = { keyring, verifier, x5c, prefix, trust: { anchors, dids }, asked: new Map() }
  of.server = await serve((url) => ({
    'GET /request': ({ request }) => object(asked(request)),
    'POST /request': ({ request, form }) => object(asked(request), form.wallet_nonce),
    'POST /response': ({ request, form }) => judge(asked(request), form),
  }))
  return { url: of.server.url }
}

const asked = (request) => of.asked.get(new URL(request.url).search.slice(1))

/** Makes a request for a DCQL query and returns its link. */
export async function request({ dcql, mode = 'direct_post.jwt', enc = ['A128GCM', 'A256GCM'], method = 'get' }) {
  const query = DcqlQuery.parse(dcql)
  DcqlQuery.validate(query)
  const id = randomBytes(16).toString('hex')
  const one = { dcql: query, mode, enc, nonce: randomBytes(24).toString('base64url'), state: randomBytes(12).toString('base64url'), id }
  if (mode === 'direct_post.jwt') {
    const kid = `enc-${id}`
    const { d, ...open } = await of.keyring.private(await of.keyring.make())
    await of.keyring.add({ ...open, d, kid })
    one.key = { ...open, kid, use: 'enc', alg: 'ECDH-ES' }
  }
  of.asked.set(id, one)
  const url = of.server.url.replace('127.0.0.1', of.prefix.startsWith('x509_san_dns') ? 'localhost' : '127.0.0.1')
  one.responseURI = `${url}/response?${id}`
  const params = { client_id: of.prefix, request_uri: `${url}/request?${id}`, ...(method === 'post' && { request_uri_method: 'post' }) }
  return { request: `openid4vp://?${new URLSearchParams(params)}`, id }
}

/** The signed request object. */
async function object(one, walletNonce) {
  const { jar, authorizationRequestPayload } = await of.verifier.createOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: {
      response_type: 'vp_token', client_id: of.prefix, response_uri: one.responseURI, response_mode: one.mode, nonce: one.nonce,
      state: one.state, dcql_query: one.dcql, ...(walletNonce && { wallet_nonce: walletNonce }),
      client_metadata: {
        client_name: 'Verifier of Testing',
        vp_formats_supported: { 'dc+sd-jwt': { 'sd-jwt_alg_values': ['ES256'], 'kb-jwt_alg_values': ['ES256'] } },
        ...(one.key && { jwks: { keys: [one.key] }, encrypted_response_enc_values_supported: one.enc }),
      },
    },
    wallet: { expectedNonce: walletNonce },
    jar: {
      jwtSigner: { method: 'x5c', alg: 'ES256', x5c: of.x5c }, expiresInSeconds: 300,
      additionalJwtPayload: { aud: 'https://self-issued.me/v2' },
    },
  })
  one.payload = authorizationRequestPayload
  one.walletNonce = walletNonce
  return { status: 200, headers: { 'Content-Type': 'application/oauth-authz-req+jwt' }, body: jar.authorizationRequestJwt }
}

/** Judges an answer and keeps what was learned. */
async function judge(one, form) {
  if (form.error) {
    one.result = { error: form.error }
    return ok({})
  }
  try {
    const parsed = await of.verifier.parseOpenid4vpAuthorizationResponse({
      authorizationResponse: form, authorizationRequestPayload: one.payload, callbacks: callbacks(of.keyring),
    })
    const credentials = {}
    for (const [id, presentations] of Object.entries(parsed.dcql.presentations)) {
      credentials[id] = []
      for (const text of presentations) credentials[id].push(await verify(text, of.trust, { nonce: one.nonce, audience: of.prefix }))
    }
    const presentation = Object.fromEntries(Object.entries(credentials).map(([id, all]) => [id, all.map(({ payload }) => ({
      credential_format: 'dc+sd-jwt', vct: payload.vct, claims: payload, cryptographic_holder_binding: true,
    }))]))
    const result = DcqlPresentationResult.fromDcqlPresentation(presentation, { dcqlQuery: one.dcql })
    DcqlPresentationResult.validate(result)
    one.result = { credentials, encrypted: parsed.jarm?.type, posted: one.walletNonce !== undefined }
  } catch (error) {
    one.result = { refused: String(error?.stack ?? error) }
    return { ...ok({ error: 'invalid_request' }), status: 400 }
  }
  return ok({})
}

/** What a request brought. */
export const result = ({ id }) => of.asked.get(id).result
