//! Login: the registry's challenge, and the credentials that answer it.
//!
//! Our own, because the client library does not know identity tokens and does not report refusals.
//! distribution/distribution: docs/content/spec/auth/{token,oauth}.md; Azure/acr: docs/AAD-OAuth.md

use std::time::Duration;

use http_auth::ChallengeRef;
use oci_client::secrets::RegistryAuth;
use reqwest::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;

use super::connection::{Clients, Insecure};
use super::credentials::Credential;
use super::error::{RegistryError, acr_name};
use super::failure::{Asked, looks_like, of_http};

/// The largest answer that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// The scope of the access to a repository, as token services define it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Pull,
    Push,
}

/// How long a request with its answer may take, where nothing else is asked for.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);

/// The texts of a registry's challenges; none where it wants no credentials.
pub(crate) type Challenges = Vec<String>;

/// Access to a repository of a registry with a credential.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    pub(crate) http: &'a Clients,
    /// Where the user allows plain http
    pub(crate) insecure: &'a Insecure,
    /// Time limit of a request with its answer
    pub(crate) timeout: Duration,
    pub(crate) repository: &'a str,
    pub(crate) credential: &'a Credential,
    pub(crate) asked: Asked<'a>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Access<'_> {
    /// Authenticates as the registry requires.
    pub(crate) async fn authenticate(&self, action: Action) -> Result<RegistryAuth, RegistryError> {
        let challenges = self.challenges().await?;
        self.answer(&challenges, action).await
    }

    /// What the registry asks of everyone.
    pub(crate) async fn challenges(&self) -> Result<Challenges, RegistryError> {
        let response = self.send(self.http.get(self.url("/v2/")?)).await?;
        match response.status() {
            StatusCode::OK => {
                let body = self.read(response).await?;
                match looks_like(&body) {
                    "" => Ok(Vec::new()),
                    _ => Err(self.nonsense("it serves a web page instead of its API")),
                }
            }
            StatusCode::UNAUTHORIZED => Ok(challenges(&response)),
            StatusCode::NOT_FOUND => Err(self.nonsense("it has no /v2/")),
            _ => Err(self.refused(response).await),
        }
    }

    /// Where the registry has this path.
    pub(crate) fn url(&self, path: &str) -> Result<Url, RegistryError> {
        let registry = self.asked.registry;
        let scheme = self.insecure.scheme(registry);
        Url::parse(&format!("{scheme}://{registry}{path}"))
            .map_err(|_| self.nonsense("its name is not a host with an optional port"))
    }

    /// Gives what the challenges ask for.
    pub(crate) async fn answer(
        &self,
        challenges: &Challenges,
        action: Action,
    ) -> Result<RegistryAuth, RegistryError> {
        let is_open = challenges.is_empty();
        let schemes: Vec<ChallengeRef<'_>> =
            challenges.iter().filter_map(|text| http_auth::parse_challenges(text).ok()).flatten().collect();
        let has =
            |scheme: &str| schemes.iter().any(|challenge| challenge.scheme.eq_ignore_ascii_case(scheme));
        if has("Bearer") {
            let parameter = |name: &str| parameter_of(challenges, "Bearer", name);
            let service = parameter("service").unwrap_or_else(|| self.asked.registry.to_owned());
            let token = self.token(parameter("realm"), &service, action).await?;
            return Ok(RegistryAuth::Bearer(token));
        }
        match self.credential {
            _ if is_open => Ok(RegistryAuth::Anonymous),
            _ if !has("Basic") => {
                Err(self.nonsense("it requires credentials but does not say how to send them"))
            }
            Credential::Password { user, password } => {
                Ok(RegistryAuth::Basic(user.clone(), password.clone()))
            }
            Credential::Anonymous => Err(self.asked.of_status(401, "")),
            Credential::Identity(_) => Err(self.no_exchange()),
        }
    }

    async fn token(
        &self,
        realm: Option<String>,
        service: &str,
        action: Action,
    ) -> Result<String, RegistryError> {
        let actions = match action {
            Action::Pull => "pull",
            Action::Push => "pull,push",
        };
        let scope = format!("repository:{}:{actions}", self.repository);
        let request = match self.credential {
            // Send the token to the registry itself, even if it names another realm: no other server may get it.
            Credential::Identity(identity) => self.http.post(self.url("/oauth2/token")?).form(&[
                ("grant_type", "refresh_token"),
                ("service", self.asked.registry),
                ("scope", &scope),
                ("refresh_token", identity),
            ]),
            credential => {
                let realm = self.realm(realm)?;
                let request = self.http.get(realm).query(&[("service", service), ("scope", &scope)]);
                match credential {
                    Credential::Password { user, password } => request.basic_auth(user, Some(password)),
                    _ => request,
                }
            }
        };
        let is_exchange = matches!(self.credential, Credential::Identity(_));
        let response = self.send(request).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED if is_exchange => {
                return Err(self.no_exchange());
            }
            // RFC 6749 5.2: an expired refresh token is a bad request.
            StatusCode::BAD_REQUEST if is_exchange => return Err(self.asked.of_status(401, "")),
            StatusCode::NOT_FOUND => {
                return Err(self.nonsense("the token service that it names has no such page"));
            }
            _ => return Err(self.refused(response).await),
        }
        let body = self.read(response).await?;
        let token =
            serde_json::from_str(&body).ok().and_then(|token: Token| token.token.or(token.access_token));
        // The library would panic on characters that are not allowed in a header.
        token
            .filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(|| self.nonsense("its token service gave no token"))
    }

    /// Where the registry sends us with a password: over https unless the user allows otherwise, and for a login server of ACR
    /// to itself.
    fn realm(&self, realm: Option<String>) -> Result<Url, RegistryError> {
        let realm = realm.and_then(|realm| Url::parse(&realm).ok());
        // User info in it would be sent beside the credential.
        let realm = realm
            .filter(|realm| !has_user_info(realm))
            .ok_or_else(|| self.nonsense("it wants a token but does not say from where"))?;
        let own = self.url("/")?;
        let is_own = authority(&realm) == authority(&own);
        if acr_name(self.asked.registry).is_some() && !is_own {
            return Err(self.nonsense("it names a token service on another host, which gets no credentials"));
        }
        let is_allowed = match realm.scheme() {
            "https" => true,
            "http" => own.scheme() == "http" && self.insecure.allows(&authority(&realm)),
            _ => false,
        };
        if is_allowed {
            Ok(realm)
        } else {
            Err(self.nonsense("its token service has no TLS, so it gets no credentials"))
        }
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
        let response = request.timeout(self.timeout).send().await;
        response.map_err(|error| of_http(self.asked.registry, &error))
    }

    pub(crate) async fn refused(&self, response: Response) -> RegistryError {
        let status = response.status().as_u16();
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let wait = wait.map(Duration::from_secs);
        let body = match self.read(response).await {
            Ok(body) => body,
            Err(error) => return error,
        };
        match self.asked.of_status(status, &body) {
            RegistryError::Busy { registry, status, .. } => RegistryError::Busy { registry, status, wait },
            other => other,
        }
    }

    /// A whole answer, up to a limit.
    pub(crate) async fn read(&self, mut response: Response) -> Result<String, RegistryError> {
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| of_http(self.asked.registry, &error))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(self.nonsense("its answer does not end"));
            }
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    pub(crate) fn nonsense(&self, problem: &str) -> RegistryError {
        RegistryError::Nonsense { registry: self.asked.registry.to_owned(), problem: problem.to_owned() }
    }

    fn no_exchange(&self) -> RegistryError {
        RegistryError::NoExchange {
            registry: self.asked.registry.to_owned(),
            config: self.asked.config.to_owned(),
        }
    }
}

/// The challenges of an answer.
pub(crate) fn challenges(response: &Response) -> Challenges {
    let values = response.headers().get_all(WWW_AUTHENTICATE).iter();
    let challenges: Challenges = values.filter_map(|value| Some(value.to_str().ok()?.to_owned())).collect();
    // Without one, what is asked for is not known, which is not the same as nothing.
    if challenges.is_empty() { vec![String::new()] } else { challenges }
}

/// A parameter of the first challenge with this scheme.
pub(super) fn parameter_of(challenges: &Challenges, scheme: &str, name: &str) -> Option<String> {
    let parsed = challenges.iter().filter_map(|text| http_auth::parse_challenges(text).ok()).flatten();
    let of_scheme = parsed.into_iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case(scheme))?;
    let (_, value) = of_scheme.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(value.to_unescaped())
}

/// Whether an address has a user name or a password in it.
pub(super) fn has_user_info(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Host and port, the port where it is not that of the scheme.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
