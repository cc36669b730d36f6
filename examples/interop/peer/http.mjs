// Serves routes on loopback: { 'POST /token': async ({ request, body, form }) => answer }.
import { createServer } from 'node:http'
import { Oauth2ResourceUnauthorizedError, Oauth2ServerErrorResponseError } from '@openid4vc/oauth2'

const json = (status, value) => ({ status, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }, body: JSON.stringify(value) })
export const ok = (value) => json(200, value)

/** Starts a server. makeRoutes gets its URL. */
export async function serve(makeRoutes) {
  let routes
  const server = createServer(async (incoming, outgoing) => {
    const { status, headers, body } = await answer(routes, incoming).catch(refusal)
    outgoing.writeHead(status, headers).end(body)
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const url = `http://127.0.0.1:${server.address().port}`
  routes = makeRoutes(url)
  return { url, close: () => server.close() }
}

async function answer(routes, incoming) {
  const url = new URL(incoming.url, `http://${incoming.headers.host}`)
  const route = routes[`${incoming.method} ${url.pathname}`]
  if (!route) return { status: 404 }
  const chunks = []
  for await (const chunk of incoming) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString()
  const request = { method: incoming.method, url: url.href, headers: new Headers(Object.entries(incoming.headers)) }
  return route({ request, body, form: Object.fromEntries(new URLSearchParams(body)) })
}

/** The library says which error code a refusal has. */
function refusal(error) {
  if (error instanceof Oauth2ServerErrorResponseError) return json(error.status ?? 400, error.errorResponse)
  if (error instanceof Oauth2ResourceUnauthorizedError) {
    return { status: 401, headers: { 'WWW-Authenticate': error.toHeaderValue() } }
  }
  process.stderr.write(`${error?.stack}\n`)
  return json(500, { error: 'server_error' })
}
