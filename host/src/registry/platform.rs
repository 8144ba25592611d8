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

impl Platform {
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
        let is_word = |part: &&str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let (os, architecture, variant) = match parts.as_slice() {
            [os, architecture] => (*os, *architecture, ""),
            [os, architecture, variant] => (*os, *architecture, *variant),
            _ => ("", "", ""),
        };
        if parts.iter().all(is_word) && !os.is_empty() {
            let [os, architecture, variant] = [os, architecture, variant].map(str::to_owned);
            Ok(Self { os, architecture, variant })
        } else {
            Err("must be OS/ARCHITECTURE, such as linux/arm64".to_owned())
        }
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
