//! The client of container registries: how one is reached, how it is logged in to, and what its refusals mean. `publish` moves
//! policies with it.

mod connection;
pub(crate) mod credentials;
mod error;
pub(crate) mod failure;
pub(crate) mod image;
pub(crate) mod login;
mod platform;
pub(crate) mod retry;

pub(crate) use connection::{CONNECT, Clients, USER_AGENT};
pub use connection::{Connection, Insecure, Resolved};
pub use error::RegistryError;
pub(crate) use error::{acr_name, printable, see_what_is_there};
pub use platform::Platform;
