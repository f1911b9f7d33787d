// The certified `oidc-provider` on loopback, as the tests need it.
//
// Its one argument is a JSON object, each member optional: { "port", "accessTokenTtl", "refreshTokenTtl",
// "offlineAccessNeeded", "pushRequired", "initialToken": what a registration has to present, "clientKey": the public JWK of
// the clients that prove themselves by a key }.
// With "pages" a person in a browser logs in and consents by forms.
// It prints `ready URL` when it listens and ends when its standard input does.
//
// Besides the provider's own routes there are:
//   GET  /interaction/UID   logs in and consents at once; with the cookie `decision=deny` it refuses
//   POST /_approve, /_deny  user_code=…: walks a device login to its end, as a person with a browser would
//   GET  /_events           what the provider did: how many grants succeeded, failed, were revoked
//   GET  /_refresh_tokens   every refresh token given, oldest first

import http from "node:http";
import Provider, { errors } from "oidc-provider";

const settings = JSON.parse(process.argv[2] ?? "{}");
const ACCOUNT = "user-1";
const LOOPBACK_CALLBACKS = ["http://127.0.0.1/callback", "http://[::1]/callback"];
const GRANTS = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];
const RESOURCES = {
  "https://files.example.test/": "files:read files:write",
  "https://mail.example.test/": "mail:read mail:send",
};

const server = http.createServer();
await new Promise((listening) => server.listen(settings.port ?? 0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const nativeClient = (client_id, more) => ({
  client_id,
  application_type: "native",
  grant_types: GRANTS,
  response_types: ["code"],
  redirect_uris: LOOPBACK_CALLBACKS,
  ...more,
});

const provider = new Provider(issuer, {
  clients: [
    nativeClient("agentd-test", { token_endpoint_auth_method: "none" }),
    nativeClient("agentd-confidential", {
      token_endpoint_auth_method: "client_secret_basic",
      client_secret: "canary-cs-confidential+/=%",
    }),
    nativeClient("agentd-post", {
      token_endpoint_auth_method: "client_secret_post",
      client_secret: "canary-cs-confidential+/=%",
    }),
    ...(settings.clientKey ? [
      nativeClient("agentd-key", { token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [settings.clientKey] } }),
      {
        client_id: "agentd-job",
        token_endpoint_auth_method: "private_key_jwt",
        jwks: { keys: [settings.clientKey] },
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: [],
      },
    ] : []),
    {
      client_id: "inspector",
      client_secret: "inspector-secret",
      token_endpoint_auth_method: "client_secret_post",
      grant_types: [],
      response_types: [],
      redirect_uris: [],
    },
  ],
  cookies: { keys: ["loopback test only"] },
  findAccount: (_ctx, accountId) => ({
    accountId,
    claims: () => ({ sub: accountId, name: "Ada Example", email: "ada@example.test" }),
  }),
  claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  rotateRefreshToken: true,
  ...(settings.offlineAccessNeeded === false && {
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
  }),
  ttl: {
    AccessToken: settings.accessTokenTtl ?? 3600,
    RefreshToken: settings.refreshTokenTtl ?? 86400,
    DeviceCode: 600,
    AuthorizationCode: 60,
    IdToken: 3600,
    Grant: 86400,
    Session: 86400,
    Interaction: 3600,
  },
  features: {
    devInteractions: { enabled: false },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
    pushedAuthorizationRequests: {
      enabled: true,
      requirePushedAuthorizationRequests: settings.pushRequired ?? false,
    },
    registration: { enabled: true, initialAccessToken: settings.initialToken ?? false },
    registrationManagement: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: (ctx, form) => { ctx.body = form; },
      userCodeConfirmSource: (ctx, form) => { ctx.body = form; },
      successSource: (ctx) => { ctx.body = "approved"; },
    },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => {
        if (!(resource in RESOURCES)) throw new errors.InvalidTarget();
        return {
          scope: RESOURCES[resource],
          audience: resource,
          accessTokenTTL: settings.accessTokenTtl ?? 3600,
          accessTokenFormat: "opaque",
        };
      },
    },
  },
});

