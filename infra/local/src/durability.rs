//! What an acknowledged write survives: one word for the object store and the queues.

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A power cut, because everything is synced before the answer.
    #[default]
    PowerLoss,
    /// The end of this process, however it comes. For tests: nothing is synced.
    ProcessExit,
}
