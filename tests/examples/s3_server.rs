//! The embedded S3 alone, for trying clients by hand:
//! `cargo run -p trustwatch-tests --example s3_server -- DIRECTORY PORT ACCESS_KEY SECRET_KEY`.

use std::{env, error::Error, path::PathBuf, sync::Arc};
use trustwatch_local::s3::{Credentials, S3Store, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut next = |name: &str| arguments.next().ok_or_else(|| format!("{name} is missing"));
    let directory = PathBuf::from(next("DIRECTORY")?);
    let port: u16 = next("PORT")?.parse()?;
    let credentials = Credentials { access_key: next("ACCESS_KEY")?, secret_key: next("SECRET_KEY")? };
    let store = tokio::task::spawn_blocking(move || S3Store::open(&directory)).await??;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    serve(listener, Arc::new(store), credentials).await?;
    Ok(())
}
