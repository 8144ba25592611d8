//! The playground: a page that checks manifests in the browser, with the policy built for it.

mod client_stream;
pub mod server;
pub mod site;