const events = {};
const COUNTED = [
  "grant.success", "grant.error", "grant.revoked", "access_token.saved", "refresh_token.saved", "refresh_token.consumed",
  "client_credentials.saved", "pushed_authorization_request.success", "registration_create.success",
  "registration_delete.success",
];
for (const name of COUNTED) {
  events[name] = 0;
  provider.on(name, () => { events[name] += 1; });
}

// The value of an opaque token is its identifier.
const refreshTokens = [];
provider.on("refresh_token.saved", (token) => { refreshTokens.push(token.jti); });

const page = (title, fields, yes) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>
<h1>${title}</h1><form method="post">${fields}<p><button name="decision" value="yes">${yes}</button>
<button name="decision" value="no">Cancel</button></p></form></html>`;

async function interaction(req, res) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(req, res);
  const form = req.method === "POST" ? await body(req) : undefined;
  if (settings.pages && !form) {
    const html = prompt.name === "login"
      ? page("Log in", '<p><label>Name <input name="name" autofocus></label></p>', "Log in")
      : page("Give access?", "<p>A program on this machine wants to act for you.</p>", "Allow");
    return res.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
  }
  if (form?.get("decision") === "no" || /(^|;\s*)decision=deny/.test(req.headers.cookie ?? "")) {
    const refusal = { error: "access_denied", error_description: "the person refused" };
    return provider.interactionFinished(req, res, refusal, { mergeWithLastSubmission: false });
  }
  if (prompt.name === "login") {
    return provider.interactionFinished(req, res, { login: { accountId: form?.get("name") || ACCOUNT } }, { mergeWithLastSubmission: false });
  }
  const grant = (grantId && await provider.Grant.find(grantId))
    || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(" "));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
}

// A browser with a cookie jar that follows redirects; returns the last page.
function browser() {
  const jar = new Map();
  return async function visit(path, form) {
    let url = new URL(path, issuer);
    for (let hops = 0; hops < 20; hops += 1) {
      const response = await fetch(url, {
        method: form ? "POST" : "GET",
        body: form && new URLSearchParams(form),
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
        redirect: "manual",
      });
      for (const cookie of response.headers.getSetCookie()) {
        const [name, value] = cookie.split(";")[0].split(/=(.*)/s);
        if (value) jar.set(name, value); else jar.delete(name);
      }
      const location = response.headers.get("location");
      if (!location) return { status: response.status, text: await response.text() };
      url = new URL(location, url);
      form = undefined;
    }
    throw new Error("too many redirects");
  };
}

async function decide(user_code, decision) {
  const visit = browser();
  const page = await visit(`/device?user_code=${encodeURIComponent(user_code)}`);
  const xsrf = /name="xsrf"\s+value="([^"]+)"/.exec(page.text)?.[1];
  const { status, text } = await visit("/device", { xsrf, user_code, ...decision });
  return { status, text };
}

async function body(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

const oidc = provider.callback();
server.on("request", async (req, res) => {
  try {
    const { pathname } = new URL(req.url, issuer);
    if (pathname.startsWith("/interaction/")) {
      await interaction(req, res);
    } else if (req.method === "POST" && (pathname === "/_approve" || pathname === "/_deny")) {
      const code = (await body(req)).get("user_code") ?? "";
      const approve = pathname === "/_approve";
      const last = await decide(code, approve ? { confirm: "yes" } : { abort: "yes" });
      const done = approve ? last.status === 200 && last.text === "approved" : last.status < 500;
      res.writeHead(done ? 204 : 400, { "content-type": "text/plain" }).end(done ? undefined : last.text);
    } else if (pathname === "/_events") {
      res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(events));
    } else if (pathname === "/_refresh_tokens") {
      res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(refreshTokens));
    } else {
      oidc(req, res);
    }
  } catch (error) {
    console.error(error);
    if (!res.headersSent) res.writeHead(500);
    res.end();
  }
});

process.stdin.on("end", () => process.exit(0)).resume();
console.log(`ready ${issuer}`);
