//! The table: a DynamoDB server on a thread of its own, because it blocks.

use anyhow::Context as _;
use dynoxide::Database;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Opens the table's file, or makes it.
///
/// # Errors
/// When the file cannot be used.
pub(crate) fn open(data: &Path) -> anyhow::Result<Database> {
    let path = data.join("table.sqlite");
    let path = path.to_str().context("the path of the data directory is not UTF-8")?;
    Database::new(path).context("cannot open the table")
}

/// How often items whose time to live is over are deleted. AWS takes up to some days for it.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Deletes items whose time to live is over, again and again.
pub(crate) async fn sweep(database: Database) {
    loop {
        let table = database.clone();
        let swept = tokio::task::spawn_blocking(move || table.sweep_ttl()).await;
        // Nothing depends on it: the next time will do.
        if let Ok(Err(error)) = swept {
            tracing::warn!(%error, "items whose time is over cannot be deleted");
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

/// Serves the table until this is dropped.
///
/// # Errors
/// When the thread cannot be started, or has panicked.
pub(crate) async fn serve(database: Database, listener: TcpListener) -> io::Result<()> {
    let listener = listener.into_std()?;
    let (served, ended) = oneshot::channel();
    // Dropped with this future, which the thread takes for the word to stop.
    let (_running, stopped) = oneshot::channel::<()>();
    std::thread::Builder::new().name("table".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let result = runtime.and_then(|runtime| {
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener)?;
                tokio::select! {
                    () = dynoxide::server::serve_on(listener, database) => {}
                    _ = stopped => {}
                }
                Ok(())
            })
        });
        // Nobody may be left to hear it.
        let _ = served.send(result);
    })?;
    ended.await.map_err(|_| io::Error::other("its thread panicked"))?
}
