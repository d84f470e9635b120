//! Who may do what: a person and their grants from the claims of a token, decisions by Cedar policies, cursors that
//! nobody can forge, and the revisions that a change is based on.
//!
//! Everything here is pure: claims, keys, the group map and the time come in as arguments. Nothing is allowed that
//! no policy allows; the policies are `policies.cedar`, in words and as a table in `docs/access.md`.

mod authorise;
mod claims;
mod cursor;
mod gap;
mod group_map;
mod resource;
mod revision;
mod role;

pub use authorise::{Authoriser, Decision, PolicyError};
pub use claims::{AccessError, LOGIN_CLAIMS, Principal, PrincipalId};
pub use cursor::{CURSOR_BYTES_MAX, CursorError, CursorKey, CursorKeyError, Position, PositionError};
pub use gap::Gap;
pub use group_map::{DEVELOPMENT, GroupId, GroupMap, GroupMapError, Mistake};
pub use resource::{Action, Alert, Resource};
pub use revision::{IfMatchError, Revisions};
pub use role::{Grant, SchoolRole, TrustRole};
