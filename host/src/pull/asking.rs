//! Asks registries: each image and credential once, with one token for each repository and credential, and few connections.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::pin::pin;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream;

use super::Asking;
use super::answer::Answer;
use crate::console::Io;
use crate::console::interrupt::Interrupt;
use crate::console::progress::Progress;
use crate::registry::credentials::Credential;
use crate::registry::image::{Endpoint, Manifest, Session};
use crate::registry::login::Challenges;
use crate::registry::{Platform, RegistryError};

/// How many registries are asked at the same time.
const REGISTRIES: usize = 4;

/// How many repositories of a registry are asked for at the same time.
const REPOSITORIES: usize = 4;

/// An image in its registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Image {
    /// Host and port, in lower case
    pub(crate) registry: String,
    pub(crate) repository: String,
    /// Tag or digest
    pub(crate) wanted: String,
}

impl Image {
    /// The host that serves the registry. docker: `registry/config.go`, `DefaultV2Registry`
    fn endpoint(&self) -> &str {
        match self.registry.as_str() {
            "docker.io" | "index.docker.io" => "registry-1.docker.io",
            other => other,
        }
    }
}

/// An image, and the credentials to ask with until one succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageRequest {
    pub(crate) image: Image,
    pub(crate) credentials: Vec<Credential>,
}

/// The answers so far.
pub(crate) struct Answers {
    all: HashMap<(Image, Credential), Answer>,
    is_complete: bool,
}

impl Answers {
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }

    pub(crate) fn get(&self, image: &Image, credential: &Credential) -> Option<&Answer> {
        self.all.get(&(image.clone(), credential.clone()))
    }
}

/// The images to ask one registry for: by repository, by tag or digest.
type Repositories<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a ImageRequest>>>;

/// Asks until everything is answered, or until Ctrl-C.
pub(crate) fn ask(requests: &[ImageRequest], asking: &Asking, io: &Io) -> Result<Answers, RegistryError> {
    let clients = asking.connection.clients()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| RegistryError::Client(error.to_string()))?;
    let mut registries: BTreeMap<&str, Repositories<'_>> = BTreeMap::new();
    for request in requests {
        let Image { repository, wanted, .. } = &request.image;
        let repositories = registries.entry(request.image.endpoint()).or_default();
        let same = repositories.entry(repository).or_default().entry(wanted).or_default();
        if !same.contains(&request) {
            same.push(request);
        }
    }
    let count = registries.values().flat_map(BTreeMap::values).map(BTreeMap::len).sum();
    let progress = io.stderr.progress("images asked for", count);
    let answers = RefCell::new(HashMap::new());
    let all = stream::iter(&registries).for_each_concurrent(REGISTRIES, |(registry, repositories)| {
        let endpoint = Endpoint {
            http: &clients,
            insecure: &asking.connection.insecure,
            registry,
            timeout: asking.timeout,
        };
        let details = asking.is_detailed.then_some(&asking.platform);
        let registry =
            Registry { endpoint, details, answers: &answers, down: RefCell::new(None), progress: &progress };
        async move { registry.ask(repositories).await }
    });
    let interrupt = Interrupt::expect();
    let is_complete = runtime
        .block_on(async { matches!(select(pin!(all), pin!(interrupt.came())).await, Either::Left(_)) });
    // The system's lookup of a name cannot be interrupted, and waiting for it would outlast every time limit.
    runtime.shutdown_background();
    Ok(Answers { all: answers.into_inner(), is_complete })
}

/// A registry that is asked.
struct Registry<'a> {
    endpoint: Endpoint<'a>,
    /// The platform whose sizes are wanted
    details: Option<&'a Platform>,
    answers: &'a RefCell<HashMap<(Image, Credential), Answer>>,
    /// The answer to everything, once the registry is found to give none
    down: RefCell<Option<Answer>>,
    progress: &'a Progress,
}

impl Registry<'_> {
    async fn ask(&self, repositories: &Repositories<'_>) {
        let challenges = match self.endpoint.challenges().await {
            Ok(challenges) => challenges,
            Err(error) => {
                *self.down.borrow_mut() = Some(Answer::of_registry(error));
                Vec::new()
            }
        };
        let challenges = &challenges;
        stream::iter(repositories)
            .for_each_concurrent(REPOSITORIES, |(repository, requests)| async move {
                self.ask_repository(challenges, repository, requests).await;
            })
            .await;
    }

    async fn ask_repository(
        &self,
        challenges: &Challenges,
        repository: &str,
        requests: &BTreeMap<&str, Vec<&ImageRequest>>,
    ) {
        let mut sessions: HashMap<&Credential, Session<'_>> = HashMap::new();
        let mut refused: HashMap<&Credential, Answer> = HashMap::new();
        for same in requests.values() {
            for request in same {
                for credential in &request.credentials {
                    let key = (request.image.clone(), credential.clone());
                    let known = self.answers.borrow().get(&key).cloned();
                    let known = known.or_else(|| self.down.borrow().clone());
                    let answer = if let Some(answer) = known.or_else(|| refused.get(credential).cloned()) {
                        answer
                    } else {
                        let session = sessions
                            .entry(credential)
                            .or_insert_with(|| self.endpoint.session(repository, credential));
                        self.manifest(session, challenges, &request.image.wanted).await
                    };
                    let is_over = self.keep(key, &answer);
                    if answer.is_of_credential() {
                        refused.insert(credential, answer);
                    }
                    if is_over {
                        break;
                    }
                }
            }
            self.progress.step();
        }
    }

    /// Keeps an answer, and returns whether no other credential is to be tried.
    fn keep(&self, key: (Image, Credential), answer: &Answer) -> bool {
        self.answers.borrow_mut().insert(key, answer.clone());
        match answer {
            Answer::Pulled(_) => true,
            Answer::Unreachable(trouble) => {
                if trouble.is_of_registry {
                    self.down.borrow_mut().get_or_insert(answer.clone());
                }
                true
            }
            _ => false,
        }
    }

    async fn manifest(&self, session: &mut Session<'_>, challenges: &Challenges, wanted: &str) -> Answer {
        let answer = session.manifest(challenges, wanted).await;
        match (answer, self.details) {
            (Ok(manifest), Some(platform)) => {
                let digest = match &manifest.index {
                    None => Some(manifest.digest.clone()),
                    Some(listed) => {
                        let served = listed.iter().find(|listed| listed.platform.serves(platform));
                        served.map(|listed| listed.digest.clone())
                    }
                };
                let details = match digest {
                    // The image can be pulled, so a failure here only hides its size.
                    Some(digest) => session.details(challenges, &digest).await.ok(),
                    None => None,
                };
                Answer::of(Ok(Manifest { details, ..manifest }))
            }
            (answer, _) => Answer::of(answer),
        }
    }
}
