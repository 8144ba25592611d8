//! The client of container registries: how one is reached, how it is logged in to, and what its refusals mean. `publish` moves
//! policies with it.

mod connection;
pub(crate) mod credentials;
mod error;
pub(crate) mod failure;
pub(crate) mod login;
pub(crate) mod retry;

pub use connection::Connection;
pub(crate) use connection::{CONNECT, USER_AGENT};
pub use error::RegistryError;
pub(crate) use error::printable;
