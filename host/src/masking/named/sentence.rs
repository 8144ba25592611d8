//! Whether what follows the name of a credential is a sentence about it: `failed to get token: unexpected status`.

use super::{Key, MOST_OF_WORD};

/// Words that follow a name and a colon in a sentence, such as `failed to fetch oauth token: unexpected status`.
const WORDS: &str = "a absent access an and authentication authorization bad both cannot check client connection context could couldn't decode \
    denied deprecated dial empty eof error exec executable expected expired failed failure false forbidden get has head http illegal in \
    incorrect instead insufficient_scope invalid invalid_client invalid_grant invalid_request is lookup malformed missing must no none not \
    oauth2 of or parse please post pull received repository request required response rpc secret secrets server status the timeout to \
    true try unable unauthorized unexpected unknown unsupported via was wrong";

/// Words after which `token:` says why there is none: `failed to get token: pods "web" not found`.
const VERBS: &str =
    "acquire create exchange fetch generate get invalid refresh request requesting retrieve validate";

/// How far before the name such a word is.
const MOST_BETWEEN: usize = 4;

/// The fewest characters of a value that looks like a token.
const LEAST_OF_TOKEN: usize = 12;

impl Key<'_> {
    /// Whether the name is a word of a sentence about how to get such a value.
    fn is_behind_verb(&self) -> bool {
        let begin = self.lower.floor_char_boundary(self.begin.saturating_sub(MOST_OF_WORD));
        let before = self.lower.get(begin..self.begin).unwrap_or_default();
        before.ends_with(char::is_whitespace)
            && before
                .split_whitespace()
                .rev()
                .take(MOST_BETWEEN)
                .any(|word| VERBS.split_whitespace().any(|verb| verb == word))
    }

    /// Whether the word after a colon and a space goes on a sentence.
    pub(super) fn is_of_sentence(&self, value: &str) -> bool {
        let length = value.find(char::is_whitespace).unwrap_or(value.len());
        let begin = self.lower.len() - value.len();
        let Some(written) = self.text.get(begin..begin + length) else { return false };
        let word = written.trim_matches(|c: char| c.is_ascii_punctuation() && c != '_').to_ascii_lowercase();
        let after = self.text.get(begin + length..).unwrap_or_default();
        // `exec plugin auth: kubelogin: not found`
        let is_subject = ["auth", "token", "secret"].contains(&self.name)
            && written.ends_with(':')
            && written.trim_end_matches(':').bytes().all(|byte| byte.is_ascii_lowercase())
            && is_ordinary(after.trim_start());
        let is_status = word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
        // An error of Entra ID, and what reports it.
        let is_error =
            word.starts_with("aadsts") || (word.len() > "credential".len() && word.ends_with("credential"));
        if word.is_empty() || is_status || is_error || is_subject || is_ordinary(written) {
            return true;
        }
        match self.name {
            "token" => {
                let has_digit = written.bytes().any(|byte| byte.is_ascii_digit());
                self.is_behind_verb() && !has_digit && !is_like_token(written)
            }
            // `secret shop/acr-secret: absent`, and not `client_secret: …`
            "secret" => {
                let before = self.lower.get(..self.begin).unwrap_or_default();
                let is_key =
                    before.ends_with('_') || before.trim_end_matches(['-', '_', ' ']).ends_with("client");
                !is_key
                    && written
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "./:,-".contains(c))
            }
            "sig" | "signature" => !is_like_token(written),
            _ => false,
        }
    }
}

/// Whether a text begins with a word of sentences.
pub(super) fn is_ordinary(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    let word = word.trim_matches(|c: char| c.is_ascii_punctuation() && c != '_').to_ascii_lowercase();
    WORDS.split_whitespace().any(|it| it == word)
}

/// Whether a word looks like a token: long, of letters and digits.
fn is_like_token(word: &str) -> bool {
    word.len() >= LEAST_OF_TOKEN
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}
