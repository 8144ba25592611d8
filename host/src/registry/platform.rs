//! Platforms of images: operating system, architecture and variant.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// `linux/amd64`, `linux/arm/v7`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub struct Platform {
    /// As Go calls it: `linux`, `windows`
    pub os: String,
    /// As Go calls it: `amd64`, `arm64`
    pub architecture: String,
    /// Of the architecture; empty for any
    #[serde(default)]
    pub variant: String,
}

/// The longest part of a platform, in characters.
const LONGEST: usize = 16;

impl Platform {
    /// A platform, if the words can be those of one. `variant` may be empty.
    pub(crate) fn new(os: &str, architecture: &str, variant: &str) -> Option<Self> {
        let is_word = |part: &str| {
            part.len() <= LONGEST
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let are_words = !os.is_empty()
            && !architecture.is_empty()
            && [os, architecture, variant].iter().all(|part| is_word(part));
        are_words.then(|| Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.to_owned(),
        })
    }

    /// What docker buildx writes for attestations.
    pub(crate) fn is_unknown(&self) -> bool {
        self.os == "unknown"
    }

    /// Whether an image for `self` runs where `wanted` is asked for. A node of a newer variant runs older ones, so only the
    /// variant that is named has to be there. containerd/platforms: `compare.go`
    pub(crate) fn serves(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_empty() || self.variant.is_empty() || self.variant <= wanted.variant)
    }
}

impl Default for Platform {
    fn default() -> Self {
        Self { os: "linux".to_owned(), architecture: "amd64".to_owned(), variant: String::new() }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { os, architecture, variant } = self;
        write!(f, "{os}/{architecture}")?;
        if variant.is_empty() { Ok(()) } else { write!(f, "/{variant}") }
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let platform = match parts.as_slice() {
            [os, architecture] => Self::new(os, architecture, ""),
            [os, architecture, variant] if !variant.is_empty() => Self::new(os, architecture, variant),
            _ => None,
        };
        platform.ok_or_else(|| "must be OS/ARCHITECTURE, such as linux/arm64".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Platform;

    #[test]
    fn an_image_serves_its_own_platform() {
        for (image, wanted, serves) in [
            ("linux/amd64", "linux/amd64", true),
            ("linux/arm64/v8", "linux/arm64", true),
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/arm/v6", "linux/arm/v7", true),
            ("linux/arm/v7", "linux/arm/v6", false),
            ("linux/arm64", "linux/amd64", false),
            ("windows/amd64", "linux/amd64", false),
        ] {
            let [image, wanted_platform] = [image, wanted].map(|text| text.parse::<Platform>().unwrap());
            assert_eq!(image.serves(&wanted_platform), serves, "{image} for {wanted}");
            assert_eq!(wanted_platform.to_string(), wanted);
        }
        for wrong in ["", "linux", "linux/", "/amd64", "linux/amd64/v1/x", "linux /amd64", "Linux/amd64"] {
            assert!(wrong.parse::<Platform>().is_err(), "{wrong}");
        }
    }
}
