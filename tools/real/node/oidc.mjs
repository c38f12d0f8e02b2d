// An OpenID provider that we did not write (npm oidc-provider), for tests of tokens.
//
// Standard input holds one JSON object:
//   port       on 127.0.0.1; 0 picks a free one
//   keys       private JWKs, each with kid and alg; the first of an alg signs
//   audience   the resource server that access tokens are for
//   alg        what access tokens are signed with: ES256 or RS256
//   ttl        seconds that an access token lives
//   people     {subject: {claims}}: who can log in; claims go into the access token
//   programs   {client id: {jwks, scope, claims}}: service accounts by client_credentials and private_key_jwt
//   redirect   where the authorization code goes
//   scopes     every scope that may be asked for
//
// Prints READY and the issuer. People log in at the ordinary authorization endpoint, code flow with PKCE; where a page
// would ask for name and consent, login_hint names the person. Tokens are JWTs of RFC 9068. It ends with its standard input
// closed or on SIGTERM.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Provider } from "oidc-provider";

const line = await new Promise((resolve) => createInterface({ input: process.stdin }).once("line", resolve));
const given = JSON.parse(line);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

const server = createServer((req, res) => void answer(req, res));
await new Promise((resolve) => server.listen(given.port ?? 0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const people = given.people ?? {};
const programs = given.programs ?? {};
const scope = (given.scopes ?? []).join(" ");
const provider = new Provider(issuer, {
  jwks: { keys: given.keys },
  cookies: { keys: ["a key for tests only"] },
  scopes: ["openid", "offline_access", ...(given.scopes ?? [])],
  pkce: { required: () => true },
  enabledJWA: { clientAuthSigningAlgValues: ["ES256", "RS384", "ES384"] },
  ttl: { AccessToken: given.ttl ?? 300, ClientCredentials: given.ttl ?? 300, Grant: 3600, Session: 3600, Interaction: 600 },
  clients: [
    {
      client_id: "app",
      token_endpoint_auth_method: "none",
      redirect_uris: [given.redirect],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      application_type: "native",
    },
    ...Object.entries(programs).map(([id, p]) => ({
      client_id: id,
      token_endpoint_auth_method: "private_key_jwt",
      jwks: p.jwks,
      scope: p.scope ?? "",
      redirect_uris: [],
      grant_types: ["client_credentials"],
      response_types: [],
    })),
  ],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => given.audience,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource) => {
        if (resource !== given.audience) throw new Error("no such resource server");
        return { scope, audience: given.audience, accessTokenFormat: "jwt", accessTokenTTL: given.ttl ?? 300, jwt: { sign: { alg: given.alg } } };
      },
    },
  },
  interactions: { url: (_ctx, interaction) => `/login/${interaction.uid}` },
  findAccount: (_ctx, sub) => (people[sub] ? { accountId: sub, claims: () => ({ sub }) } : undefined),
  extraTokenClaims: (_ctx, token) =>
    token.kind === "ClientCredentials" ? programs[token.clientId]?.claims : people[token.accountId],
});
const oidc = provider.callback();

async function answer(req, res) {
  if (!req.url.startsWith("/login/")) return oidc(req, res);
  try {
    const { params } = await provider.interactionDetails(req, res);
    const accountId = params.login_hint;
    if (!people[accountId]) {
      return await provider.interactionFinished(req, res, { error: "access_denied", error_description: "nobody of that name" });
    }
    const grant = new provider.Grant({ accountId, clientId: params.client_id });
    grant.addOIDCScope(`openid offline_access ${scope}`.trim());
    grant.addResourceScope(given.audience, scope);
    const grantId = await grant.save();
    await provider.interactionFinished(req, res, { login: { accountId }, consent: { grantId } });
  } catch (err) {
    res.writeHead(400, { "Content-Type": "text/plain" }).end(String(err));
  }
}

console.log(`READY ${issuer}`);
process.on("SIGTERM", () => process.exit(0));
