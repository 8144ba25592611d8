//! Why an object is not fixed.

/// An object that cannot be fixed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// `Deployment shop/web`
    pub object: String,
    /// Its line, from 1
    pub line: usize,
    /// JSON pointer of it in its document: empty, or `/items/3`
    pub prefix: String,
    /// What should have been added; empty where the policy adds nothing
    pub names: Vec<String>,
    /// The reason
    pub reason: Refusal,
}

impl Refused {
    /// What it lacks, why it does not get that here, and what to do.
    pub fn sentence(&self) -> String {
        let Self { object, names, reason, .. } = self;
        let need = match names.as_slice() {
            [] => "a pull secret".to_owned(),
            [name] => format!("pull secret {name}"),
            names => format!("pull secrets {}", names.join(", ")),
        };
        match reason {
            Refusal::Rejected(_) => format!("{object} cannot be fixed: {reason}"),
            Refusal::Shared | Refusal::Layout => {
                let entries: Vec<String> = names.iter().map(|name| format!("{{name: {name}}}")).collect();
                format!(
                    "{object} needs {need}, but {reason}; add {} to its imagePullSecrets by hand",
                    entries.join(", ")
                )
            }
            _ => format!("{object} needs {need}, but {reason}"),
        }
    }
}

/// Why an object cannot be fixed here, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is an item of a list of what is in the cluster
    #[error(
        "this is the cluster's copy of it (it has metadata.uid or metadata.resourceVersion); fix the manifest that was \
         applied, or remove both fields to make this one a manifest"
    )]
    Copied,
    /// It is in an `AdmissionReview` or similar
    #[error("it is part of an admission request; fix the manifest that was sent")]
    Recorded,
    /// An alias or a merge key refers to its list, or to what that is in
    #[error(
        "its pod spec or list is shared by an alias or a merge key: an edit would also change other places"
    )]
    Shared,
    /// A key on the way to its list appears twice
    #[error("a key above its list of pull secrets appears twice; remove one of them")]
    Repeated,
    /// The text is laid out in a way that cannot be edited safely
    #[error("its pod spec is written in a way that is not safe to edit")]
    Layout,
    /// The policy changes something else
    #[error(
        "the policy would change {0} too, and only lists of pull secrets are written; apply that by hand"
    )]
    OtherChange(String),
    /// The policy adds nothing
    #[error("{0}")]
    Rejected(String),
    /// The policy does not accept the object with the addition
    #[error("with it the policy would still report: {0}")]
    StillWanting(String),
}
