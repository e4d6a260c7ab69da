//! Params: what they access, and why some cannot be resolved: [`ResolveError`]. The trait itself is
//! [`Param`](trait@crate::Param).

mod access;
mod borrow_check;
pub(crate) mod copy_state;
mod error;
mod last_run;
pub(crate) mod local;
pub(crate) mod registry;
mod resolve;
mod resource;
pub(crate) mod traits;
mod tuple;

pub use access::{Access, AccessKind};
pub(crate) use borrow_check::Running;
pub(crate) use copy_state::{CloneState, CopyState};
pub use error::{Conflict, Missing, Requests, ResolveError};
pub use resolve::Resolver;
pub(crate) use resolve::{Accesses, Resolution, resolve};
pub use traits::Dispatch;
pub(crate) use traits::Param;
